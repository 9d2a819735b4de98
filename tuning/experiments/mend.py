"""Tests what a diagnosis claims: each patch that it prescribes is trained, and what helps is put together."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tuning.diagnosis import diagnosis
from tuning.diagnosis.training import Training
from tuning.diagnosis.verdict import GOAL_MISSED, Diagnosis
from tuning.errors import StudyError, SweepError, UnusableCheckpoint
from tuning.experiments.laboratory import Laboratory, episodes
from tuning.experiments.subjects import Subject
from tuning.report.mending import Confirmed, Mended
from tuning.rules import mending
from tuning.rules.comparison import Comparison, Sample
from tuning.rules.mending import Course, Prescription, merged
from tuning.study import trainings
from tuning.study.experiment import Configuration, Experiment
from tuning.sweep import configurations, kept_sweep

ROUNDS = 3

MOST_BUDGET = 10
"""Times the budget of the original that a patch may ask for."""


def experiment(subject: Subject, rounds: int = ROUNDS) -> Experiment:
    """What the study of a mending is for. Raises StudyError where there is nothing to mend."""
    if subject.study is not None and subject.trial is not None:
        try:
            members = trainings.of_trial(subject.study, subject.trial)
        except UnusableCheckpoint:
            members = []
        # Without curves nothing is known of it, and it is trained first.
        if any(member.curves for member in members):
            _refuse_healthy(subject.shown, diagnosis.of_trial(members))
    # What is mended is written as a file of the sweep that it comes from.
    sweep = subject.sweep.model_dump(mode="json")
    asked = {"subject": subject.shown, "values": subject.values, "rounds": rounds, "sweep": sweep}
    return Experiment("mend", asked, episodes(subject.sweep))


def answer(laboratory: Laboratory) -> Mended:
    """Mend it. Raises StudyError where it is healthy, Interrupted."""
    return _Clinic(laboratory).answer()


def _refuse_healthy(shown: str, found: Diagnosis) -> None:
    if found.healthy:
        further = " Its goal is not reached: `tuning train` gives it more budget." if _misses_its_goal(found) else ""
        raise StudyError(f"nothing to mend: {shown} is healthy. {found.bound}{further}")


def _misses_its_goal(found: Diagnosis) -> bool:
    return any(verdict.name == GOAL_MISSED for verdict in found.verdicts)


class _Clinic:
    def __init__(self, laboratory: Laboratory) -> None:
        told = laboratory.study.attributes.experiment
        assert told is not None
        self._laboratory, self._study, self._sweep = laboratory, laboratory.study, laboratory.study.sweep
        self._shown, self._rounds = str(told.asked["subject"]), int(told.asked["rounds"])
        self._original = configurations.plain(self._sweep, told.asked["values"])
        self._searched = kept_sweep.to_go_on(told.asked["sweep"])
        self._left_out: dict[str, None] = {}

    def answer(self) -> Mended:
        """Everything."""
        sweep = self._sweep
        found = mending.mend(self._train, self._prescribe, self._rounds, sweep.direction, sweep.seed)
        if not found.tried:
            _refuse_healthy(self._shown, self._diagnosis(()))
        return Mended(
            self._shown,
            self._study.name,
            sweep.metric,
            found,
            self._confirmed(found.mended) if found.mended else None,
            list(self._left_out),
        )

    def _train(self, courses: Sequence[Course], why: str) -> Sequence[Sample]:
        return self._laboratory.train([self._configuration(each) for each in courses], why)

    def _configuration(self, course: Course, fresh: int = 0) -> Configuration:
        config, patch = self._config(course), merged(course)
        values = configurations.values_over(self._sweep, config)
        return Configuration(values, _params(patch), self._laboratory.seeds(fresh))

    def _config(self, course: Course) -> dict[str, Any]:
        """The plain config with a course. Raises SweepError where the loop does not take it."""
        patched = {**self._original, **merged(course)}
        return configurations.plain(self._sweep, configurations.values_over(self._sweep, patched))

    def _prescribe(self, course: Course) -> Sequence[Prescription]:
        members = self._members(course)
        found = diagnosis.of_trial(members)
        verdicts = [each for each in found.verdicts if each.patch and not found.healthy]
        # Whatever was mended so far may still need more budget for a goal that is known.
        short = diagnosis.short_of_goal(members) if course else None
        named = [(verdict.name, verdict.patch) for verdict in (*verdicts, *([short] if short else []))]
        return [each for each in mending.gathered(named) if self._takes(course, each)]

    def _diagnosis(self, course: Course) -> Diagnosis:
        return diagnosis.of_trial(self._members(course))

    def _members(self, course: Course) -> list[Training]:
        number = self._laboratory.number(self._configuration(course))
        return trainings.of_trial(self._study, number)

    def _takes(self, course: Course, prescribed: Prescription) -> bool:
        """Whether a patch can be tried, and changes anything."""
        if prescribed.patch.get("budget", 0) > MOST_BUDGET * self._original["budget"]:
            return False  # more budget always promises more
        unknown = [name for name in prescribed.patch if name not in self._original]
        try:
            changed = self._config((*course, prescribed)) != self._config(course)
        except SweepError as error:
            unknown, changed = [str(error)], False
        if unknown:
            self._left_out[f"Not tried: the patch of {prescribed.verdicts[0]}; {', '.join(unknown)}."] = None
        return changed and not unknown

    def _confirmed(self, course: Course) -> Confirmed:
        """The course and the original, on seeds that have chosen neither."""
        wanted = [self._configuration(each, fresh=1) for each in (course, ())]
        samples = self._laboratory.train(wanted, "the mended configuration and the original on fresh seeds")
        compared = Comparison(
            dict(zip(("mended", "original"), samples, strict=True)), self._sweep.direction, self._sweep.seed
        )
        config = self._config(course)
        begins = configurations.as_sweep(self._searched, config, _name_of(self._sweep.name))
        return Confirmed(
            configurations.written(self._sweep, config),
            compared.estimate("mended"),
            compared.estimate("original"),
            compared.difference("mended", "original"),
            configurations.text(begins),
        )


def _name_of(name: str) -> str:
    return f"{name.removesuffix('-mend')}-mended"[-64:].lstrip("-._")


def _params(patch: Mapping[str, Any]) -> dict[str, Any]:
    """A patch as people are shown it, and MLflow is told it."""
    return {
        name: value if isinstance(value, bool | int | float | str) else json.dumps(value)
        for name, value in patch.items()
    }
