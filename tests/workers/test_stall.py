"""What is said of a worker that hung."""

from pathlib import Path

import pytest

from trainables.base.pulse import COMPILING, Sign
from tuning.rules.silence import Stage
from tuning.workers.stall import Stall, why

OF_SIGNS = """Thread 0x00007f10 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 331 in wait
  File "/ours/trainables/base/pulse.py", line 120 in _give

"""
IN_STEP = """Thread 0x00007f42 (most recent call first):
  File "/home/me/robot.py", line 8 in step
  File "/ours/gymnasium/core.py", line 340 in step
  File "/ours/trainables/environments/grid.py", line 97 in _step
  File "/ours/trainables/environments/grid.py", line 88 in _call
  File "/ours/trainables/environments/grid.py", line 75 in step
  File "/ours/trainables/loops/dqn.py", line 260 in _act
"""
IN_RESET = IN_STEP.replace("in _step", "in <lambda>").replace("line 75 in step", "line 65 in reset")
IN_UPDATE = """Thread 0x00007f42 (most recent call first):
  File "/ours/trainables/loops/learner.py", line 190 in update
"""
STEPPING = Sign(10, 3, 0.1, "environment.step", "at step 12 of the episode of seed 5", 1)
MAKING = Sign(1, 1, 0.1, "the making of its training")


@pytest.mark.parametrize(
    ("stage", "sign", "stacks", "still", "expected"),
    [
        ("training", STEPPING, IN_STEP, False, "hung in environment.step at step 12 of the episode of seed 5"),
        ("training", MAKING, IN_STEP, False, "hung in the making of its training"),
        # Nothing is known but what was said before, which may be old.
        (
            *("training", STEPPING, IN_STEP, True),
            "hung in environment.step at step 12 of the episode of seed 5, in code that keeps Python's lock",
        ),
        ("training", STEPPING, IN_RESET, True, "hung in environment.reset, in code that keeps Python's lock"),
        ("training", MAKING, IN_STEP, True, "hung in environment.step, in code that keeps Python's lock"),
        ("training", MAKING, IN_UPDATE, True, "hung in the making of its training, in code that keeps Python's lock"),
        # A process that is stopped writes no stacks either.
        (
            "training",
            MAKING,
            "",
            True,
            "its worker stood still, as a stopped process does, in the making of its training",
        ),
        ("training", None, "", True, "its worker stood still, as a stopped process does"),
        ("starting", None, "", True, "its worker did not start"),
        ("starting", STEPPING, IN_STEP, False, "hung in environment.step at step 12 of the episode of seed 5"),
        (
            *("compiling", Sign(3, 3, 0.1, COMPILING), IN_UPDATE, False),
            "hung in the compiler; with `compile: never` under fixed it is trained without",
        ),
    ],
)
def test_why_it_was_silent(stage: Stage, sign: Sign | None, stacks: str, still: bool, expected: str) -> None:
    assert why(stage, sign, OF_SIGNS + stacks if stacks else "", still) == expected


def test_where_it_stood_is_kept_beside_the_checkpoints(tmp_path: Path) -> None:
    folder = tmp_path / "trials" / "00002"
    found = Stall(1, 95.4, "hung in environment.step at step 12", OF_SIGNS + IN_STEP, 1)
    assert str(found) == "worker 1 has not answered for 95 s: ended"
    file = folder / "error.txt"
    assert (
        found.kept(folder)
        == f"hung in environment.step at step 12 (in step, /home/me/robot.py line 8; all of it: {file})"
    )
    assert file.read_text() == f"{found.why}\n\n{OF_SIGNS}{IN_STEP}"


def test_of_a_stopped_process_nothing_is_kept(tmp_path: Path) -> None:
    assert Stall(1, 95, "its worker stood still").kept(tmp_path / "trials") == "its worker stood still"
    assert not (tmp_path / "trials").exists()
