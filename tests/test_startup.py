"""Which libraries a command loads: those that take seconds only where they are used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import sweeps

HEAVY = {"torch", "ray", "mlflow", "optuna", "sqlalchemy", "pandas", "sklearn", "scipy", "gymnasium", "numpy"}

LOADED = """
import json, sys
from tuning.__main__ import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
print(json.dumps([name for name in sys.modules if "." not in name]))
"""


def loaded(root: Path, *arguments: str) -> set[str]:
    """Those of the heavy libraries that a command has loaded at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env=sweeps.surrounding(LOCKSTEP_ROOT=str(root)),
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    modules: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return HEAVY.intersection(modules)


@pytest.mark.parametrize("arguments", [("--help",), ("run", "--help"), ("presets",)])
def test_help_and_presets_load_none_of_them(runs: Path, arguments: tuple[str, ...]) -> None:
    assert loaded(runs, *arguments) == set()


def test_a_study_is_listed_and_shown_without_torch_and_ray(runs: Path) -> None:
    sweeps.created(runs, "tiny")
    for command in (("list",), ("show", "tiny")):
        assert not loaded(runs, *command) & {"torch", "ray", "mlflow", "gymnasium"}


def test_a_sweep_is_checked_without_ray(runs: Path) -> None:
    assert not loaded(runs, "check", "conjunction-risk") & {"ray", "mlflow", "optuna"}
