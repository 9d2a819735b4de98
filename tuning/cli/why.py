"""The command that says what is wrong with a training."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.options import Json, Root, Storage, StudyName
from tuning.cli.preparation import opened
from tuning.cli.printing import out
from tuning.errors import ArgumentError
from tuning.study.paths import Home
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tuning.diagnosis.training import Training


def why(
    name: StudyName = None,
    trial: Annotated[
        int | None, typer.Option(help="Which one.  [default: the one to use, else the default configuration]")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All trials, in a table.")] = False,
    curves: Annotated[
        Path | None, typer.Option(help="Curves of any training: a .csv with a row a step, or a .json history.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="An MLflow run, whoever logged it.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="CURVE=COLUMN", help="Where a curve goes by another name; may be repeated."),
    ] = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with a training, and what might mend it."""
    from tuning.report import why as reasons

    given = [key for key, value in (("--curves", curves), ("--run", run_id)) if value is not None]
    if len(given) + (name is not None) > 1 or (given and (trial is not None or every)):
        raise ArgumentError(f"{' and '.join([*given, 'a study'])}: should be one of them")
    if given:
        from tuning.diagnosis import diagnosis
        from tuning.diagnosis.wanted import wanted

        training = elsewhere(curves, run_id, columns or [], Home.at(root))
        shown, found = str(curves or run_id), diagnosis.of_training(training)
        report = reasons.told(shown, found, wanted(training), wraps=out.is_terminal)
        print_reasons(reasons.as_json(shown, found), report, as_json)
        return
    if columns:
        raise ArgumentError("--map: goes with --curves or --run")
    study = opened(name, root, storage)
    summary = study.summary()
    if every:
        found_all = reasons.of_trials(study, summary, [each.number for each in summary.trials])
        listed = [reasons.as_json(number, each) for number, each in found_all.items()]
        print_reasons(listed, reasons.table(found_all), as_json)
        return
    chosen = trial if trial is not None else next((e.number for e in (summary.chosen, summary.default) if e), 0)
    found = reasons.of_trials(study, summary, [chosen])[chosen]
    report = reasons.told(f"trial {chosen} of {study.name}", found, wraps=out.is_terminal)
    print_reasons(reasons.as_json(chosen, found), report, as_json)


def elsewhere(curves: Path | None, run_id: str | None, columns: Sequence[str], home: Home) -> "Training":
    """A training that is no trial's: from a file, or from a run of MLflow."""
    pairs = [each.partition("=") for each in columns]
    if wrong := [each for each, (_, equals, column) in zip(columns, pairs, strict=True) if not (equals and column)]:
        raise ArgumentError(f"--map: should be CURVE=COLUMN, is {', '.join(wrong)}")
    given = {curve: column for curve, _, column in pairs}
    if curves is not None:
        from tuning.report import foreign_curves

        return foreign_curves.training(curves, given)
    with during_a_run(), log_file(home):
        from tuning.tracking import run_curves

        return run_curves.training(home, str(run_id), given)


def print_reasons(data: object, shown: "RenderableType", as_json: bool) -> None:
    """Print verdicts for a script or for a person."""
    if as_json:
        print(json.dumps(data))
    else:
        out.print(shown, highlight=False, soft_wrap=not out.is_terminal)
