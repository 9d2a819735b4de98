"""All studies of a storage: how one is made and named, and found again."""

import difflib
import itertools
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from tuning.errors import Note, StorageError, StudyError, StudyExists, StudyNotFound
from tuning.study import sqlite
from tuning.study.attributes import CREATED, FORMAT, KEY, NOTES, START, SWEEP
from tuning.study.clock import Now
from tuning.study.experiment import EXPERIMENT, Experiment
from tuning.study.file_locks import alone
from tuning.study.paths import Home
from tuning.study.patient_storage import PatientStorage
from tuning.study.study import Study
from tuning.study.urls import expanded, with_driver, without_password
from tuning.sweep import kept_sweep
from tuning.sweep.model import Sweep

LONGEST = 255
"""Bytes that the name of a folder may have."""


def storage(url: str) -> RDBStorage:
    """Optuna's storage at a URL, made where there is none. Raises StorageError."""
    path = _file(url)
    # Optuna fills in its templates, which URLs of ours are none of.
    wanted = with_driver(expanded(url)).replace("{", "{{").replace("}", "}}")
    try:
        if path is None:
            return PatientStorage(wanted, _of_server(wanted))
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"timeout": 60, "factory": sqlite.WriteAheadConnection}
        # The first use of a database lays out its tables.
        with alone(path.with_suffix(".lock")):
            return PatientStorage(wanted, {"connect_args": options})
    except ImportError as error:
        raise StorageError(f"the storage {without_password(url)} can't be used: {_lacking(url, error)}") from error
    # Of another version of Optuna it is a RuntimeError.
    except (SQLAlchemyError, StorageInternalError, OSError, RuntimeError) as error:
        raise StorageError(
            f"the storage {without_password(url)} can't be used: {str(error).partition(chr(10))[0]}; --storage "
            "names another, such as sqlite:////data/studies.db"
        ) from error


def _of_server(url: str) -> dict[str, Any]:
    """How a database that is no file is connected to: an idle connection may have broken meanwhile."""
    options: dict[str, Any] = {"pool_pre_ping": True}
    if url.startswith("postgresql"):
        # Of a server that answers no more, without a word, TCP would be told after two hours.
        options["connect_args"] = {
            "connect_timeout": 10,
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        }
    return options


def _lacking(url: str, error: ImportError) -> str:
    """Which driver of a database is missing, and how it is installed."""
    lacking = getattr(error.__cause__, "name", None) or error.name
    if url.startswith("postgres"):
        return (
            f"the driver {lacking} is not installed, which `pip install 'lockstep-tuning[postgres]'` does, or in the "
            "project's folder `pip install '.[postgres]'`"
        )
    return f"the driver {lacking} is not installed, which `pip install` of the package that has it does"


def _file(url: str) -> Path | None:
    """The file of an SQLite database; None of any other."""
    try:
        parts = make_url(expanded(url))
    except ArgumentError:
        return None
    named = parts.database if parts.get_backend_name() == "sqlite" else None
    return Path(named) if named and not named.startswith((":memory:", "file:")) else None


def place(home: Home, url: str) -> str:
    """Where studies are, as people are told: the root, or another storage than its own."""
    return str(home.root) if url == home.storage_url else without_password(url)


def create(
    home: Home, url: str, sweep: Sweep, name: str | None = None, start: Sequence[Mapping[str, Any]] = ()
) -> Study:
    """A new study, as `prepared` has it, made at once. Raises as that does."""
    return prepared(home, url, sweep, name, start)()


