"""The command that asks a study's best network."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import Json, Root, Storage, StudyName
from tuning.cli.preparation import opened
from tuning.cli.printing import err, out


def predict(
    name: StudyName = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="VALUES|FILE", help="A case, 12.0,0.3,..., or a file of them; may be repeated."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="A .csv to write the cases and their predictions to.")] = None,
    trial: Annotated[
        int | None, typer.Option(help="Whose network.  [default: first on fresh seeds, else best]")
    ] = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Predict cases with a study's best network, or ask its policy."""
    from tuning.report import predict as predictions

    summary = opened(name, root, storage).summary()
    answer = predictions.answer(summary, given or [], trial)
    for note in answer.notes:
        err.print(note, highlight=False, markup=False, soft_wrap=True)
    if output is not None:
        predictions.write(answer, output)
    if as_json:
        print(json.dumps(answer.as_json()))
    elif output is not None:
        line = f"{output}: {len(answer.cases):,} predictions of trial {answer.trial}"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    else:
        out.print(predictions.table(answer), highlight=False)
