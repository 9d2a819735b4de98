"""The command that tells MLflow the rest of a study."""

import json
from dataclasses import asdict

import typer

from tuning.cli.options import Json, Root, Storage, StudyName
from tuning.cli.preparation import opened
from tuning.cli.printing import out
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file


def sync(name: StudyName = None, root: Root = None, storage: Storage = None, as_json: Json = False) -> None:
    """Tell MLflow what it has not been told of a study.

    Exits with 1 where it does not take all of it.
    """
    study = opened(name, root, storage)
    with during_a_run(), log_file(study.home):
        from tuning.tracking.sync import sync as tell

        found = tell(study)
    if as_json:
        print(json.dumps({"study": study.name, **asdict(found)}))
    else:
        points = f"{found.points:,} point{'s' * (found.points != 1)}"
        line = found.shortfall or f"{study.name}: MLflow has all of its {found.trials} trials; {points} told now"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    if found.shortfall:
        raise typer.Exit(1)
