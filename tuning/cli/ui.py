"""The command that opens MLflow's pages."""

from typing import Annotated

import typer

from tuning.cli.options import Root, Storage
from tuning.cli.preparation import opened
from tuning.cli.printing import out
from tuning.study.paths import Home
from tuning.workers.library_settings import SETTINGS


def ui(
    root: Root = None,
    storage: Storage = None,
    port: Annotated[int, typer.Option(help="On 127.0.0.1.", min=1, max=65535)] = 5000,
) -> None:
    """Open the MLflow UI on the runs, for this machine alone."""
    from tuning.tracking import ui as pages

    newest = opened(None, root, storage).summary()
    page = f"/#/experiments/{newest.tracking.get('experiment_id', '0')}/runs"
    if pages.server_elsewhere():
        line = f"The runs are kept by the server that MLFLOW_TRACKING_URI names; its page is {page}"
        out.print(line, highlight=False)
        return
    pages.refuse_taken(port, page)
    out.print(f"http://127.0.0.1:{port}{page} shows the runs; Ctrl-C ends it.", highlight=False, soft_wrap=True)
    pages.serve(Home.at(root), port, SETTINGS)
