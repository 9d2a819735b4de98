"""Environments in a file of a person's own, in the folder where the command is called."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import pytest
import sweeps
from commands import Said

ROBOT = """\
import gymnasium
import numpy as np

print("the robot is switched on")
{begin}

class Robot(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return self.np_random.uniform(-1, 1, 2).astype(np.float32), {{}}

    def step(self, action):
        print("a step")
        self.time += 1
        seen = self.np_random.uniform(-1, 1, 2).astype(np.float32)
        return {answer}

gymnasium.register("Robot-v0", entry_point=Robot)
"""
SOUND = "seen, float(action), self.time == 4, False, {}"

CASES: dict[str, tuple[dict[str, str], str | None]] = {
    "found": ({}, None),
    "a library is missing": ({"begin": "import no_such_simulator"}, "can't be imported: No module named 'no_such_sim"),
    "a licence is missing": (
        {"begin": "raise RuntimeError('no licence')"},
        "can't be imported: RuntimeError: no licence (FILE.py:5)",
    ),
    "it exits": (
        {"begin": "import sys; sys.exit('no display')"},
        "can't be imported: SystemExit: no display (FILE.py:5)",
    ),
    "it is no Python": ({"begin": "class :"}, "can't be imported: SyntaxError: invalid syntax (FILE.py:5)"),
    "four values": ({"answer": "seen, 0.0, False, {}"}, "FILE:Robot-v0 returned 4 values from step, as Gym had it "),
    "it divides by zero": (
        {"answer": "seen, 1 / 0, False, False, {}"},
        "ZeroDivisionError: division by zero (FILE.py:20)",
    ),
}


@pytest.fixture
def called(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module of this test alone, in whose folder the command is called."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    name = f"robot_{abs(hash(request.node.name))}"
    yield name
    sys.modules.pop(name, None)
    gymnasium.registry.pop("Robot-v0", None)


@pytest.mark.parametrize(("changes", "message"), CASES.values(), ids=CASES)
def test_it_is_found_or_why_not_is_said(
    tuning: Callable[..., Said], called: str, changes: dict[str, str], message: str | None
) -> None:
    Path(f"{called}.py").write_text(ROBOT.format(**{"begin": "", "answer": SOUND, **changes}))
    path = sweeps.written(Path(), environment=f"{called}:Robot-v0", fixed={"evaluation_episodes": 4})
    code, out, err = tuning("check", path)
    if message is None:
        assert (code, out.splitlines()[-1]) == (0, f"{path}: nothing is wrong; 8 trials of 200 each")
    else:
        assert (code, out) == (2, "")
        (line,) = [line for line in err.splitlines() if line.startswith(f"{path}:3: environment: ")]
        assert message.replace("FILE", called) in line
        assert "did you mean" not in line


def test_what_it_prints_is_no_answer_of_the_command(tuning: Callable[..., Said], called: str) -> None:
    Path(f"{called}.py").write_text(ROBOT.format(begin="", answer=SOUND))
    path = sweeps.written(Path(), environment=f"{called}:Robot-v0", fixed={"evaluation_episodes": 4})
    code, out, err = tuning("check", path, "--json")
    answer: Any = json.loads(out)
    assert (code, answer["problems"]) == (0, [])
    assert "the robot is switched on" in err


def test_a_module_of_another_name_is_suggested(tuning: Callable[..., Said], called: str) -> None:
    Path(f"{called}.py").write_text(ROBOT.format(begin="", answer=SOUND))
    code, out, err = tuning("check", sweeps.written(Path(), environment=f"{called}s:Robot-v0", fixed={}))
    assert (code, out) == (2, "")
    assert f"{called}s can't be imported: No module named '{called}s'; did you mean {called}?" in err
