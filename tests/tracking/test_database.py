"""MLflow's database: a process that dies while it is made leaves none, and the next one makes it."""

from pathlib import Path
from typing import Any

import pytest

from tuning.study.paths import Home
from tuning.tracking.database import make_database
from tuning.tracking.server import connected


def test_a_process_that_dies_while_mlflow_lays_out_its_database_leaves_none(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def dies(*_: Any) -> None:
        assert not Home.at(runs).tracking_database.exists()
        raise Killed

    home = Home.at(runs)
    with monkeypatch.context() as patched:
        patched.setattr("os.replace", dies)
        with pytest.raises(Killed):
            make_database(home)
    assert not home.tracking_database.exists()
    with connected(home) as client:
        assert client.search_experiments() != []
