"""One process runs a study, wherever the others are; one that is gone is followed by the next."""

import os
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import sweeps
from optuna.storages import RDBStorage

from tuning.errors import StudyRunning
from tuning.study import catalogue, lease
from tuning.study.lease import DEAD_AFTER_S, Lease, Owner, seems_alive, this_process
from tuning.study.paths import Home
from tuning.study.study import Study

GONE = replace(this_process(), key="gone", began="0")
"""A process of this machine that has ended, and whose number another one has now."""
ELSEWHERE = replace(GONE, key="elsewhere", machine="node-2", boot="another")


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.now_s, self._meanwhile = 0.0, meanwhile

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self._meanwhile()


@pytest.fixture
def study(runs: Path) -> Study:
    return sweeps.created(runs)


@pytest.fixture
def storage(study: Study) -> RDBStorage:
    return catalogue.storage(study.home.storage_url)


def of(storage: RDBStorage, clock: Clock | None = None) -> Lease:
    """The lease of the study, as a process has it."""
    clock = clock or Clock()
    return Lease(storage.engine, storage.get_study_id_from_name("tiny-1"), clock, clock.sleep)


def left_by(storage: RDBStorage, owner: Owner) -> None:
    """An owner has the lease and does not give it back."""
    storage.set_study_user_attr(storage.get_study_id_from_name("tiny-1"), lease.LEASE, asdict(owner))


def nobody() -> None:
    raise AssertionError("nobody has taken it")


def test_it_is_had_by_one_and_given_back(storage: RDBStorage) -> None:
    with of(storage).held(nobody) as other:
        assert other is None
        with of(storage).held(nobody) as owner:
            assert owner is not None
            assert (owner.process, owner.is_here) == (os.getpid(), True)
    assert of(storage).owner() is None
    with of(storage).held(nobody) as other:
        assert other is None


def test_the_lease_of_a_process_of_this_machine_that_is_gone_is_taken_at_once(storage: RDBStorage) -> None:
    left_by(storage, GONE)
    clock = Clock()
    with of(storage, clock).held(nobody) as other:
        assert other is None
    assert clock.now_s == 0.0


def test_the_lease_of_another_machine_is_taken_once_it_is_not_renewed(storage: RDBStorage) -> None:
    left_by(storage, ELSEWHERE)
    clock, said = Clock(), list[str]()
    with of(storage, clock).held(nobody, said.append) as other:
        assert other is None
    assert clock.now_s >= DEAD_AFTER_S
    assert said == [f"waits for up to 60 s to see whether it is still run: {ELSEWHERE}"]


def test_the_lease_of_another_machine_is_left_alone_while_it_is_renewed(storage: RDBStorage) -> None:
    left_by(storage, ELSEWHERE)
    renewed = replace(ELSEWHERE, renewed=1)
    with of(storage, Clock(lambda: left_by(storage, renewed))).held(nobody) as other:
        assert other in (renewed, ELSEWHERE)
    assert "process" in str(ELSEWHERE)
    assert "on node-2, since" in str(ELSEWHERE)
    assert of(storage).owner() == renewed, "it is not ours to give back"


def test_whoever_was_taken_for_dead_is_told(storage: RDBStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 0.01)
    told = threading.Event()
    with of(storage).held(told.set):
        left_by(storage, ELSEWHERE)
        assert told.wait(30)
    assert of(storage).owner() == ELSEWHERE


def test_it_is_renewed(storage: RDBStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 0.01)
    with of(storage).held(nobody):
        while (owner := of(storage).owner()) is None or owner.renewed < 3:
            pass


def test_a_study_is_run_by_one_process_whichever_folder_the_other_has(study: Study, tmp_path: Path) -> None:
    elsewhere = catalogue.opened(Home.at(tmp_path / "elsewhere"), study.home.storage_url, "tiny-1")
    with study.held():
        said = rf"another process is running 'tiny-1' now, from another folder or machine: process {os.getpid()} on "
        with pytest.raises(StudyRunning, match=said), elsewhere.held():
            pass
        with pytest.raises(StudyRunning, match=rf"is running 'tiny-1' now: process {os.getpid()} on"), study.held():
            pass
    with elsewhere.held():
        study.attributes.set_state("running", 0.0)
        assert study.summary().state == "running"
    assert study.summary().state == "interrupted"


def test_who_only_looks_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now = ELSEWHERE.at
    monkeypatch.setattr(lease.time, "time", lambda: now + DEAD_AFTER_S)
    assert seems_alive(asdict(ELSEWHERE))
    assert not seems_alive(asdict(GONE))
    assert not seems_alive(None)
    monkeypatch.setattr(lease.time, "time", lambda: now + 10 * DEAD_AFTER_S)
    assert not seems_alive(asdict(ELSEWHERE))
