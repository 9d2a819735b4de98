"""All commands, in the order of the help."""

from collections.abc import Callable

import typer

from tuning.cli.ablate import ablate
from tuning.cli.audit import audit
from tuning.cli.check import check
from tuning.cli.compare import compare
from tuning.cli.confirm import confirm
from tuning.cli.fields import list_fields
from tuning.cli.list import list_studies
from tuning.cli.mend import mend
from tuning.cli.new import new
from tuning.cli.predict import predict
from tuning.cli.presets import list_presets
from tuning.cli.replay import replay
from tuning.cli.report import report
from tuning.cli.resume import resume
from tuning.cli.run import run
from tuning.cli.show import show
from tuning.cli.sync import sync
from tuning.cli.train import train
from tuning.cli.ui import ui
from tuning.cli.why import why

COMMANDS: dict[str, Callable[..., None]] = {
    "new": new,
    "run": run,
    "resume": resume,
    "confirm": confirm,
    "predict": predict,
    "audit": audit,
    "sync": sync,
    "check": check,
    "presets": list_presets,
    "fields": list_fields,
    "list": list_studies,
    "show": show,
    "why": why,
    "mend": mend,
    "ablate": ablate,
    "train": train,
    "replay": replay,
    "report": report,
    "compare": compare,
    "ui": ui,
}


def application() -> typer.Typer:
    """The parser of all commands."""
    app = typer.Typer(
        help="Hyperparameter search that trains many configurations in lockstep on every worker.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    for name, command in COMMANDS.items():
        app.command(name)(command)
    return app
