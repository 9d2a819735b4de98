"""THE loop: a sweep from its file to its best trial."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any, Protocol, TypeAlias

from rich.console import Console

from tuning.errors import Interrupted, Note, Problem, StudyError, SweepError, Waiting
from tuning.report.confirm_progress import ConfirmProgress
from tuning.report.importance import importances
from tuning.report.progress import Progress
from tuning.report.remarks import remarks
from tuning.report.saying import say, silent, telling, warn
from tuning.search.confirm_plan import ConfirmPlan, conclusion, planned
from tuning.search.confirm_search import ConfirmPolicy
from tuning.search.leg_search import SearchPolicy
from tuning.search.leg_source import LegSource, Policy
from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.study.replay import replay
from tuning.study.study import Study
from tuning.study.summary import StudyState, StudySummary
from tuning.sweep import former_columns
from tuning.sweep.model import Sweep
from tuning.sweep.sections import Confirm, Workers
from tuning.tracking import experiments, server
from tuning.tracking.run_contents import REPORT
from tuning.tracking.tracker import Tracker
from tuning.workers import memory, shared_root
from tuning.workers.team import begins_ray, open_team

LIMITS = ("trials", "time_limit", "max_steps", "target")
"""Keys of a sweep that say when its search is over."""


REPORTED_FROM_S = 60
"""Seconds of a study from which on its report is made at its end: that takes up to three, and `tuning report` makes it
of any."""


class Crew(Protocol):
    """Who trains: a Team of Ray's workers (tuning/workers/team.py)."""

    @property
    def count(self) -> int:
        """How many packs train at a time."""

    def train(self, study: Study, source: LegSource[Any]) -> None:
        """Train what a source hands out for a study, until it is exhausted, or interrupted."""


Hire: TypeAlias = Callable[[Workers, str | None], AbstractContextManager[Crew]]
"""(how many workers, and what each gets; the address of a Ray cluster) -> them, as long as they are needed"""


def run(
    sweep: Sweep,
    home: Home,
    *,
    name: str | None = None,
    notes: Sequence[Note] = (),
    storage_url: str | None = None,
    address: str | None = None,
    console: Console | None = None,
    hire: Hire | None = None,
) -> StudySummary:
    """Run a sweep and return the study as it stands at the end, finished or interrupted.

    home: the folder of all studies.
    name: of the study, else its sweep's with the first free number.
    notes: what a person has been told of the sweep, kept with the study.
    storage_url: Optuna's storage, else the one of the environment, or the home's own.
    address: of a Ray cluster, else workers of this machine.
    console: where progress is drawn, and a person is told what MLflow was not told; None: nowhere.
    hire: who finds the workers, if not Ray.
    Raises as `experiments.beginnings` and `catalogue.prepared` do, WorkersError where the workers can't be had,
    SweepError where this machine has not the memory for them, ServerError where MLflow can't be told as the environment
    says.
    """
    refuse_too_large(sweep, address, hire)
    refuse_unusable(sweep, home, new=True)
    # What is wrong with it is found out before the workers are begun, which takes seconds; it is made after, since they
    # may not be had.
    url = home.storage(storage_url)
    start = [] if sweep.start_from is None else experiments.beginnings(home, url, sweep.start_from, sweep)
    create = catalogue.prepared(home, url, sweep, name, start, notes)
    with _hired(hire, sweep.workers, address, home) as team:
        study = create()
        with study.held(telling(study.name, console)):
            return follow(study, team, console)


def resume(
    study: Study,
    *,
    sweep: Sweep | None = None,
    address: str | None = None,
    console: Console | None = None,
    hire: Hire | None = None,
) -> StudySummary:
    """Go on with a study, whatever ended it: what is finished stands, what was under way goes on from its checkpoints.

    sweep: the same with more trials or another limit.
    address, console, hire: as for `run`.
    Raises StudyRunning where another process runs the study, SweepError where the sweep is changed to fewer trials than
    there are, ServerError where MLflow can't be told as the environment says.
    """
    refuse_unusable(sweep or study.sweep, study.home)
    refuse_other_columns(sweep or study.sweep, study)
    with study.held(telling(study.name, console)):
        if sweep is not None:
            _insist_on_enough(study, sweep.trials)
            if any(getattr(sweep, key) != getattr(study.sweep, key) for key in LIMITS):
                study.attributes.set_ended_by(None)
            study.change(sweep)
        with _hired(hire, study.sweep.workers, address, study.home) as team:
            return follow(study, team, console)


