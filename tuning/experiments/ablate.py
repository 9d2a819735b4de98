"""Walks from one configuration to another by real trainings, and says which change makes the difference."""

import json
from collections.abc import Sequence
from typing import Any

from tuning.errors import ArgumentError, StudyError, SweepError
from tuning.experiments.laboratory import Laboratory, episodes
from tuning.experiments.subjects import Subject
from tuning.report.ablation import Ablated
from tuning.rules import ablation
from tuning.rules.ablation import Changes
from tuning.rules.comparison import Sample
from tuning.study.experiment import Configuration, Experiment
from tuning.sweep import configurations
from tuning.sweep.configurations import Change


def experiment(a: Subject, b: Subject, budget: int | None = None) -> Experiment:
    """What the study of an ablation is for.

    budget: that both are trained with; None: each with its own, which may be a difference like any other.
    Raises StudyError where the two can't be compared, ArgumentError where they do not differ.
    """
    one, other = a.config, b.config
    apart = configurations.incomparable(a.sweep, b.sweep, one, other)
    if apart:
        raise StudyError("\n".join(f"{a.shown} and {b.shown} can't be compared: {each}" for each in apart))
    if budget is not None:
        one, other = {**one, "budget": budget}, {**other, "budget": budget}
    if not configurations.changes(one, other):
        raise ArgumentError(f"{a.shown} and {b.shown} do not differ in anything that is learnt with")
    return Experiment("ablate", {"a": a.shown, "b": b.shown, "config_a": one, "config_b": other}, episodes(a.sweep))


def answer(laboratory: Laboratory) -> Ablated:
    """Find what makes the difference. Raises Interrupted."""
    return _Path(laboratory).answer()


class _Path:
    def __init__(self, laboratory: Laboratory) -> None:
        told = laboratory.study.attributes.experiment
        assert told is not None
        self._laboratory, self._sweep, self._asked = laboratory, laboratory.study.sweep, told.asked
        self._a, self._b = told.asked["config_a"], told.asked["config_b"]
        self._changes = configurations.changes(self._a, self._b)

    def answer(self) -> Ablated:
        """Everything."""
        names = [each.name for each in self._changes]
        found = ablation.ablate(names, self._train, self._sweep.direction, self._sweep.seed)
        return Ablated(
            self._asked["a"],
            self._asked["b"],
            self._laboratory.study.name,
            self._sweep.metric,
            {each.name: (self._written(each, self._a), self._written(each, self._b)) for each in self._changes},
            found,
        )

    def _train(self, wanted: Sequence[Changes]) -> Sequence[Sample]:
        made = [self._configuration(each) for each in wanted]
        known = [each for each in made if each is not None]
        several = f"{len(self._changes)} changes, at most {ablation.most_trained(len(self._changes))} configurations"
        # Those of one structure after each other, as they can share a pack.
        ordered = sorted(known, key=lambda each: self._sweep.structure_of(each.values))
        self._laboratory.train(ordered, several)
        samples = iter(self._laboratory.train(known))
        nothing = [None] * self._sweep.seeds
        return [nothing if each is None else next(samples) for each in made]

    def _configuration(self, wanted: Changes) -> Configuration | None:
        """What is trained; None where the loop takes no such mixture of the two."""
        config: dict[str, Any] = dict(self._a)
        for change in self._changes:
            config = change.made(config) if change.name in wanted else config
        values = configurations.values_over(self._sweep, config)
        try:
            configurations.plain(self._sweep, values)
        except SweepError:
            return None
        params = {each.name: self._written(each, config) for each in self._changes if each.name in wanted}
        return Configuration(values, params, self._laboratory.seeds())

    def _written(self, change: Change, config: dict[str, Any]) -> str:
        """What a config has where a change is made, as a file has it."""
        path = next(iter(change.values))
        if len(path) > 1:
            value = config[path[0]][path[1]]
        else:
            value = configurations.as_written(self._sweep.loop_type.Config, path[0], config.get(path[0]))
        return value if isinstance(value, str) else json.dumps(value)
