"""THE loop: a sweep from its file to its best trial."""

import sys
import time
from contextlib import ExitStack
from functools import partial

from ray import tune
from rich.console import Console
from threadpoolctl import threadpool_limits

from trainables.tune import trainable_of
from tuning.errors import Interrupted, Problem, StudyError, SweepError
from tuning.report.importance import importances
from tuning.report.progress import ConfirmProgress, Progress
from tuning.search import confirm_search as confirming
from tuning.search.confirm_search import ConfirmSearch
from tuning.search.leg_search import PackSearch
from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.study.study import CONFIRM_SECONDS, Study
from tuning.study.summary import StudySummary
from tuning.sweep.model import Confirm, Sweep
from tuning.tracking import experiments, server
from tuning.tracking.tracker import Tracker
from tuning.workers import memory, team, tune_controller
from tuning.workers.ended_legs import EndedLegs
from tuning.workers.leg_errors import LegErrors
from tuning.workers.team import Team


def run(
    sweep: Sweep,
    home: Home,
    *,
    name: str | None = None,
    storage_url: str | None = None,
    address: str | None = None,
    console: Console | None = None,
) -> StudySummary:
    """Run a sweep and return the study as it stands at the end, finished or interrupted.

    home: the folder of all studies.
    name: of the study, else its sweep's with the first free number.
    storage_url: Optuna's storage, else the home's own.
    address: of a Ray cluster, else workers of this machine.
    console: where progress is drawn.
    Raises as `experiments.beginnings` and `catalogue.prepared` do, WorkersError where the workers can't be had,
    SweepError where this machine has not the memory for them, ServerError where MLflow can't be told as the environment
    says.
    """
    if team.begins_ray(address):
        memory.check(sweep)
    _refuse_tracking(sweep, home)
    # What is wrong with it is found out before the workers are begun, which takes seconds; it is made after, since they
    # may not be had.
    url = storage_url or home.storage_url
    start = [] if sweep.start_from is None else experiments.beginnings(home, url, sweep.start_from, sweep)
    create = catalogue.prepared(home, url, sweep, name, start)
    with team.open_team(sweep.workers, address) as workers:
        study = create()
        with study.held():
            return _follow(study, workers, console)


def resume(
    study: Study,
    *,
    sweep: Sweep | None = None,
    address: str | None = None,
    console: Console | None = None,
) -> StudySummary:
    """Go on with a study, whatever ended it: what is finished stands, what was under way goes on from its checkpoints.

    sweep: the same with more trials or another time limit. Raises StudyRunning where another process runs the study,
    SweepError where the sweep is changed to fewer trials than there are, ServerError where MLflow can't be told as the
    environment says.
    """
    _refuse_tracking(sweep or study.sweep, study.home)
    with study.held():
        if sweep is not None:
            _insist_on_enough(study, sweep.trials)
            study.change(sweep)
        with team.open_team(study.sweep.workers, address) as workers:
            return _follow(study, workers, console)


def _insist_on_enough(study: Study, trials: int) -> None:
    there = len(study.plans())
    if trials != study.sweep.trials and trials < there:
        more = f"{study.name!r} has {there} already; should be at least {there}, or +{trials} for so many more"
        raise SweepError([Problem("trials", f"{more}; is {trials}")])


def confirm(
    study: Study, wanted: Confirm, *, address: str | None = None, console: Console | None = None
) -> StudySummary:
    """Train the best trials and the default afresh, and say whether one of them is a champion.

    Scores that are there already are kept: asked for more seeds, or begun again, it trains only what is missing. What
    is wanted is kept with the study, as its sweep's own `confirm`: it stands when the study goes on.
    Raises StudyError where trials are compared by two objectives, StudyRunning where another process runs the study,
    ServerError where MLflow can't be told as the environment says, Interrupted where it has not come to its end.
    """
    if study.sweep.second is not None:
        raise StudyError(
            f"{study.name!r} compares trials by two objectives: it has a front, shown by `tuning show {study.name}`, "
            "and no best that could be confirmed"
        )
    _refuse_tracking(study.sweep, study.home)
    console = console or _silent()
    with study.held():
        study.change(study.sweep.model_copy(update={"confirm": wanted}))
        try:
            with team.open_team(study.sweep.workers, address) as workers, study.counting():
                ended = _confirm(study, wanted, workers, console)
        except KeyboardInterrupt:
            ended = False
        if ended and study.sweep.tracking == "mlflow":
            tracker = Tracker(study)
            with tracker.open(partial(_say, console)):
                tracker.ended(study.summary())
            _say_shortfall(tracker, console)
    if not ended:
        left = len(confirming.missing(study, wanted))
        raise Interrupted(
            f"the confirmation of {study.name!r} was interrupted with {left} of its trainings to go; "
            f"the others' scores are kept, and `tuning confirm {study.name}` goes on"
        )
    return study.summary()