def confirm(
    study: Study,
    wanted: Confirm,
    *,
    address: str | None = None,
    console: Console | None = None,
    hire: Hire | None = None,
) -> StudySummary:
    """Train the best trials and the default afresh, and say whether one of them is a champion.

    Scores that are there already are kept: asked for more seeds, or begun again, it trains only what is missing.

    wanted: how many trials, on how many seeds; kept with the study, as its sweep's own `confirm`.
    address, console, hire: as for `run`.
    Raises StudyError where trials are compared by two objectives, StudyRunning where another process runs the study,
    ServerError where MLflow can't be told as the environment says, Interrupted where it has not come to its end.
    """
    if study.sweep.second is not None:
        raise StudyError(
            f"{study.name!r} compares trials by two objectives: it has a front, shown by `tuning show {study.name}`, "
            "and no best that could be confirmed"
        )
    refuse_unusable(study.sweep, study.home)
    refuse_other_columns(study.sweep, study)
    console = console or silent()
    with study.held(telling(study.name, console)):
        study.change(study.sweep.model_copy(update={"confirm": wanted}))
        plan = planned(study, study.summary(), wanted)
        try:
            with _hired(hire, study.sweep.workers, address, study.home) as team, study.clock.running():
                ended = confirmed(study, plan, team, console)
        except KeyboardInterrupt:
            ended = False
        if ended:
            with _tracked(study, console) as trackers:
                for tracker in trackers:
                    replay(study.records, tracker)
                _tell_end(study, trackers)
    if not ended and (why := study.attributes.waits_for) is not None:
        raise Waiting(f"the confirmation of {study.name!r} waits: {why}; `tuning confirm {study.name}` goes on then")
    if not ended:
        left = len(plan.missing(study.attributes.scores()))
        raise Interrupted(
            f"the confirmation of {study.name!r} was interrupted with {left} of its trainings to go; "
            f"the others' scores are kept, and `tuning confirm {study.name}` goes on"
        )
    return study.summary()


@contextmanager
def _hired(hire: Hire | None, workers: Workers, address: str | None, home: Home) -> Iterator[Crew]:
    """The workers, once all nodes that they may be on have proved that they have the root."""
    with (hire or open_team)(workers, address) as team:
        shared_root.prove(home)
        yield team


def follow(study: Study, team: Crew, console: Console | None = None) -> StudySummary:
    """Run a study that is held, from where it stands to its end.

    team: its workers.
    console: where progress is drawn.
    """
    console = console or silent()
    study.patience.say = telling(study.name, console)
    with _quick_switches(), _tracked(study, console) as trackers:
        with study.clock.running():
            search_is_over = study.attributes.is_confirming
            study.attributes.set_state("running", study.clock.seconds)
            ended = _searched(study, team, trackers, console, search_is_over)
            if ended and study.sweep.confirm is not None:
                plan = planned(study, study.summary(), study.sweep.confirm)
                ended = confirmed(study, plan, team, console, trackers)
        study.attributes.set_remarks(remarks(study.summary()) if ended else [])
        cut_off: StudyState = "interrupted" if study.attributes.waits_for is None else "waiting"
        study.attributes.set_state("finished" if ended else cut_off, study.clock.seconds)
        _tell_end(study, trackers)
    return study.summary()


def _searched(study: Study, team: Crew, trackers: list[Tracker], console: Console, is_over: bool) -> bool:
    """Search from where the study stands, and keep which limit has ended that early; whether it came to its end.

    is_over: it did, before the confirmation was cut off. Others as for `follow`.
    """
    progress = Progress(study, console, _behind(trackers))
    with progress.shown():
        search = SearchPolicy(study, team.count, [*trackers, progress])
        # With nothing left to train Tune would trip over files that it has not come to write.
        if search.unfinished and not is_over:
            study.attributes.set_ended_by(None)
            _train(team, study, search)
            study.attributes.set_ended_by(search.stopped if search.ended and search.unfinished else None)
    if search.exhausted and not search.unfinished:
        study.attributes.set_ended_by("exhausted")
    search.put_back()
    study.attributes.set_importances(importances(search.desk.study, study.sweep.space, study.sweep.seed))
    return is_over or search.ended


