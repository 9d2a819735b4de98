"""What a report is made of: the summary of a study, and the curves of the trials that are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from trainables.base.own_classes import Unimportable
from tuning.diagnosis.curves import Curve
from tuning.report import beliefs
from tuning.report.axes import Axis, axes
from tuning.report.beliefs import Beliefs
from tuning.report.number_format import number, setting
from tuning.study import trainings
from tuning.study.study import Study
from tuning.study.summary import StudySummary, TrialSummary, in_order

MOST_SHOWN, BEST_SHOWN = 600, 100
"""Trials that are drawn one by one, so that a page stays small: of more these best, and of all others an even share."""

LEADERS, OTHERS = 5, 25
"""Trials whose curves are drawn: of the best, and of all others, evenly over their numbers."""


class Compared(NamedTuple):
    """Trials at one budget, by which settings can be held against each other; at: None of none."""

    at: int | None
    found: Sequence[tuple[TrialSummary, float]]
    axes: Sequence[Axis]
    model: Beliefs | None


@dataclass(frozen=True)
class Material:
    """A study to be drawn.

    summary: as it is now.
    curves: of some trials, by number: for each seed its curves by metric.
    """

    summary: StudySummary
    curves: Mapping[int, Sequence[Mapping[str, Curve]]]

    @cached_property
    def trials(self) -> list[TrialSummary]:
        """Those that have ended, in the order in which they did."""
        return in_order(self.summary.trials)

    @cached_property
    def leader(self) -> TrialSummary | None:
        """The trial to use, or the first of a front."""
        return self.summary.chosen or next(iter(self.summary.front), None)

    @cached_property
    def ranks(self) -> dict[int, int]:
        """Of each trial that came anywhere its place, from 1 on."""
        return self.summary.ranks()

    def shown(self, trials: Sequence[TrialSummary]) -> list[TrialSummary]:
        """Those of some trials that are drawn one by one, in their order."""
        if len(trials) <= MOST_SHOWN:
            return list(trials)
        last = len(trials) + 1
        best = {each.number for each in sorted(trials, key=lambda each: self.ranks.get(each.number, last))[:BEST_SHOWN]}
        every = -(-(len(trials) - BEST_SHOWN) // (MOST_SHOWN - BEST_SHOWN))
        others = {each.number for each in [one for one in trials if one.number not in best][::every]}
        return [each for each in trials if each.number in best or each.number in others]

    @cached_property
    def compared(self) -> Compared:
        """The trials at the budget that most have come to, what they differ in, and what a model believes of them.

        What they differ in stands in the order in which it mattered.
        """
        at, found = beliefs.compared(self.summary)
        weights = self.summary.importances
        known = axes(self.summary.sweep, [trial.params for trial, _ in found]) if len(found) > 1 else []
        differing = sorted(known, key=lambda axis: -weights.get(axis.name, 0.0))
        return Compared(at, found, differing, beliefs.fitted(differing, found))

    @property
    def metric(self) -> str:
        """The name of the metric without its room: return_mean."""
        return self.summary.sweep.metric.rpartition("/")[2].replace("_", " ")

    @property
    def unit(self) -> str:
        """What the budget counts; of a loop that is not to be found here, steps."""
        try:
            return self.summary.sweep.loop_type.unit
        except Unimportable:
            return "steps"


def reached(trial: TrialSummary) -> float | None:
    """Its value, or what it was at its last rung."""
    return trial.value if trial.value is not None else trial.last[1] if trial.last is not None else None


def name_of(trial: TrialSummary) -> str:
    """A trial in hover texts: its number, value and settings."""
    settings = "<br>".join(f"{name} {setting(value)}" for name, value in trial.params.items())
    return f"trial {trial.number}, {trial.state}: {number(reached(trial))}<br>{settings}"


def material(study: Study) -> Material:
    """All that a report of a study is made of. Raises UnusableCheckpoint for checkpoints of another version."""
    summary = study.summary()
    return Material(summary, {number: _curves(study, number) for number in _drawn(summary)})


def _curves(study: Study, number: int) -> list[Mapping[str, Curve]]:
    return [training.curves for training in trainings.of_trial(study, number)]


def _drawn(summary: StudySummary) -> list[int]:
    """The trials whose curves are drawn: the leader, the best, the default, and some of the others."""
    first = [trial.number for trial in (summary.chosen, summary.default) if trial is not None]
    first += [trial.number for trial in summary.ranked()[:LEADERS]]
    others = [trial.number for trial in summary.trials if trial.steps > 0 and trial.number not in first]
    every = max(1, -(-len(others) // OTHERS))
    return list(dict.fromkeys([*first, *others[::every]]))
