"""The command that opens MLflow's pages."""

from typing import Annotated

import typer

from tuning.cli.options import Root, Storage, StudyName
from tuning.cli.preparation import opened
from tuning.cli.printing import out
from tuning.study.paths import Home
from tuning.workers.library_settings import SETTINGS


def ui(
    name: StudyName = None,
    root: Root = None,
    storage: Storage = None,
    port: Annotated[int, typer.Option(help="On 127.0.0.1.", min=1, max=65535)] = 5000,
) -> None:
    """Open the MLflow UI on a study's runs, for this machine alone."""
    from tuning.tracking import shared_view
    from tuning.tracking import ui as pages

    study = opened(name, root, storage)
    experiment = study.attributes.tracking.get("experiment_id")
    page = "/#/experiments" if experiment is None else shared_view.address(experiment, study.attributes.key)
    if (server := pages.server_elsewhere()) is not None:
        out.print(f"{server}{page}", highlight=False, markup=False, soft_wrap=True)
        return
    address = f"http://127.0.0.1:{port}{page}"
    pages.refuse_taken(port, address)
    out.print(
        f"{address}\nshows the runs of {study.name}; Ctrl-C ends it.", highlight=False, markup=False, soft_wrap=True
    )
    pages.serve(Home.at(root), port, SETTINGS)
