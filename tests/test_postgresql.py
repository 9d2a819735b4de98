"""A sweep whose study is kept in PostgreSQL, which is away in the middle of it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import begun_postgres
import commands
import drivers
import pytest
import sweeps
from optuna.storages import RDBStorage
from postgres import Postgres

from tuning.study import catalogue
from tuning.study.paths import Home

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Connections of this process, which would end with it, are closed at the end of a test."""
    made, made_by = list[RDBStorage](), catalogue.storage

    def noted(url: str) -> RDBStorage:
        made.append(made_by(url))
        return made[-1]

    monkeypatch.setattr(catalogue, "storage", noted)
    yield
    for each in made:
        each.remove_session()
        each.engine.dispose()


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with begun_postgres.begun() as begun:
        yield begun


def done(server: Postgres, run: drivers.Driver) -> int:
    """How many trials have ended so far."""
    import psycopg

    run.assert_alive()
    with psycopg.connect(server.url()) as connection:
        if connection.execute("SELECT to_regclass('trials')").fetchone() == (None,):
            return 0
        (count,) = connection.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").fetchone() or (0,)
    return int(count)


def test_a_study_is_run_by_one_process_though_the_other_has_another_root(server: Postgres, tmp_path: Path) -> None:
    study = catalogue.create(Home.at(tmp_path / "one"), server.url(), sweeps.tiny(), "held")
    with study.held():
        other = commands.tuning(
            *("resume", "held", "--root", str(tmp_path / "other")),
            cwd=tmp_path,
            variables={"LOCKSTEP_STORAGE": server.url()},
        )
    assert other.returncode == 2, other.stderr
    assert f"is running 'held' now, from another folder or machine: process {os.getpid()} on" in other.stderr
    assert other.stderr.count("\n") == 1
    assert server.password not in other.stderr


def shown_to_all(mark: str) -> str:
    """What anybody on the machine sees of these processes."""
    return " ".join(drivers.command_of(each) for each in commands.processes(mark))


def test_a_database_that_is_away_is_waited_for_and_nothing_is_lost_or_told(server: Postgres, tmp_path: Path) -> None:
    variables = {"LOCKSTEP_STORAGE": server.url()}
    with drivers.running(tmp_path, variables=variables, trials=8, budget=20_000, pack_size=1) as run:
        commands.awaited(lambda: done(server, run) >= 1, 300, "a trial done")
        assert server.password not in shown_to_all(run.mark)
        server.stop("immediate")
        time.sleep(10)  # that it is away for
        server.start("fsync=off")
        out, err = run.process.communicate(timeout=400)
    assert run.process.returncode == 0, err
    assert "tiny-1: the storage is away, and waited for: " in err
    assert "tiny-1: the storage is there again" in err
    study = catalogue.opened(Home.at(run.root), server.url())
    sweeps.assert_sound(study, 8)
    assert {trial.state for trial in study.summary().trials} == {"complete"}
    audit = commands.tuning("audit", drivers.STUDY, "--root", str(run.root), cwd=tmp_path, variables=variables)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert server.password not in out + err + audit.stdout + audit.stderr
    assert not [
        path for path in run.root.rglob("*") if path.is_file() and server.password.encode() in path.read_bytes()
    ]
