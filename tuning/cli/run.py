"""The command that runs a sweep."""

from typing import Annotated

import typer

from tuning.cli.options import Address, Data, Environment, Json, LoopName, Root, Settings, Storage, SweepName, Target
from tuning.cli.preparation import name_unused_files, ready_for_ray, source_of
from tuning.cli.printing import err, finish, say
from tuning.study.paths import Home
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file
from tuning.workers.termination import ended_at_once


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
    finish(summary, as_json)
