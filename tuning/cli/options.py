"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.invocation import Invocation
from tuning.cli.printing import err
from tuning.study.paths import Home
from tuning.study.urls import without_password

SweepName = Annotated[
    str | None, typer.Argument(metavar="SWEEP", help="A preset's name (see `tuning presets`) or a YAML file.")
]
Environment = Annotated[
    str | None, typer.Option(metavar="ID", help="In place of a sweep: one is suggested, as `tuning new` writes it.")
]
Data = Annotated[str | None, typer.Option(metavar="FILE", help="Likewise, of a table to learn from.")]
Target = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Of the table, to predict.  [default: the last column]")
]
LoopName = Annotated[str | None, typer.Option("--loop", metavar="LOOP", help="What trains.  [default: what fits]")]
StudyName = Annotated[str | None, typer.Argument(metavar="NAME", help="The study; left out: the newest.")]


def _warn_of_password(storage: str | None) -> str | None:
    if storage is not None and without_password(storage) != storage:
        err.print(
            "--storage: `ps` shows the password in it to everybody on this machine; LOCKSTEP_STORAGE, PGPASSWORD or "
            "~/.pgpass would not",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    return storage


Storage = Annotated[
    str | None,
    typer.Option(
        help="URL of Optuna's storage.  [default: $LOCKSTEP_STORAGE, or SQLite in the root]", callback=_warn_of_password
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY.PATH=VALUE", help="Put over the sweep; may be repeated.")
]
Address = Annotated[str | None, typer.Option(help="A Ray cluster to run on; auto: the one of this machine.")]


def _note_root(context: typer.Context, root: Path | None) -> Path | None:
    invocation: Invocation = context.obj
    invocation.home = Home.at(root)
    return root


Root = Annotated[
    Path | None,
    typer.Option(help="Folder of all studies.  [default: $LOCKSTEP_ROOT or runs]", callback=_note_root),
]
