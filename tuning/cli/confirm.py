"""The command that trains the best afresh."""

from typing import Annotated

import typer

from tuning.cli.options import Address, Json, Root, Storage, StudyName
from tuning.cli.preparation import name_unused_files, opened, ready_for_ray
from tuning.cli.printing import err, show_summary
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file
from tuning.workers.termination import ended_at_once


def confirm(
    context: typer.Context,
    name: StudyName = None,
    top: Annotated[int | None, typer.Option(help="How many of the best trials.", min=1, max=100)] = None,
    seeds: Annotated[
        str | None, typer.Option(help="Fresh trainings of each; auto: as many as it takes, up to 20.", metavar="N")
    ] = None,
    address: Address = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Train the best afresh, and name a champion if there is one.

    The best trials and the default, on seeds that no part of the search has used. Scores that are there are kept.
    """
    ready_for_ray(address)
    study = opened(name, root, storage)
    count = int(seeds) if seeds is not None and seeds.isdecimal() else seeds
    given = {f"confirm.{key}": value for key, value in (("top", top), ("seeds", count)) if value is not None}
    with during_a_run(), log_file(study.home):
        with ended_at_once():
            from tuning import runner
            from tuning.sweep import kept_sweep
            from tuning.sweep.sections import Confirm

        name_unused_files()
        before = study.sweep.confirm or Confirm()
        settings = {"confirm": before.model_dump(mode="json"), **given}
        wanted = kept_sweep.changed(study.sweep, None, None, settings).confirm or before
        summary = runner.confirm(study, wanted, address=address, console=err, hire=context.obj.hire)
    show_summary(summary, as_json)
