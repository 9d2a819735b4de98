"""A study to be broken, for the tests of the audit and of what mends it."""

import shutil
from pathlib import Path

import pytest
from audited import Kept, ended


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return ended(tmp_path_factory.mktemp("sound") / "runs")


@pytest.fixture
def kept(sound: Kept, runs: Path) -> Kept:
    """A copy to be broken; of the weights in MLflow there is one for all."""
    shutil.copytree(sound.root, runs)
    return Kept(runs)
