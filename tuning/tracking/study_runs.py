"""The runs of a study in MLflow: one of its own, and under it one for each trial.

The study says what happened, and MLflow is told. A trial's run id is in the study before the run's first metric, so
that the run is found again and none is made twice.
"""

import json
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from mlflow.entities import Metric, Run, RunTag
from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from tuning.rules import trial_outcome
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.file_locks import alone
from tuning.study.legs import Plan
from tuning.study.observer import Points
from tuning.study.study import Study
from tuning.study.summary import Confirmation, StudySummary
from tuning.tracking.gathered import Gathered, Pending
from tuning.tracking.retries import Writes
from tuning.tracking.run_contents import (
    ARTIFACTS,
    FRONT,
    KIND,
    PARENT,
    STATUSES,
    as_curve,
    confirmed_tags,
    kept_artifacts,
    lacking_confirmed,
    of_halving,
    params,
    state_word,
)
from tuning.tracking.run_queries import runs_of_study
from tuning.tracking.server import restored, tracking_uri

BATCH = 800
"""The most metrics told at once: MLflow takes 1,000 metrics, parameters and tags together."""


class StudyRuns:
    """Writes the runs of one study, from one thread; what MLflow does not take is counted by its writes."""

    def __init__(self, study: Study, writes: Writes) -> None:
        self._study, self._writes, self._gathered = study, writes, Gathered()
        self._parent: str | None = None
        """The study's own run; None where it could not be had, and then no other is made."""
        self._experiment_id = ""
        self._runs: dict[int, str] = {}
        self._found: dict[int, Run] = {}
        """Runs that an earlier life of the study has made, of trials that this one has not been told the end of."""
        self._known: dict[int, str] = {}
        """The runs that the study knows of."""
        self._plans: dict[int, Plan] = {}
        self._ended: set[int] = set()
        self._on_front: set[int] = set()
        """As MLflow has it."""
        self._live = False
        """Whether what is told happens now, and is no replay."""
        self._tags = {
            "lockstep.key": study.attributes.key,
            "lockstep.study": study.name,
            "lockstep.loop": study.sweep.loop,
        }

    def begin_study(self) -> None:
        """Make the study's own run, or find it again, and find the runs of its trials."""
        try:
            with self._writes.of(None):
                runs = self._own_run()
        except Exception:
            # Who doesn't know which runs there are must make none: what is left is told later.
            self._parent = None
            raise
        if self._parent is None:
            return
        self._known = self._study.attributes.runs()
        self._found = {number: run for number, run in runs.items() if number is not None}
        self._on_front = {number for number, run in self._found.items() if run.data.tags.get(FRONT) == "true"}
        for run in self._found.values():
            if run.data.tags.get(PARENT) != self._parent:
                self._writes.insist(partial(self._client.set_tag, run.info.run_id, PARENT, self._parent))

    def go_on(self) -> None:
        """All that was kept has been told: adopt the runs of trials that go on."""
        self._live = True
        for number in sorted(self._found.keys() & self._runs.keys()):
            self._adopt(number)
        # A machine that lost its power may have lost trials that MLflow still knows of; others take their numbers.
        self._found.clear()

    def begin_trials(self, plans: Sequence[Plan], leg: str) -> None:
        """Make a run of each trial that has none yet; `leg`: the name of the first that it is in."""
        new = [plan for plan in plans if plan.number not in self._runs]
        if self._parent is None:
            # What has ended before can be told by an audit alone; what is begun now is missed.
            if self._live:
                self._writes.lack(plan.number for plan in new)
            return
        self._plans |= {plan.number: plan for plan in new}
        there = {plan.number: self._found[plan.number].info.run_id for plan in new if plan.number in self._found}
        made = {plan.number: self._begin_trial(plan, self._parent, leg) for plan in new if plan.number not in there}
        runs = there | {number: run_id for number, run_id in made.items() if run_id is not None}
        # Known here first: whatever becomes of the study's own write, none is made twice.
        self._runs |= runs
        for number in made:
            self._gathered.add_params(number, self._plans[number].params)
        with self._study.records.at_once():
            for number, run_id in runs.items():
                if self._known.get(number) != run_id:
                    self._study.attributes.set_run(number, run_id)

    def note(self, number: int, place: int, points: Points, at_ms: int) -> None:
        """Gather what is new of a member's curves.

        place: which of the trial's seeds the member has.
        at_ms: when it was reported.
        """
        self._gathered.add_points(number, place, as_curve(points), at_ms)

    def end_trial(self, number: int, found: Outcome, members: Sequence[MemberResult]) -> None:
        """Write what a trial has come to, and end its run; one that was replayed only where its run lacks it."""
        if not self._live:
            if self._parent is None or self._has_ended(number, state_word(found)):
                return
            for place in range(len(members)):
                self.note(number, place, self._kept_points(number, place), now_ms())
        steps = max((member.value_steps or 0 for member in members), default=0)
        told = dict(zip(("value", "second"), found.values, strict=False))
        if told and len(members) > 1:
            values = trial_outcome.by_seed(members)
            of_seeds = {"value_std": trial_outcome.spread(values)}
            of_seeds |= {f"seed-{place}/value": value for place, value in enumerate(values)}
            told |= {name: value for name, value in of_seeds.items() if value is not None}
        self._gathered.add_points(number, 0, [(steps, told)], now_ms())
        state = state_word(found)
        tags = {"lockstep.state": state, "lockstep.diverged_at": found.diverged_at, "lockstep.reason": found.reason}
        tags["lockstep.given_up_at"] = found.given_up_at
        self._tell(number, {key: str(tag) for key, tag in tags.items() if tag is not None})
        self._gathered.forget(number)
        run_id = self._runs.get(number)
        if run_id is not None:
            self._ended.add(number)
            with self._writes.of(number):
                self._writes.insist(lambda: self._client.set_terminated(run_id, STATUSES[state]))

    def write_pending(self) -> None:
        """Write what has been gathered of all runs."""
        for number in self._gathered.trials:
            self._tell(number, {})

    def cut_off(self) -> None:
        """The search was left in the middle: what has not ended waits, the study's own run too."""
        self._put_back()
        if self._parent is not None:
            self._end_run(self._parent, "waiting", [], {})

    def end_study(self, summary: StudySummary) -> None:
        """Write what the study has come to, keep the best weights, and end all runs that have not ended."""
        with self._writes.of(None):
            self._tell_end(summary)

    def _own_run(self) -> dict[int | None, Run]:
        """Find or make the study's own run; returns the runs that there are already, by trial."""
        client = self._writes.insist(lambda: MlflowClient(tracking_uri=tracking_uri(self._study.home)))
        if client is None:
            return {}
        self._client = client
        experiment = self._writes.insist(self._experiment)
        runs = None if experiment is None else self._writes.insist(partial(self._known_runs, experiment))
        if experiment is None or runs is None:
            return {}
        self._experiment_id = experiment
        if None in runs:
            self._parent = runs[None].info.run_id
            self._writes.insist(partial(self._set_running, runs[None].info.run_id))
        else:
            self._parent = self._writes.insist(lambda: self._create(experiment, self._study.name, self._tags))
        if self._parent is not None:
            self._study.attributes.set_tracking({"experiment_id": experiment, "run_id": self._parent})
            self._describe(self._parent, new=None not in runs or not runs[None].data.params)
        return runs

    def _experiment(self) -> str:
        """The experiment of the sweep; made where there is none, brought back where it was deleted."""
        name, home = self._study.sweep.name, self._study.home
        with alone(home.root / "mlflow.lock"):
            found = restored(self._client, name)
            if found is not None:
                return str(found.experiment_id)
            embedded = tracking_uri(home) == home.tracking_uri
            place = (home.artifacts / name).as_uri() if embedded else None
            return str(self._client.create_experiment(name, artifact_location=place, tags=KIND))

    def _known_runs(self, experiment: str) -> dict[int | None, Run]:
        """The runs that the study has already, by trial; its own run under None."""
        runs = runs_of_study(self._client, experiment, self._study.attributes.key)
        return {trial: several[0] for trial, several in runs.items()}

    def _create(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        run = self._client.create_run(experiment, run_name=name, tags={**tags, "lockstep.state": "running"})
        return str(run.info.run_id)

    def _describe(self, run_id: str, new: bool) -> None:
        """What the study's own run says of the sweep; its parameters can't be changed later, the file can."""
        sweep = self._study.sweep
        own = sweep.model_dump(mode="json", exclude={"search", "fixed", "workers", "name"})
        shown = {**own, **{f"fixed.{name}": value for name, value in sweep.fixed.items()}}
        if new:
            self._writes.insist(lambda: self._client.log_batch(run_id, params=params(shown)))
        self._writes.insist(lambda: self._client.log_text(run_id, sweep.to_yaml(), "sweep.yaml"))

    def _set_running(self, run_id: str) -> None:
        self._client.update_run(run_id, status="RUNNING")
        self._client.set_tag(run_id, "lockstep.state", "running")

    def _begin_trial(self, plan: Plan, parent: str, leg: str) -> str | None:
        with self._writes.of(plan.number):
            return self._made(plan, parent, leg)

    def _made(self, plan: Plan, parent: str, leg: str) -> str | None:
        tags = {
            **self._tags,
            PARENT: parent,
            "lockstep.trial": str(plan.number),
            "lockstep.leg": leg,
            "lockstep.seeds": json.dumps(plan.seeds),
            "lockstep.default": str(plan.default).lower(),
            "lockstep.values": json.dumps(plan.values),
        }
        name = f"{self._study.name}/{plan.number}"
        return self._writes.insist(lambda: self._create(self._experiment_id, name, tags))

    def _kept_points(self, number: int, place: int) -> Points:
        try:
            kept = checkpoint.load([self._study.home.member(self._study.name, number, place)])
        except CheckpointError:
            # Of an earlier version: its curve can't be read, all else of the trial can be told.
            return []
        return kept[0]["report"]["points"] if kept else []

    def _adopt(self, number: int) -> None:
        """Go on with a run that was found; what it has of each curve is not told again."""
        run = self._found.pop(number)
        run_id = run.info.run_id
        for key in run.data.metrics:
            history = self._writes.insist(partial(self._client.get_metric_history, run_id, key)) or []
            self._gathered.knows(number, key, max((metric.step for metric in history), default=-1))
        if not run.data.params:
            self._gathered.add_params(number, self._plans[number].params)
        self._writes.insist(partial(self._set_running, run_id))

    def _has_ended(self, number: int, state: str) -> bool:
        """Whether a run that was found says how its trial has ended; one that doesn't is gone on with."""
        run = self._found.get(number)
        if run is None:
            return False
        if run.info.status == STATUSES[state] and run.data.tags["lockstep.state"] == state:
            del self._found[number]
            self._ended.add(number)
            return True
        self._adopt(number)
        return False

    def _tell(self, number: int, tags: Mapping[str, str]) -> None:
        """Tell a run what is to be told of it."""
        told, run_id = self._gathered.take(number), self._runs.get(number)
        if run_id is None:
            self._writes.lack([number])
            return
        with self._writes.of(number):
            self._write(run_id, told, tags)

    def _write(self, run_id: str, told: Pending, tags: Mapping[str, str]) -> None:
        batches = [told.metrics[first : first + BATCH] for first in range(0, len(told.metrics), BATCH)] or [[]]
        for batch in batches[:-1]:
            self._writes.insist(partial(self._client.log_batch, run_id, metrics=batch))
        run_tags = [RunTag(key, tag) for key, tag in tags.items()]
        if batches[-1] or told.params or run_tags:
            self._writes.insist(lambda: self._client.log_batch(run_id, batches[-1], told.params, run_tags))

    def _end_run(self, run_id: str, state: str, metrics: Sequence[Metric], tags: Mapping[str, str]) -> None:
        run_tags = [RunTag(key, tag) for key, tag in {"lockstep.state": state, **tags}.items()]
        self._writes.insist(lambda: self._client.log_batch(run_id, metrics=metrics, tags=run_tags))
        self._writes.insist(lambda: self._client.set_terminated(run_id, STATUSES[state]))

    def _put_back(self) -> None:
        self.write_pending()
        for number in self._runs.keys() - self._ended:
            self._end_run(self._runs[number], "waiting", [], {})

    def _tell_end(self, summary: StudySummary) -> None:
        self._put_back()
        if self._parent is None:
            return
        checkpoints = {trial.number: trial.checkpoint for trial in summary.trials}
        for number in kept_artifacts(summary):
            run_id, weights = self._runs.get(number), checkpoints[number]
            if run_id and weights and checkpoint.is_whole(Path(weights)):
                self._writes.insist(partial(self._client.log_artifact, run_id, weights, ARTIFACTS))
        self._mark_front({trial.number for trial in summary.front})
        best, now = summary.best, now_ms()
        metrics = [] if best is None or best.value is None else [Metric("value", best.value, now, best.number)]
        metrics += [Metric(name, value, now, len(summary.trials)) for name, value in of_halving(summary).items()]
        tags = {"lockstep.best_trial": str(best.number)} if best else {}
        if summary.confirmation is not None:
            self._tell_confirmed(summary.confirmation)
            tags |= confirmed_tags(summary.confirmation)
        if summary.front:
            tags[FRONT] = ", ".join(str(trial.number) for trial in summary.front)
        self._end_run(self._parent, {"finished": "complete"}.get(summary.state, "waiting"), metrics, tags)

    def _tell_confirmed(self, found: Confirmation) -> None:
        """What fresh seeds say of a trial, once; after more seeds again."""
        for each in found.candidates:
            run_id = self._runs.get(each.number)
            if run_id is None:
                continue
            with self._writes.of(each.number):
                run = self._writes.insist(partial(self._client.get_run, run_id))
                lacking = {} if run is None else lacking_confirmed(each, run)
                metrics = [Metric(name, value, now_ms(), found.seeds) for name, value in lacking.items()]
                if metrics:
                    self._writes.insist(partial(self._client.log_batch, run_id, metrics=metrics))

    def _mark_front(self, front: set[int]) -> None:
        for number in sorted(front ^ self._on_front):
            run_id, on_it = self._runs.get(number), str(number in front).lower()
            if run_id is not None:
                self._writes.insist(partial(self._client.set_tag, run_id, FRONT, on_it))
        self._on_front = front


def now_ms() -> int:
    """The time, as MLflow stamps metrics with it."""
    return int(time.time() * 1000)