def _follow(study: Study, workers: Team, console: Console | None) -> StudySummary:
    """A study that is held, from where it stands to its end."""
    console = console or _silent()
    # Legs are handed out by this thread; the one that tells MLflow lets it in ten times as soon as by default.
    sys.setswitchinterval(0.0005)
    trackers = [Tracker(study)] if study.sweep.tracking == "mlflow" else []
    with ExitStack() as stack:
        for tracker in trackers:
            stack.enter_context(tracker.open(partial(_say, console)))
        with study.counting():
            study.set_state("running", study.seconds)
            progress = Progress(study, console)
            with progress.shown():
                search = PackSearch(study, workers.count, [*trackers, progress])
                # With nothing left to train Tune would trip over files that it has not come to write.
                if search.unfinished:
                    _train(study, workers, search)
            ended, limit = search.ended, search.stopped if search.unfinished else None
            search.put_back()
            study.set_importances(importances(study.desk, study.sweep.space, study.sweep.seed))
            if ended and study.sweep.confirm is not None:
                ended = _confirm(study, study.sweep.confirm, workers, console)
        study.set_ended_by(limit if ended else None)
        study.set_state("finished" if ended else "interrupted", study.seconds)
        summary = study.summary()
        for tracker in trackers:
            tracker.ended(summary)
    for tracker in trackers:
        _say_shortfall(tracker, console)
    return study.summary()


def _refuse_tracking(sweep: Sweep, home: Home) -> None:
    if sweep.tracking == "mlflow":
        server.refuse_unusable(home)


def _say_shortfall(tracker: Tracker, console: Console) -> None:
    if tracker.shortfall:
        _say(console, tracker.shortfall)


def _say(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def _confirm(study: Study, wanted: Confirm, workers: Team, console: Console) -> bool:
    """Whether the confirmation came to its end; there is none of a study whose only value is the default's."""
    if not any(not trial.default for trial in confirming.candidates(study.summary(), wanted.top)):
        return True
    members, failures = confirming.missing(study, wanted), {}
    if members:
        search = ConfirmSearch(study, wanted, members, workers.count)
        progress = ConfirmProgress(study.name, len(members), study.sweep.budget, console)
        with study.counting(CONFIRM_SECONDS), progress.shown() as search.watcher:
            _train(study, workers, search)
        failures = search.failures
    missing = confirming.missing(study, wanted)
    if any((each.number, each.seed) not in failures for each in missing):
        return False
    if len(missing) == wanted.seeds * len(confirming.candidates(study.summary(), wanted.top)):
        why = next(iter(failures.values()))
        _say(console, f"nothing could be confirmed: {why}; `tuning confirm {study.name}` tries again")
        return True
    confirming.conclude(study, wanted, failures)
    return True


def _train(study: Study, workers: Team, search: PackSearch | ConfirmSearch) -> None:
    """Every leg of a search, placed by Ray Tune on workers that are kept from leg to leg."""
    folder = study.home.ray(study.name, time.time_ns())
    tune_controller.install()
    tuner = tune.Tuner(
        tune.with_resources(
            trainable_of(study.sweep.loop, study.sweep.metric, study.sweep.direction),
            {"cpu": workers.cpus, "gpu": workers.gpus},
        ),
        tune_config=tune.TuneConfig(
            search_alg=search,
            num_samples=-1,
            reuse_actors=True,
            max_concurrent_trials=workers.count,
            trial_name_creator=_leg_name,
            trial_dirname_creator=_leg_name,
        ),
        run_config=tune.RunConfig(
            name=folder.name,
            storage_path=str(folder.parent),
            verbose=0,
            # Tune's own for notebooks clears what others have drawn beneath a cell, even where it shows nothing.
            progress_reporter=tune.CLIReporter(),
            callbacks=[LegErrors(search), EndedLegs()],
            # Members' checkpoints are the trainable's own; Tune's would be another copy of each at the end of a leg.
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            failure_config=tune.FailureConfig(max_failures=study.sweep.tries - 1),
        ),
    )
    # All cores are the workers': samplers that compute on several would only take turns with them.
    with threadpool_limits(1):
        tuner.fit()


def _silent() -> Console:
    return Console(stderr=True, quiet=True, force_jupyter=False)


def _leg_name(trial: tune.experiment.Trial) -> str:
    return str(trial.config["leg"])