def confirmed(study: Study, plan: ConfirmPlan, team: Crew, console: Console, trackers: Sequence[Tracker] = ()) -> bool:
    """Train what is missing of a confirmation, and keep what it comes to; whether it came to its end.

    There is none of a study whose only value is the default's. trackers: who tells MLflow meanwhile; others as for
    `follow`.
    """
    if not any(not trial.default for trial in plan.candidates):
        return True
    missing, failures = plan.missing(study.attributes.scores()), dict[tuple[int, int], str]()
    if missing:
        progress = ConfirmProgress(study.name, len(missing), study.sweep.budget, console, _behind(trackers))
        policy = ConfirmPolicy(study, plan, team.count, progress)
        with study.clock.confirming(), progress.shown():
            _train(team, study, policy)
        failures = policy.failures
    known = {**dict.fromkeys(failures), **study.attributes.scores()}
    if plan.missing(known):
        return False
    if all(key in failures for key in plan.due(known)):
        why = next(iter(failures.values()))
        warn(console, f"nothing could be confirmed: {why}; `tuning confirm {study.name}` tries again")
        return True
    study.attributes.set_confirmation(conclusion(study, plan, failures))
    return True


def _train(team: Crew, study: Study, policy: Policy[Any]) -> None:
    """Train what a policy hands out, and keep what keeps it from being trained, if that is no fault of the trials."""
    source = LegSource(policy)
    if study.attributes.waits_for is not None:
        study.attributes.set_waits_for(None)
    team.train(study, source)
    if source.waits_for is not None:
        study.attributes.set_waits_for(source.waits_for)


def _insist_on_enough(study: Study, trials: int) -> None:
    there = len(study.records.plans())
    if trials != study.sweep.trials and trials < there and study.sweep.sampler != "grid":
        more = f"{study.name!r} has {there} already; should be at least {there}, or +{trials} for so many more"
        raise SweepError([Problem("trials", f"{more}; is {trials}")])


def refuse_too_large(sweep: Sweep, address: str | None, hire: Hire | None) -> None:
    """Raise SweepError where the workers would be this machine's, and it has not the memory for them."""
    if hire is None and begins_ray(address):
        memory.check(sweep, memory.available())


def refuse_unusable(sweep: Sweep, home: Home, new: bool = False) -> None:
    """Raise ServerError where MLflow is to be told, and can't be as the environment says.

    new: whether a study is to begin; then a server must answer, since one that never did is most likely misspelt. It
    may be away when a study goes on, as it may while one runs.
    """
    if sweep.tracking == "mlflow":
        server.refuse_unusable(home)
        if new:
            server.refuse_silent(home)


def refuse_other_columns(sweep: Sweep, study: Study) -> None:
    """Raise SweepError where trials to come would learn from other columns than those of a study that are there."""
    found = former_columns.problem(sweep, study.attributes.kept_as)
    if found is not None:
        raise SweepError([found])


def _tell_end(study: Study, trackers: list[Tracker]) -> None:
    """Have MLflow told how the study stands, and give it the report where that took long beside the making of it."""
    summary = study.summary()
    for tracker in trackers:
        tracker.ended(summary)
        if summary.state == "finished" and summary.seconds >= REPORTED_FROM_S and study.attributes.experiment is None:
            tracker.keep_text(REPORT, partial(_report, study))


def _report(study: Study) -> str:
    # Imports what draws, which takes a second.
    from tuning.report.material import material
    from tuning.report.study_page import study_page

    return study_page(material(study)).as_html()


@contextmanager
def _tracked(study: Study, console: Console) -> Iterator[list[Tracker]]:
    """Who tells MLflow, if anybody does; at the end a person is told what it was not told."""
    trackers = [Tracker(study)] if study.sweep.tracking == "mlflow" else []
    with ExitStack() as stack:
        for tracker in trackers:
            stack.enter_context(tracker.open(telling(study.name, console)))
        yield trackers
    for tracker in trackers:
        for line in tracker.news:
            say(console, f"{study.name}: {line}")
        if tracker.shortfall:
            warn(console, tracker.shortfall)


def _behind(trackers: Sequence[Tracker]) -> Callable[[], str | None]:
    """Says how far MLflow is behind, while it is."""
    return lambda: next((said for tracker in trackers if (said := tracker.behind) is not None), None)


@contextmanager
def _quick_switches() -> Iterator[None]:
    """Legs are handed out by this thread; the one that tells MLflow lets it in ten times as soon as by default."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
