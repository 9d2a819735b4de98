"""The command that opens MLflow's pages."""

import webbrowser
from typing import Annotated

import typer

from tuning.cli.options import Root, Storage, StudyName
from tuning.cli.preparation import opened
from tuning.cli.printing import out
from tuning.errors import ServerError
from tuning.study.paths import URI_VARIABLE, Home
from tuning.workers.library_settings import SETTINGS


def ui(
    name: StudyName = None,
    root: Root = None,
    storage: Storage = None,
    port: Annotated[int, typer.Option(help="On 127.0.0.1.", min=1, max=65535)] = 5000,
    browser: Annotated[
        bool | None, typer.Option("--open/--no-open", help="In a browser.  [default: where there is a display]")
    ] = None,
) -> None:
    """Open the MLflow UI on a study's runs.

    It is that of the server that MLFLOW_TRACKING_URI names, else one for this machine alone, which ends with Ctrl-C.
    """
    from tuning.tracking import shared_view
    from tuning.tracking import ui as pages

    study = opened(name, root, storage)
    experiment = study.attributes.tracking.get("experiment_id")
    page = "/#/experiments" if experiment is None else shared_view.address(experiment, study.attributes.key)
    opens = pages.can_be_opened() if browser is None else browser
    if (server := pages.server_elsewhere()) is not None:
        if not pages.answers(server):
            raise ServerError(f"{URI_VARIABLE}: {server} does not answer; start it, or leave the variable out")
        _say(f"{server}{page}")
        if opens:
            webbrowser.open(f"{server}{page}")
        return
    address = f"http://127.0.0.1:{port}{page}"
    pages.refuse_taken(port, address)
    _say(f"{address}\nshows the runs of {study.name}; Ctrl-C ends it.")
    pages.serve(Home.at(root), port, SETTINGS, lambda: opens and webbrowser.open(address))


def _say(line: str) -> None:
    out.print(line, highlight=False, markup=False, soft_wrap=True)
