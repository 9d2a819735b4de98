"""What the commands that train to test a claim have in common: options, and how they run and end."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.preparation import name_unused_files, ready_for_ray
from tuning.cli.printing import err, out
from tuning.errors import ArgumentError
from tuning.study.paths import Home
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file
from tuning.workers.termination import ended_at_once

if TYPE_CHECKING:
    from tuning.experiments.running import Answer
    from tuning.experiments.subjects import Subject
    from tuning.runner import Hire
    from tuning.study.experiment import Experiment
    from tuning.study.study import Study

SubjectName = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="A study, study/12, study/leader, study/default, a preset, a sweep file or an MLflow run.  "
        "[default: the newest study]",
    ),
]
Trial = Annotated[int | None, typer.Option(help="Of a study.  [default: the one to use, else its default]")]
Budget = Annotated[int | None, typer.Option(help="Of each training.  [default: the sweep's]", min=1)]
Seeds = Annotated[int | None, typer.Option(help="Trainings of each configuration.  [default: 10]", min=1, max=1_000)]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY.PATH=VALUE", help="Put over a preset or a sweep file; may be repeated."),
]


def experimented(
    ask: "Callable[[Callable[..., Subject]], tuple[Subject, Experiment]]",
    *,
    root: Path | None,
    storage: str | None,
    address: str | None,
    hire: "Hire | None",
    budget: int | None = None,
    seeds: int | None = None,
) -> "Answer":
    """Run an experiment, and return what it comes to.

    ask: with what finds a subject by its name, says which sweep it is about and what it is to find.
    budget, seeds: as for `running.begun`.
    """
    ready_for_ray(address)
    home = Home.at(root)
    url = home.storage(storage)
    with during_a_run(), log_file(home):
        with ended_at_once():
            from tuning.experiments import running, subjects

        name_unused_files()

        def found(name: str | None, trial: int | None = None, settings: list[str] | None = None) -> "Subject":
            return subjects.found(name, home, url, trial, settings or [])

        subject, experiment = ask(found)
        return running.begun(
            subject.sweep,
            experiment,
            home,
            url,
            budget=budget,
            seeds=seeds,
            address=address,
            console=err,
            hire=hire,
        )


def go_on(study: "Study", given: Sequence[object], address: str | None, hire: "Hire | None") -> "Answer":
    """Go on with an experiment. given: what else was asked for, of which it takes nothing."""
    if any(given):
        raise ArgumentError(f"{study.name!r} is no sweep, and goes on as it was begun: should be its name alone")
    with ended_at_once():
        from tuning.experiments import running

    name_unused_files()
    return running.resumed(study, address=address, console=err, hire=hire)


def show_answer(answer: "Answer", as_json: bool) -> None:
    """Print it for a script or for a person."""
    if as_json:
        print(json.dumps(answer.as_json()))
        return
    from tuning.experiments import running

    out.print(running.told(answer), highlight=False, soft_wrap=not out.is_terminal)