def prepared(
    home: Home,
    url: str,
    sweep: Sweep,
    name: str | None = None,
    start: Sequence[Mapping[str, Any]] = (),
    notes: Sequence[Note] = (),
    experiment: Experiment | None = None,
) -> Callable[[], Study]:
    """What makes a new study when it is called; what can be wrong with it is found out now.

    home, url: where its files lie, and Optuna's storage.
    name: the study's, else its sweep's with the first free number.
    start: parameters of the configurations to try right after those that the sweep lists.
    notes: what its checks have found worth knowing.
    experiment: what it is for, if it searches nothing.
    Raises StudyError where the name is none for a folder, StudyExists where it is taken, StorageError where nothing can
    be kept in the storage.
    """
    if name is not None and (
        name.strip() in ("", ".", "..") or "/" in name or not name.isprintable() or len(name.encode()) > LONGEST
    ):
        raise StudyError(
            f"name: {name[:60]!r}{'...' * (len(name) > 60)} should be one that a folder can have, as the study's files "
            f"lie in it: of at most {LONGEST} bytes, without slashes"
        )
    if url != home.storage_url:
        storage(url)
    known = names(home, url)
    if name in known:
        raise _taken(name, sweep, known)
    attributes: dict[str, Any] = {
        START: [dict(params) for params in start],
        NOTES: [note.as_json() for note in notes],
    }
    if experiment is not None:
        attributes[EXPERIMENT] = asdict(experiment)
    return partial(_created, home, url, sweep, name, attributes)


def _created(home: Home, url: str, sweep: Sweep, name: str | None, attributes: Mapping[str, Any]) -> Study:
    kept = storage(url)
    taken = set(optuna.get_all_study_names(kept))
    while True:
        wanted = name or _free(sweep.name, taken)
        try:
            study = optuna.create_study(study_name=wanted, storage=kept, directions=sweep.directions)
            break
        except optuna.exceptions.DuplicatedStudyError:
            if name and name in names(home, url):
                raise _taken(name, sweep, taken) from None
            if name:
                raise StudyExists(
                    f"name: {name!r} is that of a study whose making was cut off, or goes on now; choose another --name"
                ) from None
            # Another process took the number in this very moment.
            taken.add(wanted)
    study.set_user_attr(KEY, uuid.uuid4().hex)
    study.set_user_attr(CREATED, datetime.now(UTC).isoformat())
    for key, value in attributes.items():
        study.set_user_attr(key, value)
    study.set_user_attr(FORMAT, kept_sweep.FORMAT)
    # Last of all: who has it is a study of ours, and whole.
    study.set_user_attr(SWEEP, sweep.model_dump(mode="json"))
    return Study(home, kept, study)


def _taken(name: str, sweep: Sweep, taken: Collection[str]) -> StudyExists:
    return StudyExists(
        f"there is a study {name!r} already: `tuning resume {name}` goes on with it, `tuning show {name}` shows it; "
        f"choose another --name, or leave it out for {_free(sweep.name, taken)!r}"
    )


def opened(home: Home, url: str, name: str | None = None, now: Now = time.monotonic) -> Study:
    """The study of this name, or the newest.

    home, url: where its files lie, and Optuna's storage.
    now: what its seconds are counted by.
    Raises StudyNotFound where there is none.
    """
    kept = _storage_there(home, url)
    known = [] if kept is None else _names(kept)
    if kept is None or not known:
        raise StudyNotFound(f"there are no studies in {place(home, url)}; `tuning run cartpole-dqn` makes one")
    if name is not None and name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        meant = (near or known[-1:])[0]
        raise StudyNotFound(f"there is no study {name!r} in {place(home, url)}; did you mean {meant!r}?")
    return Study(home, kept, optuna.load_study(study_name=name or known[-1], storage=kept), now)


def every(home: Home, url: str) -> list[Study]:
    """All studies, the newest last."""
    kept = _storage_there(home, url)
    if kept is None:
        return []
    return [Study(home, kept, optuna.load_study(study_name=name, storage=kept)) for name in _names(kept)]


def names(home: Home, url: str) -> list[str]:
    """The names of all studies, the newest last."""
    kept = _storage_there(home, url)
    return [] if kept is None else _names(kept)


def _storage_there(home: Home, url: str) -> RDBStorage | None:
    """The storage, if there is one: who only looks makes no database."""
    path = home.database if url == home.storage_url else _file(url)
    return None if path is not None and not path.exists() else storage(url)


def _names(kept: RDBStorage) -> list[str]:
    # Not `optuna.get_all_study_summaries`, which reads all trials of all studies.
    ours = [each for each in kept.get_all_studies() if SWEEP in each.user_attrs]
    return [each.study_name for each in sorted(ours, key=lambda each: str(each.user_attrs.get(CREATED)))]


def _free(stem: str, taken: Collection[str]) -> str:
    return next(name for number in itertools.count(1) if (name := f"{stem}-{number}") not in taken)
