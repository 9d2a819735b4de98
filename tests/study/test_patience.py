"""A storage that is away is waited for, and what is written meanwhile is there once."""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from commands import Said
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError

from tuning.errors import StorageError, Waiting
from tuning.study import catalogue
from tuning.study import patience as patience_module
from tuning.study.optuna_tables import Tables
from tuning.study.paths import Home
from tuning.study.patience import Patience, is_away, is_full
from tuning.study.urls import with_driver


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s, self.slept = 0.0, list[float]()

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.slept.append(seconds)


def patience(clock: Clock, seconds: float = 60.0) -> tuple[Patience, list[str]]:
    """It, and what it says."""
    made, said = Patience(seconds, clock, clock.sleep), list[str]()
    made.say = said.append
    return made, said


def refused(by: str = "me:secret@host") -> OperationalError:
    return OperationalError("SELECT 1", None, Exception(f"connection to postgresql://{by} failed: refused\nmore"))


def sqlite(code: int) -> OperationalError:
    error = sqlite3.OperationalError("it is so")
    error.sqlite_errorcode = code
    return OperationalError("INSERT", None, error)


def wrapped(error: Exception) -> StorageInternalError:
    """As Optuna has it."""
    found = StorageInternalError("An exception is raised during the commit.")
    found.__cause__ = error
    return found


@pytest.mark.parametrize(
    ("error", "away", "full"),
    [
        (refused(), True, False),
        (wrapped(refused()), True, False),
        (DBAPIError("SELECT 1", None, Exception("gone"), connection_invalidated=True), True, False),
        (ProgrammingError("SELECT 1", None, Exception("no such table")), False, False),
        (IntegrityError("INSERT", None, Exception("twice")), False, False),
        (wrapped(ProgrammingError("SELECT 1", None, Exception("no such table"))), False, False),
        (StorageInternalError("of another kind"), False, False),
        (sqlite(sqlite3.SQLITE_BUSY), True, False),
        (sqlite(sqlite3.SQLITE_BUSY | 1 << 8), True, False),
        (sqlite(sqlite3.SQLITE_ERROR), False, False),
        (sqlite(sqlite3.SQLITE_READONLY), False, False),
        (sqlite(sqlite3.SQLITE_FULL), False, True),
    ],
)
def test_what_is_waited_for(error: Exception, away: bool, full: bool) -> None:
    assert (is_away(error), is_full(error)) == (away, full)


def test_a_storage_that_comes_back_is_waited_for_and_a_person_is_told() -> None:
    clock = Clock()
    waits, said = patience(clock)
    answers: list[Any] = [refused(), wrapped(refused()), "here"]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    assert waits.insist(ask) == "here"
    assert clock.slept == [0.2, 0.4]
    assert said == [
        "the storage is away, and waited for: connection to postgresql://me:***@host failed: refused",
        "the storage is there again",
    ]


def test_one_that_stays_away_is_given_up_and_then_not_waited_for_again() -> None:
    clock = Clock()
    waits, _ = patience(clock)
    waits.study = "night"

    def ask() -> str:
        raise refused()

    with pytest.raises(Waiting, match=r"away for 60 s: .*me:\*\*\*@host.*; `tuning resume night` goes on") as first:
        waits.insist(ask)
    assert waits.gave_up is first.value
    slept = len(clock.slept)
    with pytest.raises(Waiting):
        waits.insist(ask)
    assert len(clock.slept) == slept
    assert Waiting.exit_code == 75


def test_a_full_disk_is_not_waited_for() -> None:
    clock = Clock()
    waits, _ = patience(clock)

    def ask() -> str:
        raise sqlite(sqlite3.SQLITE_FULL)

    with pytest.raises(Waiting, match="the storage takes nothing more: it is so"):
        waits.insist(ask)
    assert not clock.slept


def test_what_came_through_all_the_same_is_not_asked_for_twice() -> None:
    clock = Clock()
    waits, _ = patience(clock)
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        raise refused()

    assert waits.insist(ask, lambda: "done") == "done"
    assert len(asked) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_batch_that_breaks_off_is_written_once_whether_it_had_come_through_or_not(
    runs: Path, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each first attempt at a batch breaks off, before its commit or after it."""
    monkeypatch.setattr(patience_module, "FIRST_WAIT_S", 0.0)
    study, write, tried = sweeps.created(runs, trials=4, pack_size=4), Tables._write, list[Any]()

    def breaking(tables: Tables, batch: Any) -> bool:
        again = any(batch is each for each in tried)
        tried.append(batch)
        if when == "before" and not again:
            raise refused()
        written = write(tables, batch)
        if not again:
            raise refused()
        return written

    monkeypatch.setattr(Tables, "_write", breaking)
    legs_by_hand.finished(study)
    sweeps.assert_sound(sweeps.opened(runs), 4)
    assert len(tried) >= 2


def test_a_driver_that_is_missing_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        StorageError, match=r"driver psycopg is not installed, which `pip install 'lockstep-tuning"
    ) as said:
        catalogue.names(Home.at(tmp_path), "postgresql://me:secret@127.0.0.1:9/studies")
    assert "secret" not in str(said.value)


def test_the_storage_may_be_named_by_a_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    assert home.storage(None) == home.storage_url
    monkeypatch.setenv("LOCKSTEP_STORAGE", "postgresql://host/studies")
    assert home.storage(None) == "postgresql://host/studies"
    assert home.storage("sqlite:///other.db") == "sqlite:///other.db"


def test_postgresql_is_spoken_to_by_the_driver_of_the_extra() -> None:
    assert with_driver("postgresql://host/x") == with_driver("postgres://host/x") == "postgresql+psycopg://host/x"
    assert with_driver("postgresql+psycopg2://host/x") == "postgresql+psycopg2://host/x"
    assert with_driver("sqlite:///x.db") == "sqlite:///x.db"


def test_a_password_on_the_command_line_is_warned_of(tuning: Callable[..., Said]) -> None:
    code, _, err = tuning("list", "--storage", "postgresql://me:secret@127.0.0.1:9/studies")
    assert code == 2
    warning, refusal = err.splitlines()
    assert warning.startswith("--storage: `ps` shows the password in it")
    assert refusal.startswith("the storage postgresql://me:***@127.0.0.1:9/studies can't be used: ")
    assert "secret" not in err
