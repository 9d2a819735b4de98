"""The study as MLflow shows it: a run of its own and under it a run a trial, written by a thread of its own.

The study says what happened and MLflow is told. Curves are gathered and written in batches. A trial's run id is in the
study before the run's first metric, so that the run is found again and none is made twice.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from tuning.rules import trial_outcome
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study import sqlite
from tuning.study.file_locks import alone
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.study.study import Study
from tuning.study.summary import Confirmation, StudySummary
from tuning.study.urls import without_password
from tuning.tracking.retries import PATIENCE, Patience, Writes
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
from tuning.tracking.yielding import RightOfWay

log = logging.getLogger(__name__)

BATCH = 800
"""The most metrics told at once: MLflow takes 1,000 metrics, parameters and tags together."""

GATHER_S, LONGEST_GATHER_S = 2.0, 10.0
"""What is to be told of a run is gathered until its trial has ended, or nothing has come of any for so long, or some
has waited for the longer time: each write costs, however small."""

READING_S, HANDING_OUT_S, BEGINNING_S = 0.05, 0.3, 0.05
"""What a leg reports is read in less, the one that follows is handed out in less, and begins in less."""


@dataclass
class Told:
    """What a run is to be told."""

    params: list[Param] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)


class Tracker(Observer):
    """Tells MLflow of one study, as its search, or the replay of its records, tells it."""

    def __init__(self, study: Study, patience: Patience = PATIENCE) -> None:
        self._study, self._patience = study, patience
        self._events: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._way = RightOfWay()
        """The search's, while it hands out legs."""
        self._writes = Writes(self._way, patience)
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._interrupted = False
        """Whether nobody waited until all was told."""
        self._runs: dict[int, str] = {}
        self._found: dict[int, Run] = {}
        """Runs that an earlier life of the study has made, of trials that this one has not been told the end of."""
        self._live = False
        """Whether what is told happens now, and is no replay."""
        self._ended: set[int] = set()
        self._on_front: set[int] = set()
        """As MLflow has it."""
        self._known: dict[int, str] = {}
        """The runs that the study knows of."""
        self._plans: dict[int, Plan] = {}
        self._pending: dict[int, Told] = {}
        self._told_at = time.monotonic()
        self._seen: dict[int, dict[str, int]] = {}
        """Of the runs that have not ended: the last step of each curve that has been told, or is about to be."""
        self._experiment_id = ""
        self._parent: str | None = None
        self._tags = {
            "lockstep.key": study.attributes.key,
            "lockstep.study": study.name,
            "lockstep.loop": study.sweep.loop,
        }

    @contextmanager
    def open(self, say: Callable[[str], None] = log.info) -> Iterator["Tracker"]:
        """Write until closed; what is left then has a minute, and `say` tells a person of it if it takes long.

        Whoever interrupts that leaves it untold, and nothing else.
        """
        self._events.put(self._begin_study)
        self._thread.start()
        try:
            yield self
        except BaseException:
            self._events.put(self._cut_off)
            raise
        finally:
            self._writes.give_up_in(self._patience.closing_s)
            self._events.put(None)
            try:
                self._thread.join(self._patience.silent_closing_s)
                if self._thread.is_alive():
                    up_to = f"up to {self._patience.closing_s:g} s"
                    say(f"telling MLflow what is left, {up_to}; Ctrl-C leaves it for later")
                    self._thread.join()
            except KeyboardInterrupt:
                # Asked whether it is alive, a thread whose end was waited for in vain says no (Python 3.11).
                self._interrupted = True

    def begun(self, leg: Leg) -> None:
        """Make a run of every trial of the leg."""
        self._way.take(BEGINNING_S)
        self._events.put(partial(self._begin_trials, leg.plans, leg.name))

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """Log what is new of a member's curve; of the second seed on, its place is in the names."""
        if points:
            self._way.take(READING_S)
            self._events.put(partial(self._note, plan.number, place, as_curve(points), _now()))

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """End the trial's run, truly."""
        self._way.take(HANDING_OUT_S)
        self._events.put(partial(self._end_trial, plan.number, found, members))

    def replayed(self) -> None:
        """Go on with the runs of trials that have not ended."""
        self._events.put(self._go_on)

    def ended(self, summary: StudySummary) -> None:
        """End the study's run, and those of trials that wait; keep the best checkpoints."""
        self._events.put(partial(self._end_study, summary))

    @property
    def shortfall(self) -> str | None:
        """What a person should know of what MLflow was not told; None where it was told all."""
        writes, name = self._writes, self._study.name
        later = f"`tuning audit {name} --repair` or `tuning resume {name}` tells it later."
        if self._interrupted:
            return f"MLflow was not told all, as that was interrupted; {later}"
        if not writes.untold:
            return None
        uri, home = without_password(tracking_uri(self._study.home)), self._study.home
        count = max(1, len(writes.lacking))
        runs = f"{count} run{'s' * (count > 1)}"
        what = (
            f"MLflow could not be reached at {uri}: what it was not told of {runs} is kept in the study"
            if writes.away
            else f"MLflow did not take all of {runs} ({writes.why}; all of it in {home.logs / 'tuning.log'})"
        )
        return f"{what}; {later}"

    def _work(self) -> None:
        with sqlite.write_ahead(self._study.home.tracking_database):
            while (event := self._next()) is not None:
                self._guarded(event)
                if time.monotonic() - self._told_at > LONGEST_GATHER_S:
                    self._guarded(self._write_pending)
            self._guarded(self._write_pending)

    def _next(self) -> Callable[[], None] | None:
        """What is to be done next; None once the tracker is closed."""
        try:
            return self._events.get(timeout=GATHER_S)
        except queue.Empty:
            return self._write_pending

    def _guarded(self, event: Callable[[], None]) -> None:
        """What else goes wrong with one thing must not keep the rest from being told, and is said at the end."""
        try:
            event()
        except Exception as error:
            log.exception("MLflow was not told")
            self._writes.lack([None], str(error).partition("\n")[0] or type(error).__name__)

    def _begin_study(self) -> None:
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

    def _describe(self, run_id: str, new: bool) -> None:
        """What the study's own run says of the sweep; its parameters can't be changed later, the file can."""
        sweep = self._study.sweep
        own = sweep.model_dump(mode="json", exclude={"search", "fixed", "workers", "name"})
        shown = {**own, **{f"fixed.{name}": value for name, value in sweep.fixed.items()}}
        if new:
            self._writes.insist(lambda: self._client.log_batch(run_id, params=params(shown)))
        self._writes.insist(lambda: self._client.log_text(run_id, sweep.to_yaml(), "sweep.yaml"))

    def _known_runs(self, experiment: str) -> dict[int | None, Run]:
        """The runs that the study has already, by trial; its own run under None."""
        runs = runs_of_study(self._client, experiment, self._study.attributes.key)
        return {trial: several[0] for trial, several in runs.items()}

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
            self._seen.setdefault(number, {})[key] = max((metric.step for metric in history), default=-1)
        if not run.data.params:
            self._of(number).params += params(self._plans[number].params)
        self._writes.insist(partial(self._set_running, run_id))

    def _go_on(self) -> None:
        """All that was kept has been told: adopt the runs of trials that go on."""
        self._live = True
        for number in sorted(self._found.keys() & self._runs.keys()):
            self._adopt(number)
        # A machine that lost its power may have lost trials that MLflow still knows of; others take their numbers.
        self._found.clear()

    def _set_running(self, run_id: str) -> None:
        self._client.update_run(run_id, status="RUNNING")
        self._client.set_tag(run_id, "lockstep.state", "running")

    def _note(self, number: int, place: int, points: list[tuple[int, dict[str, float]]], now: int) -> None:
        """What is new of a curve; a leg that goes on from a checkpoint tells all of its curve again."""
        pending, prefix = self._of(number).metrics, f"seed-{place}/" if place else ""
        seen = self._seen.setdefault(number, {})
        for steps, shown in points:
            for name, value in shown.items():
                if steps > seen.get(prefix + name, -1):
                    seen[prefix + name] = steps
                    pending.append(Metric(prefix + name, value, now, steps))

    def _of(self, number: int) -> Told:
        return self._pending.setdefault(number, Told())

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

    def _create(self, experiment: str, name: str, tags: Mapping[str, str]) -> str:
        run = self._client.create_run(experiment, run_name=name, tags={**tags, "lockstep.state": "running"})
        return str(run.info.run_id)

    def _begin_trials(self, plans: Sequence[Plan], leg: str) -> None:
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
            self._of(number).params += params(self._plans[number].params)
        with self._study.records.at_once():
            for number, run_id in runs.items():
                if self._known.get(number) != run_id:
                    self._study.attributes.set_run(number, run_id)

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

    def _write_pending(self) -> None:
        for number in list(self._pending):
            self._tell(number, {})
        self._told_at = time.monotonic()

    def _tell(self, number: int, tags: Mapping[str, str]) -> None:
        """Tell a run what is to be told of it."""
        told, run_id = self._pending.pop(number, Told()), self._runs.get(number)
        if run_id is None:
            self._writes.lack([number])
            return
        with self._writes.of(number):
            self._write(run_id, told, tags)

    def _write(self, run_id: str, told: Told, tags: Mapping[str, str]) -> None:
        batches = [told.metrics[first : first + BATCH] for first in range(0, len(told.metrics), BATCH)] or [[]]
        for batch in batches[:-1]:
            self._writes.insist(partial(self._client.log_batch, run_id, metrics=batch))
        run_tags = [RunTag(key, tag) for key, tag in tags.items()]
        if batches[-1] or told.params or run_tags:
            self._writes.insist(lambda: self._client.log_batch(run_id, batches[-1], told.params, run_tags))

    def _end_trial(self, number: int, found: Outcome, members: Sequence[MemberResult]) -> None:
        if not self._live:
            if self._parent is None or self._has_ended(number, state_word(found)):
                return
            for place in range(len(members)):
                self._note(number, place, as_curve(self._kept_points(number, place)), _now())
        steps = max((member.value_steps or 0 for member in members), default=0)
        told = dict(zip(("value", "second"), found.values, strict=False))
        if told and len(members) > 1:
            values = trial_outcome.by_seed(members)
            of_seeds = {"value_std": trial_outcome.spread(values)}
            of_seeds |= {f"seed-{place}/value": value for place, value in enumerate(values)}
            told |= {name: value for name, value in of_seeds.items() if value is not None}
        self._note(number, 0, [(steps, told)], _now())
        state = state_word(found)
        tags = {"lockstep.state": state, "lockstep.diverged_at": found.diverged_at, "lockstep.reason": found.reason}
        tags["lockstep.given_up_at"] = found.given_up_at
        self._tell(number, {key: str(tag) for key, tag in tags.items() if tag is not None})
        self._seen.pop(number, None)
        run_id = self._runs.get(number)
        if run_id is not None:
            self._ended.add(number)
            with self._writes.of(number):
                self._writes.insist(lambda: self._client.set_terminated(run_id, STATUSES[state]))

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

    def _end_run(self, run_id: str, state: str, metrics: Sequence[Metric], tags: Mapping[str, str]) -> None:
        run_tags = [RunTag(key, tag) for key, tag in {"lockstep.state": state, **tags}.items()]
        self._writes.insist(lambda: self._client.log_batch(run_id, metrics=metrics, tags=run_tags))
        self._writes.insist(lambda: self._client.set_terminated(run_id, STATUSES[state]))

    def _cut_off(self) -> None:
        """The search was left in the middle: what has not ended waits, the study's own run too."""
        self._put_back()
        if self._parent is not None:
            self._end_run(self._parent, "waiting", [], {})

    def _put_back(self) -> None:
        self._write_pending()
        for number in self._runs.keys() - self._ended:
            self._end_run(self._runs[number], "waiting", [], {})

    def _end_study(self, summary: StudySummary) -> None:
        with self._writes.of(None):
            self._tell_end(summary)

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
        best, now = summary.best, _now()
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
                metrics = [Metric(name, value, _now(), found.seeds) for name, value in lacking.items()]
                if metrics:
                    self._writes.insist(partial(self._client.log_batch, run_id, metrics=metrics))

    def _mark_front(self, front: set[int]) -> None:
        for number in sorted(front ^ self._on_front):
            run_id, on_it = self._runs.get(number), str(number in front).lower()
            if run_id is not None:
                self._writes.insist(partial(self._client.set_tag, run_id, FRONT, on_it))
        self._on_front = front


def _now() -> int:
    return int(time.time() * 1000)
