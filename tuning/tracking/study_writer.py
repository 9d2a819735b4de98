"""Writes a study to MLflow: a run of its own and under it a run a trial.

The study says what happened and MLflow is told. Curves are gathered and written in batches, since each write costs,
however small. A trial's run id is in the study before the run's first metric, so that the run is found again and none
is made twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mlflow.entities import Metric, Param, Run

from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from tuning.diagnosis.verdict import Diagnosis
from tuning.errors import SweepError
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Plan
from tuning.study.observer import Points
from tuning.study.study import Study
from tuning.study.summary import StudySummary
from tuning.sweep import configurations
from tuning.tracking import run_contents
from tuning.tracking.retries import Writes
from tuning.tracking.run_contents import CONFIG, PARENT, VERDICT, as_curve, as_params
from tuning.tracking.run_names import run_name
from tuning.tracking.run_notes import NOTE, trial_note
from tuning.tracking.run_writer import RunWriter
from tuning.tracking.server import client_of
from tuning.tracking.study_end import StudyEnd, now_ms
from tuning.tracking.study_models import StudyModels
from tuning.tracking.study_run import StudyRun, study_run


@dataclass
class OpenRun:
    """The run of a trial that has not ended, with what it is to be told next."""

    run_id: str
    plan: Plan
    params: list[Param] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    ails: Diagnosis | None = None
    """What it is told at its end beside how it ended."""
    last_steps: dict[str, int] = field(default_factory=dict)
    """The last step of each curve that was told, or is about to be."""

    def note(self, points: Points, at_ms: int, place: int = 0) -> None:
        """Gather what is new of a curve; a leg that goes on from a checkpoint tells all of its curve again.

        at_ms: when it was reported.
        place: which of the trial's seeds it is of; from the second one on, the names say so.
        """
        prefix = f"seed-{place}/" if place else ""
        for steps, shown in points:
            for name, value in shown.items():
                if steps > self.last_steps.get(prefix + name, -1):
                    self.last_steps[prefix + name] = steps
                    self.metrics.append(Metric(prefix + name, value, at_ms, steps))

    def gathered(self) -> tuple[list[Metric], list[Param]]:
        """What was gathered; from now on it counts as told."""
        gathered = self.metrics, self.params
        self.metrics, self.params = [], []
        return gathered


class StudyWriter:
    """Writes what happens to a study, in the words of an Observer.

    Of a study that goes on it is told all from the beginning, and writes what MLflow does not have of that.
    """

    def __init__(self, study: Study, writes: Writes) -> None:
        self._study, self._writes, self._tags = study, writes, run_contents.study_tags(study)
        self._own: StudyRun | None = None
        """The study's own run, once it is known which runs there are: whoever does not know that must make none."""
        self._runs: dict[int, str] = {}
        """The ids of the runs of trials."""
        self._open: dict[int, OpenRun] = {}
        self._found: dict[int, Run] = {}
        """Runs that an earlier life of the study has made, of trials whose end has not been told in this one."""
        self._kept: dict[int, str] = {}
        """The ids of runs that an earlier life has kept in the study."""
        self._live = False
        """Whether what is told happens now, and is no replay."""
        self._default: dict[str, Any] = {}
        """Parameters of the default configuration."""

    def begin(self) -> None:
        """Find or make the study's own run, and find those of its trials."""
        with self._writes.of(None):
            client = self._writes.insist(lambda: client_of(self._study.home))
            own = None if client is None else study_run(self._study, client, self._writes)
        if client is None or own is None:
            return
        self._mlflow, self._own, self._found = RunWriter(client, self._writes), own, own.of_trials
        self._kept = self._study.attributes.runs()
        self._default = {} if self._study.sweep.foreign else self._study.sweep.default_params()
        self._end = StudyEnd(self._study.attributes.key, self._default, self._mlflow, self._writes, own)
        self._models = StudyModels(self._study.home, self._study.attributes.key, client, self._writes, own)
        self._end.prepare_view(self._study.summary())
        for run in self._found.values():
            if run.data.tags.get(PARENT) != own.run_id:
                self._mlflow.tag(run.info.run_id, PARENT, own.run_id)

    def begin_trials(self, plans: Sequence[Plan], leg: str) -> None:
        """See that every trial of a leg has a run."""
        new = [plan for plan in plans if plan.number not in self._runs]
        if self._own is None:
            # What has ended before can be told by an audit alone; what is begun now is missed.
            if self._live:
                self._writes.lack(plan.number for plan in new)
            return
        found = {plan.number: self._found[plan.number].info.run_id for plan in new if plan.number in self._found}
        made = {plan.number: self._made(plan, leg, self._own) for plan in new if plan.number not in found}
        runs = found | {number: run_id for number, run_id in made.items() if run_id is not None}
        # Known here first: whatever becomes of the study's own write, none is made twice.
        self._runs |= runs
        for plan in new:
            if plan.number in runs:
                params = [] if plan.number in found else as_params(plan.params)
                self._open[plan.number] = OpenRun(runs[plan.number], plan, params)
        self._keep(runs)

    def note(self, number: int, place: int, points: Points, at_ms: int) -> None:
        """Gather what is new of the curve of a trial's member.

        number, place: the trial, and which of its seeds the member has.
        points: all or the last of the curve.
        at_ms: when it was reported.
        """
        if number in self._open:
            self._open[number].note(as_curve(points), at_ms, place)

    def note_diagnosis(self, number: int, found: Diagnosis) -> None:
        """Have the trial's run say at its end what ails it."""
        if number in self._open:
            self._open[number].ails = found

    def end_trial(self, number: int, found: Outcome, members: Sequence[MemberResult]) -> None:
        """End the trial's run, truly."""
        run, state = self._open.get(number), run_contents.state_word(found)
        if run is None:
            if self._live:
                self._writes.lack([number])
            return
        if self._live or self._caught_up(number, run, state, len(members)):
            sweep, steps = self._study.sweep, max((member.value_steps or 0 for member in members), default=0)
            metrics = run_contents.outcome_metrics(found, members, sweep)
            run.note([(steps, metrics)], now_ms())
            if "value" in metrics:
                run.note([(0, {run_contents.VALUE_AT: max(member.steps for member in members)})], now_ms())
            note = trial_note(found, run.ails, metrics.get("value"))
            tags = run_contents.outcome_tags(found) | ({} if note is None else {NOTE: note})
            tags |= {} if run.ails is None else run_contents.diagnosis_tags(run.ails)
            with self._writes.of(number):
                self._mlflow.end(run.run_id, state, *run.gathered(), tags)
                if found.state == "complete" and (config := self._config(run.plan)) is not None:
                    self._mlflow.keep_text(run.run_id, config, CONFIG)
        del self._open[number]

    def go_on(self) -> None:
        """All that was kept has been told: go on with the runs of trials that have not ended."""
        self._live = True
        for number in sorted(self._found.keys() & self._open.keys()):
            self._adopt(self._open[number], self._found[number])
        # A machine that lost its power may have lost trials that MLflow still knows of; others take their numbers.
        self._found.clear()

    def write_gathered(self) -> None:
        """Tell runs what was gathered for them."""
        for number, run in self._open.items():
            with self._writes.of(number):
                self._mlflow.tell(run.run_id, *run.gathered())

    def cut_off(self) -> None:
        """The search was left in the middle: what has not ended waits, the study's own run too."""
        if self._own is not None:
            self._put_back()
            self._mlflow.end(self._own.run_id, "waiting")

    def end(self, summary: StudySummary) -> None:
        """End the study's own run, and those of trials that wait; keep the best weights."""
        if self._own is None:
            return
        with self._writes.of(None):
            self._put_back()
            # What an experiment trains is no search, and has no leader.
            searches = self._study.attributes.experiment is None
            self._end.tell(summary, self._runs, self._models if searches else None)

    def keep_text(self, name: str, text: str) -> None:
        """Keep a text as a file of the study's own run."""
        if self._own is not None:
            with self._writes.of(None):
                self._mlflow.keep_text(self._own.run_id, text, name)

    @property
    def news(self) -> list[str]:
        """What a person should know of what MLflow was told, a line each."""
        return [] if self._own is None else self._models.news

    def _made(self, plan: Plan, leg: str, own: StudyRun) -> str | None:
        tags = {PARENT: own.run_id, **self._tags, **run_contents.trial_tags(plan, leg)}
        with self._writes.of(plan.number):
            name = run_name(plan.number, plan.params, self._default, *["default"] * plan.default)
            return self._mlflow.make(own.experiment_id, name, tags)

    def _config(self, plan: Plan) -> str | None:
        """A sweep that begins with a trial, as a file; None of a loop that does not say what its fields are."""
        sweep = self._study.sweep
        if sweep.foreign:
            return None
        try:
            config = configurations.plain(sweep, plan.values)
            return configurations.as_sweep(sweep, config, sweep.name).to_yaml()
        except SweepError:
            # The search was changed since, and may no longer have it.
            return None

    def _keep(self, runs: Mapping[int, str]) -> None:
        with self._study.records.at_once():
            for number, run_id in runs.items():
                if self._kept.get(number) != run_id:
                    self._study.attributes.set_run(number, run_id)

    def _caught_up(self, number: int, run: OpenRun, state: str, members: int) -> bool:
        """Gather the curves of a trial that ended in an earlier life; False where its run was told all of it then."""
        found = self._found.pop(number, None)
        if found is not None:
            told = run_contents.ended_as(found, state) and found.data.tags["lockstep.state"] == state
            if told and (run.ails is None or run.ails.word == found.data.tags.get(VERDICT)):
                return False
            self._adopt(run, found)
        for place in range(members):
            run.note(as_curve(self._kept_points(number, place)), now_ms(), place)
        return True

    def _adopt(self, run: OpenRun, found: Run) -> None:
        """Go on with a run that was found; what it has of each curve is not told again."""
        run.last_steps = self._mlflow.last_steps(found)
        if not found.data.params:
            run.params = as_params(run.plan.params)
        self._mlflow.go_on(run.run_id)

    def _kept_points(self, number: int, place: int) -> Points:
        try:
            kept = checkpoint.load([self._study.home.member(self._study.name, number, place)])
        except CheckpointError:
            # Of an earlier version: its curve can't be read, all else of the trial can be told.
            return []
        return kept[0]["report"]["points"] if kept else []

    def _put_back(self) -> None:
        for number, run in self._open.items():
            with self._writes.of(number):
                self._mlflow.end(run.run_id, "waiting", *run.gathered())
