"""Which libraries a command loads: those that take seconds only where they are used."""

import json
import subprocess
import sys
from pathlib import Path

import commands
import legs_by_hand
import pytest
import sweeps

HEAVY = {"gymnasium", "mlflow", "numpy", "optuna", "pandas", "ray", "scipy", "sklearn", "sqlalchemy", "torch"}

LOADED = """
import json, sys
from tuning.__main__ import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(json.dumps([name for name in sys.modules if "." not in name]))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a finished study."""
    root = tmp_path_factory.mktemp("runs")
    legs_by_hand.finished(sweeps.created(root, trials=2, pack_size=2, tracking="off"))
    return root


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (("--help",), set()),
        (("run", "--help"), set()),
        (("presets",), set()),
        (("fields",), set()),
        (("list",), {"numpy", "optuna", "sqlalchemy"}),
        (("show",), {"numpy", "optuna", "sqlalchemy"}),
        (("check", "cartpole-dqn"), {"gymnasium", "numpy", "torch"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_loads_what_it_needs_and_no_more(root: Path, arguments: tuple[str, ...], needed: set[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env=commands.surrounding(LOCKSTEP_ROOT=str(root)),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert ended.returncode == 0, ended.stderr
    modules: list[str] = json.loads(ended.stdout.splitlines()[-1])
    assert HEAVY.intersection(modules) <= needed


def test_the_public_face_loads_nothing_before_it_is_used() -> None:
    code = "import json, sys, tuning, trainables; print(json.dumps([*sys.modules]))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=True)
    assert HEAVY.isdisjoint(json.loads(ended.stdout))
