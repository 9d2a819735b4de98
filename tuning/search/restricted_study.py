"""What samplers see of a study: a part of its trials, and of those that go on how far they have come."""

import copy
import heapq
from collections.abc import Collection, Container, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from tuning.rules import pareto
from tuning.rules.objective import Direction, cost
from tuning.search.pack_tpe import PackTPE

BEST_SEEN = 50
"""A sampler is shown so many of the best finished trials, and beside them the newest. Of the best a tree of Parzen
estimators sets 25 apart, and a genetic algorithm breeds from 50."""


MOST_RUNNING = 64
"""And so many of those under way, the newest, which it keeps its distance from: where trials are many, many wait at a
rung, and each costs an ask more than a finished one does."""


class Informed(BaseSampler):
    """A sampler that is shown a part of the study, and draws these parameters together, if that is not left to it.

    steady: always all of them, also where some are given: it goes by a state that has their number.
    needed: a trial without these is not shown: the default configuration, where it lies outside the search; others
    could not be modelled beside it. ranked: the sampler itself knows what to make of a pruned trial; else it is shown
    as a complete one.
    """

    def __init__(
        self,
        base: BaseSampler,
        together: Mapping[str, BaseDistribution] | None,
        needed: Collection[str],
        most: int,
        directions: Sequence[Direction],
        ranked: bool = False,
        steady: bool = False,
    ) -> None:
        self._base, self._together, self._steady = base, together, steady
        self._shown, self._ranked = _Shown(needed, most, directions), ranked
        self._directions = directions
        self._study: _Seen | None = None
        self._of_a_pack = False
        self._grouped: set[int] = set()
        self._groups: dict[str, BaseDistribution] | None = None

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What is drawn together."""
        if self._together is None:
            if self._groups is None or not self._of_a_pack:
                # Its groups of parameters only ever become finer: a trial that it has looked at once says no more.
                new = [each for each in self._seen(study).trials_shown if each.number not in self._grouped]
                self._grouped.update(each.number for each in new if each.state.is_finished())
                self._groups = self._base.infer_relative_search_space(_Seen(study, new), trial)
            return self._groups
        return {name: each for name, each in self._together.items() if not each.single()}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw it; parameters that are given are drawn in vain where the sampler is the steadier for it."""
        if not search_space:
            return {}
        drawn_from = dict(self._together) if self._steady and self._together else search_space
        drawn = self._base.sample_relative(self._seen(study), trial, drawn_from)
        return {name: value for name, value in drawn.items() if name in search_space}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw what is drawn alone."""
        return self._base.sample_independent(self._seen(study), trial, param_name, param_distribution)

    def next_pack(self, size: int) -> None:
        """What is asked for next are the trials of a pack, at the most so many."""
        self._study = self._groups = None
        self._of_a_pack = isinstance(self._base, PackTPE)
        if isinstance(self._base, PackTPE):
            self._base.model_for(size)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """A trial begins: look at the study anew, unless the sampler proposes whole packs."""
        if not self._of_a_pack:
            self._study = None
        self._base.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """A trial has ended."""
        self._base.after_trial(study, trial, state, values)

    def reseed_rng(self) -> None:
        """Draw otherwise from now on."""
        self._base.reseed_rng()

    def _seen(self, study: optuna.Study) -> "_Seen":
        if self._study is None:
            trials = self._shown.of(study.get_trials(deepcopy=False))
            self._study = _Seen(study, trials if self._ranked else _understood(trials, self._directions))
        return self._study


class _Seen(optuna.Study):
    """A study with some of its trials, for a sampler to look at; Optuna narrows studies for samplers in this very way.

    Made anew for each trial that is asked for, so it asks the storage for nothing.
    """

    def __init__(self, study: optuna.Study, trials: list[FrozenTrial]) -> None:
        self.__dict__.update(study.__dict__)
        self.trials_shown = trials

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        found = [trial for trial in self.trials_shown if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found


class _Shown:
    """The finished trials to show, out of ever more of them: at the most so many of the best, and of the newest."""

    def __init__(self, needed: Collection[str], most: int, directions: Sequence[Direction]) -> None:
        self._needed, self._most_newest, self._directions = frozenset(needed), most - BEST_SEEN, directions
        self._known: set[int] = set()
        self._first = 0
        """Of trials before this one nothing is left to be known."""
        self._best: list[FrozenTrial] = []
        self._newest: list[FrozenTrial] = []

    def of(self, trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
        """Of all trials those to show, and what runs; those that have ended and been looked at are not looked at again.

        One that has come to a rung and goes on is shown as if it had been pruned there: as one under way it would
        count among the poor, and it is the better ones that go on. Best as a tree of Parzen estimators ranks them:
        complete, then pruned late, then pruned early, then diverged. By two objectives: on the front, then on that of
        the others, and so on.
        """
        others = [trial for trial in trials[self._first :] if trial.number not in self._known]
        fresh = [trial for trial in others if trial.state.is_finished()]
        self._known.update(trial.number for trial in fresh)
        while self._first in self._known:
            self._first += 1
        self._best, self._newest = self._of_most_use([trial for trial in fresh if trial.state != TrialState.FAIL])
        going = [trial for trial in others if trial.state == TrialState.RUNNING]
        halfway = [_pruned(trial) for trial in going if trial.intermediate_values]
        shown = {trial.number: trial for trial in chain.from_iterable(self._of_most_use(halfway))}
        running = [trial for trial in going if not trial.intermediate_values][-MOST_RUNNING:]
        return [*(shown[number] for number in sorted(shown)), *running]

    def _of_most_use(self, more: Sequence[FrozenTrial]) -> tuple[list[FrozenTrial], list[FrozenTrial]]:
        """The best and the newest, of those kept and of more."""
        useful = [trial for trial in more if self._needed <= trial.params.keys()]
        best = _best(self._best + useful, self._directions)
        return best, heapq.nlargest(self._most_newest, self._newest + useful, key=lambda trial: trial.number)


def _best(trials: Sequence[FrozenTrial], directions: Sequence[Direction]) -> list[FrozenTrial]:
    if len(directions) == 1:
        return heapq.nsmallest(BEST_SEEN, trials, key=lambda trial: _rank(trial, directions[0]))
    known = {trial.number: trial for trial in trials if trial.values}
    layers = pareto.layers({number: trial.values for number, trial in known.items()}, directions)
    return [known[number] for number in islice(chain.from_iterable(layers), BEST_SEEN)]


def _understood(trials: Sequence[FrozenTrial], directions: Sequence[Direction]) -> list[FrozenTrial]:
    """The trials with pruned ones as complete: of their last value or, where they have none, as worse than all others.

    So samplers that know of no pruned trials learn from them too, and to keep away from where trials diverge: beyond
    the worst value of each objective by the distance from there to the best.
    """
    known = [values for trial in trials if (values := _last(trial))]
    beyond = [
        _beyond(values, direction) for values, direction in zip(zip(*known, strict=True), directions, strict=False)
    ]
    return [
        trial if trial.state != TrialState.PRUNED else _complete(trial, beyond)
        for trial in trials
        if beyond or trial.state != TrialState.PRUNED
    ]


def _beyond(values: Sequence[float], direction: Direction) -> float:
    low, high = min(values), max(values)
    return 2 * low - high if direction == "maximize" else 2 * high - low


def _rank(trial: FrozenTrial, direction: Direction) -> tuple[float, float]:
    if trial.value is not None:
        return -float("inf"), cost(trial.value, direction)
    steps = trial.last_step
    return (1, 0.0) if steps is None else (-steps, cost(trial.intermediate_values[steps], direction))


def _last(trial: FrozenTrial) -> list[float]:
    """The trial's values; of one that was pruned the one that it had come to, if there is any."""
    if trial.values:
        return list(trial.values)
    return [] if trial.last_step is None else [trial.intermediate_values[trial.last_step]]


def _pruned(trial: FrozenTrial) -> FrozenTrial:
    shown = copy.copy(trial)
    shown.state = TrialState.PRUNED
    return shown


def _complete(trial: FrozenTrial, otherwise: list[float]) -> FrozenTrial:
    shown = copy.copy(trial)
    shown.state, shown.values = TrialState.COMPLETE, _last(trial) or otherwise
    return shown
