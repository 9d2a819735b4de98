"""Which trials of a study a sampler is shown, and as what: the time of a proposal grows with their number."""

import copy
import heapq
from collections.abc import Collection, Sequence
from itertools import chain, islice

from optuna.trial import FrozenTrial, TrialState

from tuning.rules import pareto
from tuning.rules.objective import Direction, cost

BEST_SEEN = 50
"""This many of the best finished trials are shown, and beside them the newest. A tree of Parzen estimators sets 25 of
the best apart, and a genetic algorithm breeds from 50."""

MOST_RUNNING = 64
"""And this many of those under way, the newest, so that a sampler keeps its distance from them. In a large search many
wait at a rung, and each makes a proposal slower than a finished trial does."""


class ShownTrials:
    """Of ever more trials those to show: the best finished ones, the newest finished ones, and those under way.

    needed: parameters without which a trial is not shown.
    most: finished trials to show, at least BEST_SEEN.
    directions: of the one or two objectives.
    """

    def __init__(self, needed: Collection[str], most: int, directions: Sequence[Direction]) -> None:
        self._needed, self._most_newest, self._directions = frozenset(needed), most - BEST_SEEN, directions
        self._known: set[int] = set()
        """The finished trials that have been looked at."""
        self._first = 0
        """All trials before this one are known."""
        self._best: list[FrozenTrial] = []
        self._newest: list[FrozenTrial] = []

    def of(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Those to show of all trials of the study; a finished trial is looked at once, however often this is asked.

        A trial that waits at a rung is shown as if it had been pruned there. As a running one it would count among the
        poor, and it is the better ones that go on.

        The best are the best as a tree of Parzen estimators ranks them: complete, then pruned late, then pruned early,
        then diverged. With two objectives they are those on the Pareto front, then on the front of the rest, and so on.
        """
        others = [trial for trial in trials[self._first :] if trial.number not in self._known]
        fresh = [trial for trial in others if trial.state.is_finished()]
        self._known.update(trial.number for trial in fresh)
        while self._first in self._known:
            self._first += 1
        self._best, self._newest = self._most_useful([trial for trial in fresh if trial.state != TrialState.FAIL])
        going = [trial for trial in others if trial.state == TrialState.RUNNING]
        halfway = [_as_pruned(trial) for trial in going if trial.intermediate_values]
        shown = {trial.number: trial for trial in chain.from_iterable(self._most_useful(halfway))}
        running = [trial for trial in going if not trial.intermediate_values][-MOST_RUNNING:]
        return [*(shown[number] for number in sorted(shown)), *running]

    def _most_useful(self, more: Sequence[FrozenTrial]) -> tuple[list[FrozenTrial], list[FrozenTrial]]:
        """The best and the newest, of those kept and of more."""
        useful = [trial for trial in more if self._needed <= trial.params.keys()]
        best = _best(self._best + useful, self._directions)
        return best, heapq.nlargest(self._most_newest, self._newest + useful, key=lambda trial: trial.number)


def as_complete(trials: Sequence[FrozenTrial], directions: Sequence[Direction]) -> list[FrozenTrial]:
    """The trials with pruned ones as complete, for samplers that know of no pruned trials.

    A pruned trial has its last value. One without any value, which has diverged, has one worse than all others, so that
    the sampler learns to keep away from there: beyond the worst value of each objective by the distance from there to
    the best.
    """
    known = [values for trial in trials if (values := _last_values(trial))]
    beyond = [
        _beyond(values, direction) for values, direction in zip(zip(*known, strict=True), directions, strict=False)
    ]
    return [
        trial if trial.state != TrialState.PRUNED else _as_complete(trial, beyond)
        for trial in trials
        if beyond or trial.state != TrialState.PRUNED
    ]


def _best(trials: Sequence[FrozenTrial], directions: Sequence[Direction]) -> list[FrozenTrial]:
    if len(directions) == 1:
        return heapq.nsmallest(BEST_SEEN, trials, key=lambda trial: _rank(trial, directions[0]))
    known = {trial.number: trial for trial in trials if trial.values}
    layers = pareto.layers({number: trial.values for number, trial in known.items()}, directions)
    return [known[number] for number in islice(chain.from_iterable(layers), BEST_SEEN)]


def _rank(trial: FrozenTrial, direction: Direction) -> tuple[float, float]:
    if trial.value is not None:
        return -float("inf"), cost(trial.value, direction)
    steps = trial.last_step
    return (1, 0.0) if steps is None else (-steps, cost(trial.intermediate_values[steps], direction))


def _beyond(values: Sequence[float], direction: Direction) -> float:
    low, high = min(values), max(values)
    return 2 * low - high if direction == "maximize" else 2 * high - low


def _last_values(trial: FrozenTrial) -> list[float]:
    """The trial's values; of a pruned one the last that it had, if it had any."""
    if trial.values:
        return list(trial.values)
    return [] if trial.last_step is None else [trial.intermediate_values[trial.last_step]]


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    shown = copy.copy(trial)
    shown.state = TrialState.PRUNED
    return shown


def _as_complete(trial: FrozenTrial, otherwise: list[float]) -> FrozenTrial:
    shown = copy.copy(trial)
    shown.state, shown.values = TrialState.COMPLETE, _last_values(trial) or otherwise
    return shown
