"""Replay memories against the memory of the machine."""

from pathlib import Path
from typing import Any

import pytest
import torch
from sweep_cases import DQN, SUPERVISED

from trainables.loops.replay import Replay, row_bytes
from tuning.errors import SweepError
from tuning.sweep.model import Sweep
from tuning.workers import memory

# CartPole: four numbers, so 2 x 4 + 3 of four bytes each; a pack of 8 with 20_000 transitions.
ROW, PACK = 44, 44 * 8 * 20_000
AT_ONCE = {**DQN, "pack_size": 8, "search": {"learning_rate": DQN["search"]["learning_rate"]}}


@pytest.mark.parametrize("prioritised", [False, True])
def test_what_a_row_takes_is_what_a_memory_takes(prioritised: bool) -> None:
    kept = Replay(3, 64, 5, torch.device("cpu"), torch.zeros(3) if prioritised else None)
    tensors = [kept.rows, *([kept.priorities.powers] if kept.priorities else [])]
    assert sum(each.nbytes for each in tensors) == 3 * 64 * row_bytes(5, prioritised)


@pytest.mark.parametrize(
    ("changes", "count", "taken"),
    [
        ({}, 1, PACK),  # of 100_000 transitions no more than the budget come to be there
        ({}, 3, 3 * PACK),
        ({"trials": 16}, 3, 2 * PACK),  # so many packs there are at most
        ({"seeds": 2}, 1, PACK),  # a pack has as many members
        ({"pack_size": 4}, 1, PACK // 2),
        ({"pack_size": "auto", "trials": 16}, 1, PACK),
        ({"fixed": {"replay_capacity": 5_000}}, 1, PACK // 4),
        ({"fixed": {"prioritised_replay": True}}, 1, PACK // ROW * (ROW + 4)),
        ({"search": {"replay_capacity": {"choices": [5_000, 10_000]}}}, 1, PACK),  # trial 0 has the default
        (
            {"search": {"replay_capacity": {"choices": [5_000, 10_000]}}, "default": {"replay_capacity": 5_000}},
            1,
            PACK // 2,
        ),
    ],
)
def test_what_is_taken_is_held_against_what_is_there(changes: dict[str, Any], count: int, taken: int) -> None:
    sweep = Sweep.model_validate({**AT_ONCE, **changes})
    assert memory.problem(sweep, count, taken) is None
    assert memory.problem(sweep, count, taken - 1) is not None


def test_it_says_how_much_and_what_to_lower() -> None:
    found = memory.problem(Sweep.model_validate({**AT_ONCE, "budget": 10**9}), 2, 50_000_000)
    assert str(found) == (
        "fixed.replay_capacity: should be at most 71_022, or pack_size or workers lower: with 100_000 transitions the "
        "replay memories of 2 x 8 members take 0.0704 GB, and 0.05 GB of memory are available"
    )
    assert (
        memory.problem(Sweep.model_validate({**AT_ONCE, "fixed": {"replay_capacity": 71_022}}), 2, 50_000_000) is None
    )


@pytest.mark.parametrize(
    "data",
    [
        SUPERVISED,
        {**AT_ONCE, "loop": "reinforce"},
        {**AT_ONCE, "fixed": {"replay": False}},
        {**AT_ONCE, "environment": "Nowhere-v0"},
        {**AT_ONCE, "workers": {"gpus": 1}},  # there it lies on the GPU
    ],
)
def test_who_has_no_replay_memory_here_needs_none(data: dict[str, Any]) -> None:
    assert memory.problem(Sweep.model_validate(data), 1, 0) is None


def test_nothing_is_said_where_it_is_not_known_what_there_is(tmp_path: Path) -> None:
    assert memory.available(tmp_path / "none") is None
    (tmp_path / "meminfo").write_text("MemTotal:  9 kB\n")
    assert memory.available(tmp_path / "meminfo") is None
    assert memory.problem(Sweep.model_validate(AT_ONCE), 1, None) is None


@pytest.mark.parametrize(("limit", "there"), [(None, 3 * 2**10), ("max\n", 3 * 2**10), ("2048\n", 2_048)])
def test_a_container_has_no_more_than_its_limit(tmp_path: Path, limit: str | None, there: int) -> None:
    (tmp_path / "meminfo").write_text("MemTotal:       9 kB\nMemAvailable:   3 kB\nHugepagesize: 2048 kB\n")
    if limit:
        (tmp_path / "limit").write_text(limit)
    assert memory.available(tmp_path / "meminfo", tmp_path / "limit") == there


def test_a_sweep_that_takes_far_too_much_is_refused() -> None:
    with pytest.raises(SweepError, match=r"^fixed.replay_capacity: should be at most "):
        memory.check(Sweep.model_validate(AT_ONCE), 1_000)
