"""The command that goes on with a study."""

from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.experiments import go_on, show_answer
from tuning.cli.options import Address, Json, Root, Settings, Storage, StudyName
from tuning.cli.preparation import name_unused_files, opened, ready_for_ray
from tuning.cli.printing import err, finish
from tuning.errors import StudyNotFound
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file
from tuning.workers.termination import ended_at_once


def resume(
    context: typer.Context,
    name: StudyName = None,
    source: Annotated[str | None, typer.Argument(metavar="SWEEP", help="Its sweep; refused where it differs.")] = None,
    trials: Annotated[str | None, typer.Option(help="In all; +50: so many more.")] = None,
    time: Annotated[str | None, typer.Option(help="Seconds, 10m or 2h, counted from now.")] = None,
    settings: Settings = None,
    address: Address = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Go on with a study, whatever ended it."""
    ready_for_ray(address)
    try:
        study = opened(name, root, storage)
    except StudyNotFound as error:
        if name is None or Path(name).suffix not in (".yaml", ".yml"):
            raise
        raise StudyNotFound(f"{error} A sweep comes second: `tuning resume NAME {name}`") from None
    given = [source, trials, time, settings]
    with during_a_run(), log_file(study.home):
        with ended_at_once():
            from tuning import runner
            from tuning.sweep import kept_sweep, loading

        if study.attributes.experiment is not None:
            answer = go_on(study, given, address, context.obj.hire)
            show_answer(answer, as_json)
            return
        if source is not None:
            study.insist_on(loading.load(source))
        name_unused_files()
        changed = kept_sweep.changed(study.sweep, trials, time, settings or [], study.attributes.kept_as)
        summary = runner.resume(study, sweep=changed, address=address, console=err, hire=context.obj.hire)
    finish(summary, as_json)
