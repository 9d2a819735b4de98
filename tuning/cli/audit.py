"""The command that compares storage, MLflow and checkpoints."""

import json
from typing import Annotated

import typer

from tuning.cli.options import Json, Root, Storage, StudyName
from tuning.cli.preparation import opened
from tuning.cli.printing import err, out
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file


def audit(
    name: StudyName = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Compare a study's storage, MLflow and checkpoints.

    Exits with 1 where they differ.
    """
    study = opened(name, root, storage)
    with during_a_run(), log_file(study.home):
        from tuning.tracking.audit import differences

        found = differences(study)
        if found and repair:
            from tuning.tracking.repair import mend

            shortfall = mend(study)
            mended, found = found, differences(study)
            err.print(f"{len(mended) - len(found)} of {len(mended)} differences mended", highlight=False)
            if shortfall:
                err.print(shortfall, highlight=False, markup=False, soft_wrap=True)
    if as_json:
        print(json.dumps([{"where": each.where, "message": each.message} for each in found]))
    else:
        lines = [str(each) for each in found] or [f"{study.name}: storage, MLflow and checkpoints agree"]
        out.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(1)
