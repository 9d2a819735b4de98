"""Runs an experiment from its beginning, or goes on with one that was cut off."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from rich.console import Console, RenderableType

from tuning.errors import StudyError
from tuning.experiments import ablate, laboratory, mend, replay, train
from tuning.experiments.laboratory import Laboratory
from tuning.report import ablation, mending, replaying, trained
from tuning.report.ablation import Ablated
from tuning.report.mending import Mended
from tuning.report.replaying import Replay
from tuning.report.trained import Trained
from tuning.runner import Crew, Hire
from tuning.study.experiment import Experiment, Kind
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.sweep.model import Sweep

SEEDS = 10
"""Trainings of each configuration, if not as many as are asked for."""

Answer: TypeAlias = Mended | Ablated | Replay | Trained

_ANSWERS: Mapping[Kind, Callable[[Laboratory], Answer]] = {
    "mend": mend.answer,
    "ablate": ablate.answer,
    "replay": replay.answer,
    "train": train.answer,
}


def begun(
    sweep: Sweep,
    experiment: Experiment,
    home: Home,
    url: str,
    *,
    budget: int | None = None,
    seeds: int | None = None,
    address: str | None = None,
    console: Console | None = None,
    hire: Hire | None = None,
) -> Answer:
    """Run an experiment, as a study of its own, and return what it comes to.

    sweep: of what it is about.
    home, url: where studies are.
    budget: of each training; None: the sweep's.
    seeds: trainings of each configuration; None: SEEDS.
    address, console, hire: as for `runner.run`.
    Raises Interrupted, and as `runner.run` does.
    """
    seeds = len(experiment.asked["seeds"]) if experiment.kind == "replay" else seeds or SEEDS
    create = laboratory.prepared(home, url, sweep, experiment, budget, seeds)
    with laboratory.at_work(create, sweep, address, console, hire) as here:
        return _answered(here, experiment)


def resumed(
    study: Study, *, address: str | None = None, console: Console | None = None, hire: Hire | None = None
) -> Answer:
    """Go on with the experiment of a study, whatever ended it; one that has come to its end says again what it found.

    Raises StudyError where the study is no experiment, and as `begun` does.
    """
    experiment = study.attributes.experiment
    if experiment is None:
        raise StudyError(f"{study.name!r} is a sweep")
    with laboratory.at_work(study, study.sweep, address, console, hire) as here:
        return _answered(here, experiment)


def again(study: Study) -> Answer | None:
    """What the experiment of a study found, said again; None of a sweep, and of one that has not come to its end."""
    experiment = study.attributes.experiment
    if experiment is None or study.attributes.found is None:
        return None
    return _ANSWERS[experiment.kind](Laboratory(study, _nobody, None))


def _nobody() -> Crew:
    raise StudyError("an experiment that has come to its end trains nothing")


def _answered(here: Laboratory, experiment: Experiment) -> Answer:
    answer = _ANSWERS[experiment.kind](here)
    if here.study.attributes.found is None:
        here.study.attributes.set_found(answer.as_json())
    return answer


def told(answer: Answer) -> RenderableType:
    """What a person is shown of it."""
    match answer:
        case Mended():
            return mending.told(answer)
        case Ablated():
            return ablation.told(answer)
        case Replay():
            return replaying.told(answer)
        case Trained():
            return trained.told(answer)
