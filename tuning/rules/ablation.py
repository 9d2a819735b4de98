"""Which of the differences between two configurations make the difference in score. Pure: it asks for trainings.

A path of changes is walked from A to B, each time the change that brings most (Fawcett and Hoos, 2016, "Analysing
differences between algorithm configurations through ablation"), every step trained and tested against the one before.
Beside it each change is made alone in A, and each undone alone in B.

What a change may stand for is not known here: they are names, and a configuration is the set of changes made in A.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from tuning.rules.comparison import Comparison, Difference, Estimate, Sample
from tuning.rules.objective import Direction

Changes: TypeAlias = frozenset[str]
"""A configuration: what of A is changed to what B has."""

Train: TypeAlias = Callable[[Sequence[Changes]], Sequence[Sample]]
"""Configurations, none of them asked for before -> the scores of each."""


@dataclass(frozen=True)
class Step:
    """Changes that the path makes together.

    difference: from the configuration before to the one with them.
    after: the score with them.
    """

    changes: tuple[str, ...]
    difference: Difference
    after: Estimate


@dataclass(frozen=True)
class Ablation:
    """What has been found.

    between: the score of B less that of A.
    alone: each change made in A, against A.
    undone: B against itself with one change undone: what that change brings where all others are made.
    path: from A to B. Once it can't be told from B, all changes that are left are its last step.
    minimal: the smallest set of changes that was trained and can't be told from B.
    cause: the changes that make the difference, the largest part of it first; None where none was found.
    together: changes of which none helps without the others.
    more_seeds: where A can't be told from B, how many more seeds might tell; None where no sensible number would.
    trained: how many configurations.
    """

    a: Estimate
    b: Estimate
    between: Difference
    alone: dict[str, Difference]
    undone: dict[str, Difference]
    path: tuple[Step, ...]
    minimal: tuple[str, ...]
    cause: tuple[str, ...] | None
    together: tuple[tuple[str, ...], ...]
    more_seeds: int | None
    trained: int


def most_trained(changes: int) -> int:
    """How many configurations are trained at the most: A, B, and as many as all steps of the path choose from."""
    return changes * (changes + 1) // 2 + 2


def ablate(names: Sequence[str], train: Train, direction: Direction, seed: int = 0) -> Ablation:
    """Find which changes make the difference.

    names: of the changes that lead from A to B, at least one.
    train: trains configurations.
    direction: of the score.
    seed: of the resampling.
    """
    return _Walk(names, train, direction, seed).found()


class _Walk:
    def __init__(self, names: Sequence[str], train: Train, direction: Direction, seed: int) -> None:
        self._names, self._train, self._direction, self._seed = list(names), train, direction, seed
        self._a, self._b = Changes(), Changes(names)
        self._samples: dict[Changes, Sample] = {}
        self._compared = Comparison(self._samples, direction, seed)
        self._forwards = 1
        """Whether B is better than A, or worse: then what makes it worse is looked for."""
        self._promise: dict[str, float] = {}
        """How much each change brings alone in A and when all others are made."""
        self._together: list[tuple[str, ...]] = []

    def found(self) -> Ablation:
        self._trained([self._a, self._b])
        between = self._difference(self._b, self._a)
        if not between.towards:
            return self._answer(between, {}, {}, [], (), None)
        self._forwards = between.towards
        self._trained([*(Changes([name]) for name in self._names), *(self._b - {name} for name in self._names)])
        alone = {name: self._difference(Changes([name]), self._a) for name in self._names}
        undone = {name: self._difference(self._b, self._b - {name}) for name in self._names}
        self._promise = {name: self._forwards_by(alone[name]) + self._forwards_by(undone[name]) for name in self._names}
        path, arrived = self._path(undone)
        self._leave_out(arrived)
        sure = [step for step in path if self._moves(step.difference) and self._comes_before(step, path)]
        cause = tuple(name for step in sure for name in step.changes)
        return self._answer(between, alone, undone, path, self._minimal(), cause or None)

    def _path(self, undone: dict[str, Difference]) -> tuple[list[Step], Changes]:
        """The steps, and the configuration at which they could no more be told from B."""
        here, steps, left = self._a, list[Step](), list(self._names)
        while left and not self._is_there(here):
            chosen = self._next(here, left, undone)
            steps.append(self._step(here, chosen))
            here |= Changes(chosen)
            left = [name for name in left if name not in chosen]
        if left:
            steps.append(self._step(here, left))
        return steps, here

    def _next(self, here: Changes, left: Sequence[str], undone: dict[str, Difference]) -> Sequence[str]:
        """The change that brings most; several where none of them brings anything without the others."""
        tried = sorted(left, key=lambda name: -self._promise[name])
        if here and len(left) > 2:
            # What promises least would hardly be chosen; that pays for what was undone in B.
            tried = tried[:-1]
        self._trained([here | {name} for name in tried])
        chosen = self._best([here | {name} for name in tried])
        if len(left) == 1 or self._moves(self._difference(chosen, here, len(tried))):
            return tuple(chosen - here)
        needed = [name for name in tried if self._moves(undone[name])]
        groups = [Changes(pair) for pair in combinations(needed, 2)]
        groups = sorted(groups, key=lambda pair: -sum(self._promise[name] for name in pair))[: self._room()]
        if len(needed) > 2 and self._room() > len(groups):
            groups.append(Changes(needed))
        self._trained([here | group for group in groups])
        helping = [here | group for group in groups if self._moves(self._difference(here | group, here, len(groups)))]
        if not helping:
            return tuple(chosen - here)
        # The smallest group that helps, and of these the best.
        fewest = min(map(len, helping))
        group = self._best([each for each in helping if len(each) == fewest]) - here
        self._together.append(self._in_order(group))
        return self._in_order(group)

    def _step(self, here: Changes, chosen: Iterable[str]) -> Step:
        there = here | Changes(chosen)
        return Step(self._in_order(there - here), self._difference(there, here), self._compared.estimate(there))

    def _comes_before(self, step: Step, path: Sequence[Step]) -> bool:
        """Whether a step is one that was chosen, and not what was left at the end."""
        before = Changes(name for each in path[: path.index(step)] for name in each.changes)
        return not self._is_there(before)

    def _leave_out(self, arrived: Changes) -> None:
        """Train where the path has come to without each of its changes: some may have lost their part to later ones."""
        without = [arrived - {name} for name in self._names if name in arrived] if len(arrived) > 1 else []
        self._trained([each for each in without if each not in self._samples][: self._room()])

    def _minimal(self) -> tuple[str, ...]:
        there = [each for each in self._samples if self._is_there(each)]
        fewest = min(map(len, there))
        return self._in_order(self._best([each for each in there if len(each) == fewest]))

    def _room(self) -> int:
        return max(0, most_trained(len(self._names)) - len(self._samples))

    def _trained(self, wanted: Sequence[Changes]) -> None:
        new = list(dict.fromkeys(each for each in wanted if each not in self._samples))
        if new:
            self._samples.update(zip(new, self._train(new), strict=True))
            self._compared = Comparison(self._samples, self._direction, self._seed)

    def _difference(self, one: Changes, other: Changes, among: int = 1) -> Difference:
        return self._compared.difference(one, other, among)

    def _moves(self, difference: Difference) -> bool:
        """Whether a step leads towards B for certain."""
        return difference.towards == self._forwards

    def _forwards_by(self, difference: Difference) -> float:
        better = 1 if self._direction == "maximize" else -1
        return difference.difference * better * self._forwards

    def _is_there(self, configuration: Changes) -> bool:
        """Whether a configuration is as far as B, or can't be told from it."""
        return not self._moves(self._difference(self._b, configuration))

    def _best(self, configurations: Sequence[Changes]) -> Changes:
        return min(configurations, key=lambda each: self._forwards * self._compared.cost(each))

    def _in_order(self, changes: Changes) -> tuple[str, ...]:
        return tuple(name for name in self._names if name in changes)

    def _answer(
        self,
        between: Difference,
        alone: dict[str, Difference],
        undone: dict[str, Difference],
        path: Sequence[Step],
        minimal: tuple[str, ...],
        cause: tuple[str, ...] | None,
    ) -> Ablation:
        return Ablation(
            a=self._compared.estimate(self._a),
            b=self._compared.estimate(self._b),
            # By now more may be known of what a training that diverged counts as.
            between=self._difference(self._b, self._a),
            alone=alone,
            undone=undone,
            path=tuple(path),
            minimal=minimal,
            cause=cause,
            together=tuple(self._together),
            more_seeds=None if between.towards else self._compared.more_seeds(self._a, self._b),
            trained=len(self._samples),
        )
