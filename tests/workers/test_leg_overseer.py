"""Whose fault a leg's failure is, what becomes of it, and who is told."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from trainables.base.report import Report
from trainables.messages import PackReport
from tuning.rules.blame import CLUSTER_TRIES
from tuning.search.leg_source import LegSource
from tuning.sweep.sections import Workers
from tuning.workers.borrowed import Controller
from tuning.workers.leg_overseer import PATIENT_S, LegOverseer
from tuning.workers.room import Room
from tuning.workers.stall import Stall
from tuning.workers.waiting import SILENT_S
from tuning.workers.watch import Watch

LACK = "each needs 1 cpus and 0 gpus; there are 0 cpus and 0 gpus in all"


class Overseen:
    """An overseer, what it has said, and its clock; there is no room for any worker."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.gave_up: list[str] = []
        self.stops = 0
        self.now_s, self.there = 0.0, Room([(0.0, 0.0)])
        self.watch = Watch(None, False, folder)
        source = cast(LegSource[Any], SimpleNamespace(note=self.said.append, give_up=self.gave_up.append))
        self.overseer = LegOverseer(self.watch, source, Workers(), lambda: self.there, lambda: self.now_s)

    def look(self, waits: bool, in_hand: int = 0) -> None:
        """Have it look at workers, so many of which train."""
        legs = [None] * in_hand
        looked_at = SimpleNamespace(waits=lambda: waits, in_hand=lambda: legs, request_stop_experiment=self.stop)
        self.overseer.look(cast(Controller, looked_at))

    def stop(self) -> None:
        self.stops += 1


@pytest.fixture
def overseen(tmp_path: Path) -> Overseen:
    return Overseen(tmp_path)


def report(steps: int, error: str | None = None) -> PackReport:
    members: Any = [Report(steps, [], error=error), Report(0, [])]
    return PackReport(members)


def test_what_is_waited_for_is_said_after_a_while(overseen: Overseen) -> None:
    for overseen.now_s in (0.0, SILENT_S - 1):
        overseen.look(waits=True)
    assert not overseen.said
    overseen.now_s = SILENT_S
    overseen.look(waits=True)
    assert overseen.said == [f"a leg waits for a worker: {LACK}"]


@pytest.mark.parametrize(
    ("there", "in_hand", "ends"),
    [
        (Room([(0.0, 0.0)]), 0, True),
        (Room([]), 0, True),
        (Room([(0.0, 0.0)], grows=True), 0, False),
        (Room([(1.0, 0.0)]), 0, False),
        (Room([(0.0, 0.0)]), 1, False),
    ],
)
def test_a_sweep_ends_that_can_have_no_worker_and_waits_to_be_gone_on_with(
    overseen: Overseen, there: Room, in_hand: int, ends: bool
) -> None:
    overseen.there = there
    for overseen.now_s in (0.0, PATIENT_S):
        overseen.look(waits=True, in_hand=in_hand)
    assert not overseen.stops
    overseen.now_s = PATIENT_S + 1
    overseen.look(waits=True, in_hand=in_hand)
    assert overseen.stops == ends
    assert [each.partition(":")[0] for each in overseen.gave_up] == ["no node has room for a worker"] * ends


def test_a_worker_that_dies_counts_unless_its_leg_has_come_further(overseen: Overseen) -> None:
    overseen.overseer.reported("leg", report(100))
    assert [overseen.overseer.counts("leg", "worker") for _ in range(2)] == [False, True]
    overseen.overseer.reported("leg", report(50))
    assert overseen.overseer.counts("leg", "worker"), "it has been further before"
    assert overseen.overseer.failure("leg") == "a worker has died"


def test_a_worker_that_hung_counts_whatever_its_leg_has_come_to(overseen: Overseen) -> None:
    overseen.overseer.reported("leg", report(100))
    overseen.watch.stalls["leg"] = Stall(1, 120.0, "hung in environment.step")
    assert overseen.overseer.counts("leg", "worker")


def test_a_leg_that_the_cluster_fails_is_left_in_the_end_and_never_charged(overseen: Overseen) -> None:
    for _ in range(CLUSTER_TRIES - 1):
        assert not overseen.overseer.counts("leg", "cluster")
        assert not overseen.overseer.is_left("leg")
    assert not overseen.overseer.counts("leg", "cluster")
    assert overseen.overseer.is_left("leg")
    assert overseen.overseer.failure("leg") == "the cluster has failed a worker"


@pytest.mark.parametrize(
    ("error", "spent"),
    [
        (None, False),
        ("environment: Breaking-v0 raised OSError: the robot's arm is off", False),
        ("environment: Hungry-v0 raised MemoryError: ", True),
        ("OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", True),
    ],
)
def test_a_worker_that_ran_out_of_memory_is_replaced(overseen: Overseen, error: str | None, spent: bool) -> None:
    overseen.overseer.reported("leg", report(0, error))
    assert overseen.overseer.is_spent("leg") == spent
    assert not overseen.overseer.is_spent("another")
