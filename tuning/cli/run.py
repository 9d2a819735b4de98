"""The command that runs a sweep."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import Address, Data, Environment, Json, LoopName, Root, Settings, Storage, SweepName, Target
from tuning.cli.preparation import name_unused_files, ready_for_ray, source_of
from tuning.cli.printing import err, finish, say
from tuning.errors import ArgumentError, StudyExists, StudyNotFound
from tuning.study.paths import Home
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file
from tuning.workers.termination import ended_at_once

if TYPE_CHECKING:
    from tuning.study.study import Study

JOBS = ("SLURM_JOB_ID", "RAY_JOB_ID", "RAY_JOB_CONFIG_JSON_ENV_VAR")
"""Variables of jobs that are begun again with the same command after whatever has ended them."""


def run(
    context: typer.Context,
    source: SweepName = None,
    environment: Environment = None,
    data: Data = None,
    target: Target = None,
    loop: LoopName = None,
    name: Annotated[str | None, typer.Option(help="Of the study.  [default: the sweep's, numbered]")] = None,
    trials: Annotated[str | None, typer.Option(help="How many configurations to try.")] = None,
    workers: Annotated[str | None, typer.Option(help="How many packs train at a time.")] = None,
    pack_size: Annotated[str | None, typer.Option(help="Members trained in lockstep.")] = None,
    seed: Annotated[str | None, typer.Option(help="Of the search.")] = None,
    or_resume: Annotated[
        bool | None,
        typer.Option(
            "--or-resume/--no-resume",
            help="Go on with the study of this --name where there is one.  [default: in a job of Slurm's or Ray's]",
        ),
    ] = None,
    settings: Settings = None,
    address: Address = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Run a sweep."""
    options = {"trials": trials, "workers.count": workers, "pack_size": pack_size, "seed": seed}
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    ready_for_ray(address)
    with ended_at_once():
        from tuning.sweep import loading

        wanted = source_of("run", source, environment, data, target, loop)
    checked, home = loading.checked(wanted, [*(settings or []), *given]), Home.at(root)
    say(checked.notes, err)
    with during_a_run(), log_file(home):
        with ended_at_once():
            from tuning import runner

        name_unused_files()
        there = _to_go_on(name, or_resume, home, storage)
        if there is not None:
            there.insist_on(checked.sweep)
            finish(runner.resume(there, address=address, console=err, hire=context.obj.hire), as_json)
            return
        try:
            summary = runner.run(
                checked.sweep,
                home,
                name=name,
                notes=checked.notes,
                storage_url=storage,
                address=address,
                console=err,
                hire=context.obj.hire,
            )
        except StudyExists:
            # Another process has made it since; who runs it is said then.
            there = _to_go_on(name, or_resume, home, storage)
            if there is None:
                raise
            there.insist_on(checked.sweep)
            summary = runner.resume(there, address=address, console=err, hire=context.obj.hire)
    finish(summary, as_json)


def _to_go_on(name: str | None, wanted: bool | None, home: Home, storage: str | None) -> "Study | None":
    """The study that a command goes on with in place of making it; None where there is none, or it is not to.

    name: of the study, as the command has it.
    wanted: whether to go on; None: where this is a job that may be begun again.
    home, storage: where studies are.
    """
    if wanted and name is None:
        raise ArgumentError("--or-resume: needs the --name of the study, which is numbered anew else")
    if name is None or not (any(each in os.environ for each in JOBS) if wanted is None else wanted):
        return None
    from tuning.study import catalogue

    try:
        return catalogue.opened(home, home.storage(storage), name)
    except StudyNotFound:
        return None
