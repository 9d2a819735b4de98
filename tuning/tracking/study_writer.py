"""Writes a study to MLflow: a run of its own and under it a run a trial.

The study says what happened and MLflow is told. Curves wait and are written in batches (waiting.py), since each write
costs, however small: all that waits of a trial is one. A trial's run id is in the study before the run's first metric,
so that the run is found again and none is made twice.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from mlflow.entities import Metric, Run

from tuning.diagnosis.verdict import Diagnosis
from tuning.errors import SweepError
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study import kept_curves
from tuning.study.legs import Plan
from tuning.study.study import Study
from tuning.study.summary import StudySummary
from tuning.sweep import configurations
from tuning.tracking import run_contents
from tuning.tracking.live_metrics import LiveMetrics
from tuning.tracking.open_run import OpenRun
from tuning.tracking.retries import Writes
from tuning.tracking.run_contents import CONFIG, PARENT, UNTOLD, VERDICT, as_params
from tuning.tracking.run_names import run_name
from tuning.tracking.run_notes import NOTE, trial_note
from tuning.tracking.run_queries import runs_of_study
from tuning.tracking.run_writer import RunWriter
from tuning.tracking.server import client_of
from tuning.tracking.study_end import StudyEnd, now_ms
from tuning.tracking.study_models import StudyModels
from tuning.tracking.study_run import StudyRun, delete_doubles, study_run
from tuning.tracking.waiting import Reported, Waiting


class StudyWriter:
    """Writes what happens to a study, in the words of an Observer.

    Of a study that goes on it is told all from the beginning, and writes what MLflow does not have of that.
    """

    def __init__(self, study: Study, writes: Writes, waiting: Waiting, live: LiveMetrics) -> None:
        """waiting: points that were reported, and are to be told. live: what the study's own run shows meanwhile."""
        self._study, self._writes, self._waiting, self._live_metrics = study, writes, waiting, live
        self._tags = run_contents.study_tags(study)
        self.points_told = 0
        """How many values of the trials' metrics MLflow has taken."""
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
        self._end_of_study = StudyEnd(self._study.attributes.key, self._default, self._mlflow, self._writes, own)
        self._models = StudyModels(self._study.home, self._study.attributes.key, client, self._writes, own)
        self._end_of_study.prepare_view(self._study.summary())
        for run in self._found.values():
            if run.data.tags.get(PARENT) != own.run_id:
                self._mlflow.tag(run.info.run_id, PARENT, own.run_id)

    def begin_trials(self, plans: Sequence[Plan], leg: str) -> None:
        """See that every trial of a leg has a run."""
        new = [plan for plan in plans if plan.number not in self._runs]
        if self._own is None:
            # What has ended before was told in its life, or a sync tells it; what is begun now is missed.
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
        for plan in plans:
            if plan.number in self._open:
                self._open[plan.number].live = self._live
        self._keep(runs)

    def note_diagnosis(self, number: int, found: Diagnosis) -> None:
        """Have the trial's run say at its end what ails it."""
        if number in self._open:
            self._open[number].ails = found

    def end_trial(self, number: int, found: Outcome, members: Sequence[MemberResult]) -> None:
        """End the trial's run, truly."""
        run, state = self._open.get(number), run_contents.state_word(found)
        if run is None or self._writes.given_up:
            # It leaves its room to others, and counts as behind.
            self._waiting.take(number)
            if self._live:
                self._writes.lack([number])
            return
        with self._writes.of(number):
            if self._live or self._lacks(number, run, state):
                self._end(run, found, state, members)
        del self._open[number]

    def go_on(self) -> None:
        """All that was kept has been told: go on with the runs of trials that have not ended."""
        self._live = True
        if self._own is not None:
            self._live_metrics.go_on(self._own.live_until)
        for number in sorted(self._found.keys() & self._open.keys()):
            if not self._adopt(self._open[number], self._found[number]):
                del self._open[number]
        # A machine that lost its power may have lost trials that MLflow still knows of; others take their numbers.
        self._found.clear()

    def write_waiting(self) -> None:
        """Tell runs what waits for them."""
        for number, run in self._open.items():
            # A curve with a gap is told whole, from its checkpoint, when its trial ends.
            taken = self._waiting.take_whole(number)
            if taken is not None:
                with self._writes.of(number):
                    self._write(run, run.new(taken.reported), taken.count, self._mlflow.tell)
        if self._own is not None and (point := self._live_metrics.point()) is not None:
            self._tell_live(self._own, *point)

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
            if self._mlflow.made_again:
                self._delete_doubles(self._own)
            if (point := self._live_metrics.point(last=True)) is not None:
                self._tell_live(self._own, *point)
            # What an experiment trains is no search, and has no leader.
            searches = self._study.attributes.experiment is None
            self._end_of_study.tell(summary, self._runs, self._models if searches else None)

    def keep_text(self, name: str, text: str) -> None:
        """Keep a text as a file of the study's own run."""
        if self._own is not None:
            with self._writes.of(None):
                self._mlflow.keep_text(self._own.run_id, text, name)

    @property
    def news(self) -> list[str]:
        """What a person should know of what MLflow was told, a line each."""
        return [] if self._own is None else self._models.news

    def _tell_live(self, own: StudyRun, second: int, shown: Mapping[str, float]) -> None:
        now = now_ms()
        self._mlflow.tell(own.run_id, [Metric(name, value, now, second) for name, value in shown.items()])

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

    def _end(self, run: OpenRun, found: Outcome, state: str, members: Sequence[MemberResult]) -> None:
        """Tell a run all that is left, and end it."""
        number, now, taken = run.plan.number, now_ms(), self._waiting.take(run.plan.number)
        # What has ended in an earlier life of the study was reported to that one.
        kept = [] if self._live and taken.whole else self._kept_curves(number)
        outcome = run_contents.outcome_metrics(found, members, self._study.sweep)
        metrics = run.new([*kept, *taken.reported])
        metrics += run.metrics(outcome, max((member.value_steps or 0 for member in members), default=0), now)
        if "value" in outcome:
            metrics += run.metrics({run_contents.VALUE_AT: max(member.steps for member in members)}, 0, now)
        note = trial_note(found, run.ails, outcome.get("value"))
        tags = run_contents.outcome_tags(found) | ({} if note is None else {NOTE: note})
        tags |= {} if run.ails is None else run_contents.diagnosis_tags(run.ails)
        lacks, before = number in self._writes.lacking, self._writes.untold
        if found.state == "complete" and (config := self._config(run.plan)) is not None:
            self._mlflow.keep_text(run.run_id, config, CONFIG)
        lacks = lacks or self._writes.untold > before
        self._write(run, metrics, taken.count, partial(self._mlflow.end, state=state, tags=tags, lacks=lacks))

    def _write(self, run: OpenRun, metrics: Sequence[Metric], count: int, write: Callable[..., None]) -> None:
        """Have a run told these metrics, and count them as told where it was. count: of those that waited."""
        before = self._writes.untold
        write(run.run_id, metrics=metrics, params=run.taken_params())
        if self._writes.untold == before:
            self._waiting.told(count)
            self.points_told += len(metrics)

    def _lacks(self, number: int, run: OpenRun, state: str) -> bool:
        """Whether the run of a trial that ended in an earlier life was not told all of it then."""
        found = self._found.pop(number, None)
        if found is None:
            return True
        tags = found.data.tags
        ended = run_contents.ended_as(found, state) and tags.get("lockstep.state") == state and UNTOLD not in tags
        if ended and (run.ails is None or run.ails.word == tags.get(VERDICT)):
            return False
        return self._adopt(run, found)

    def _adopt(self, run: OpenRun, found: Run) -> bool:
        """Go on with a run that was found, which is told no point again. False where it is not known what it has."""
        for name in found.data.metrics:
            steps = self._mlflow.steps(found, name)
            if steps is None:
                self._writes.lack([run.plan.number])
                return False
            run.had[name] = steps
        if not found.data.params:
            run.params = as_params(run.plan.params)
        if UNTOLD in found.data.tags:
            self._mlflow.drop_tag(run.run_id, UNTOLD)
        self._mlflow.go_on(run.run_id)
        return True

    def _kept_curves(self, number: int) -> list[Reported]:
        study, now = self._study, now_ms()
        seeds = len(self._open[number].plan.seeds)
        folders = [study.home.member(study.name, number, place) for place in range(seeds)]
        return [Reported(place, points, now) for place, points in enumerate(kept_curves.curves(folders))]

    def _put_back(self) -> None:
        """Trials that have not ended wait."""
        for number, run in self._open.items():
            with self._writes.of(number):
                taken = self._waiting.take(number)
                # What comes after a gap is trained again, from the checkpoint on.
                whole = run.live and taken.whole
                reported = taken.reported if whole else self._kept_curves(number)
                self._write(run, run.new(reported), taken.count, partial(self._mlflow.end, state="waiting"))

    def _delete_doubles(self, own: StudyRun) -> None:
        """Delete runs that MLflow has come to make although its answer was waited for in vain."""
        client, key = client_of(self._study.home), self._study.attributes.key
        known = self._writes.insist(partial(runs_of_study, client, own.experiment_id, key))
        if known is not None:
            delete_doubles(self._mlflow, known, {own.run_id, *self._runs.values()})
