"""SQLite with a write-ahead log: for our databases alone, and no longer than asked for."""

import sqlite3
from contextlib import closing
from pathlib import Path

import sqlalchemy
import sweeps
from sqlalchemy import Engine

from tuning.study import catalogue
from tuning.study.sqlite import write_ahead
from tuning.tracking.tracker import Tracker

FULL, NORMAL = 2, 1


def engine_of(path: Path) -> Engine:
    return sqlalchemy.create_engine(f"sqlite:///{path}")


def modes(engine: Engine) -> tuple[str, int]:
    """How a connection of the engine keeps its journal, and how far it waits for the disk."""
    with engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous")
        ]
    return str(pragmas[0]), int(pragmas[1])


def journal_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as database:
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])


def test_a_database_is_opened_with_a_write_ahead_log_and_no_other_is(tmp_path: Path) -> None:
    with write_ahead(tmp_path / "ours.db"):
        assert modes(engine_of(tmp_path / "ours.db")) == ("wal", NORMAL)
        assert modes(engine_of(tmp_path / "theirs.db")) == ("delete", FULL)


def test_engines_are_as_they_were_once_it_is_over(tmp_path: Path) -> None:
    with write_ahead(tmp_path / "ours.db"):
        pass
    assert modes(engine_of(tmp_path / "ours.db")) == ("delete", FULL)


def test_the_studies_and_what_mlflow_is_told_of_them_have_one(runs: Path) -> None:
    assert modes(catalogue.storage(f"sqlite:///{runs / 'studies.db'}").engine) == ("wal", NORMAL)
    with Tracker(sweeps.created(runs)).open():
        pass
    assert journal_of(runs / "mlflow.db") == "wal"
    assert modes(engine_of(runs / "mlflow.db"))[1] == FULL, "nothing listens to engines any more"
