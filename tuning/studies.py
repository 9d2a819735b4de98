"""All studies of a storage: how one is made and named, and found again."""

import difflib
import itertools
import uuid
from datetime import UTC, datetime
from pathlib import Path

import optuna
from optuna.storages import RDBStorage

from tuning import beginnings, sqlite
from tuning.errors import StudyError, StudyExists, StudyNotFound, SweepError
from tuning.locks import alone
from tuning.paths import Home
from tuning.study import CREATED, KEY, SWEEP, Study
from tuning.sweep import Sweep


def storage(url: str) -> RDBStorage:
    """Optuna's storage at a URL."""
    if not url.startswith("sqlite:///"):
        return RDBStorage(url)
    path = Path(url.removeprefix("sqlite:///"))
    path.parent.mkdir(parents=True, exist_ok=True)
    sqlite.write_ahead(path)
    # The first use of a database lays out its tables.
    with alone(path.with_suffix(".lock")):
        return RDBStorage(url, engine_kwargs={"connect_args": {"timeout": 60}})


def create(home: Home, url: str, sweep: Sweep, name: str | None = None) -> Study:
    """A new study: under this name, or after its sweep with the first free number.

    Raises StudyError where the name is none for a folder or the study to start from is none of the same loop,
    StudyNotFound where that is none at all, StudyExists where the name is taken.
    """
    if name is not None and (name in ("", ".", "..") or "/" in name or not name.isprintable()):
        raise StudyError(f"name: {name!r} should be one that a folder can have, as the study's files lie in it")
    start = [] if sweep.start_from is None else opened(home, url, sweep.start_from).best_for(sweep)
    kept = storage(url)
    taken = set(optuna.get_all_study_names(kept))
    while True:
        wanted = name or _free(sweep.name, taken)
        try:
            study = optuna.create_study(study_name=wanted, storage=kept, directions=sweep.directions)
            break
        except optuna.exceptions.DuplicatedStudyError:
            if name:
                raise StudyExists(
                    f"there is a study {name!r} already, shown by `tuning show {name}`; choose another --name, or "
                    f"leave it out for {_free(sweep.name, taken)!r}"
                ) from None
            # Another process took the number in this very moment.
            taken.add(wanted)
    study.set_user_attr(SWEEP, sweep.model_dump(mode="json"))
    study.set_user_attr(KEY, uuid.uuid4().hex)
    study.set_user_attr(CREATED, datetime.now(UTC).isoformat())
    study.set_user_attr(beginnings.START, start)
    return Study(home, kept, study)


def opened(home: Home, url: str, name: str | None = None) -> Study:
    """The study of this name, or the newest.

    Raises StudyNotFound where there is none, StudyError where its sweep, kept by an earlier version, can't be run.
    """
    known = names(home, url)
    if not known:
        raise StudyNotFound(f"there are no studies in {home.root}; `tuning run cartpole-dqn` makes one")
    if name is not None and name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise StudyNotFound(f"there is no study {name!r} in {home.root}; did you mean {(near or known[-1:])[0]!r}?")
    kept, chosen = storage(url), name or known[-1]
    study = optuna.load_study(study_name=chosen, storage=kept)
    try:
        return Study(home, kept, study)
    except SweepError as error:
        raise StudyError(f"{chosen!r} is the study of a sweep that can't be run:\n{error}") from error


def names(home: Home, url: str) -> list[str]:
    """All studies, the newest last."""
    if url == home.storage_url and not home.database.exists():
        return []
    summaries = optuna.get_all_study_summaries(storage(url))
    ours = [each for each in summaries if SWEEP in each.user_attrs]
    return [each.study_name for each in sorted(ours, key=lambda each: str(each.user_attrs.get(CREATED)))]


def _free(stem: str, taken: set[str]) -> str:
    return next(name for number in itertools.count(1) if (name := f"{stem}-{number}") not in taken)
