"""MLflow's database in the folder of all studies: made whole, or not at all."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.tracking import MlflowClient

from tuning.study import sqlite
from tuning.study.file_locks import alone
from tuning.study.paths import Home
from tuning.study.urls import of_database


def make_database(home: Home) -> None:
    """Make MLflow's database where there is none.

    MLflow takes seconds to lay out its tables, and can neither use nor mend a database in which that was cut off.
    """
    database = home.tracking_database
    if database.exists():
        return
    home.root.mkdir(parents=True, exist_ok=True)
    with alone(home.tracking_lock):
        if not database.exists():
            _make(database)


def _make(database: Path) -> None:
    new = database.with_suffix(".new")
    for left in (new, Path(f"{new}-journal")):
        left.unlink(missing_ok=True)
    with TemporaryDirectory() as folder:
        aside = Path(folder).resolve() / database.name
        with sqlite.write_ahead(aside):
            MlflowClient(tracking_uri=of_database(aside)).search_experiments(max_results=1)
        # A copy, since MLflow goes on holding what it has opened.
        with closing(sqlite3.connect(aside)) as laid_out, closing(sqlite3.connect(new)) as whole:
            laid_out.backup(whole)
    os.replace(new, database)
