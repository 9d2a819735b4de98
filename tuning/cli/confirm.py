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
    seeds: Annotated[int | None, typer.Option(help="Fresh trainings of each.", min=2, max=1_000)] = None,
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
    given = {key: value for key, value in (("top", top), ("seeds", seeds)) if value is not None}
    with during_a_run(), log_file(study.home):
        with ended_at_once():
            from tuning import runner
            from tuning.sweep.sections import Confirm

        name_unused_files()
        wanted = (study.sweep.confirm or Confirm()).model_copy(update=given)
        summary = runner.confirm(study, wanted, address=address, console=err, hire=context.obj.hire)
    show_summary(summary, as_json)
