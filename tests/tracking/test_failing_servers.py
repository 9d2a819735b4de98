"""Sweeps that tell a real server, which is killed on the way, or a proxy before it that fails now and then."""

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import legs_by_hand
import mlflow_servers
import pytest
import sweeps
from mlflow_servers import Fault
from tracked import assert_told

from tuning import runner
from tuning.errors import ServerError
from tuning.search.leg_source import LegSource
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.tracking.sync import sync

HALVED = {"trials": 6, "pack_size": 2, "halving": {"reduction": 2, "minimum": 50}}


pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:MLflow at .* was not told")]


@pytest.fixture(autouse=True)
def as_in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "3")


class Interposed(legs_by_hand.ByHand):
    """Trains legs by hand; before some of them something happens, by how many legs came before."""

    def __init__(self, happens: dict[int, Callable[[], None]]) -> None:
        super().__init__(trains=True)
        self._happens, self._count = happens, 0

    def train(self, study: Study, source: LegSource[Any]) -> None:
        self.legs = 0
        while not self.legs:
            self._happens.get(self._count, lambda: None)()
            self._count, self.legs = self._count + 1, 1
            super().train(study, source)


def swept(runs: Path, hire: Any) -> Study:
    """A sweep, all of which was trained whatever MLflow did, and what is left to tell is told."""
    summary = runner.run(sweeps.tiny(**HALVED), Home.at(runs), hire=hire)
    assert (summary.state, len(summary.trials)) == ("finished", 6)
    study = sweeps.opened(runs)
    for _ in range(20):
        with suppress(ServerError):
            if sync(study).shortfall is None:
                return study
    raise AssertionError("not even in twenty tries")


@pytest.mark.core
def test_a_server_that_is_killed_and_started_again_is_told_all(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with mlflow_servers.server(runs / "server") as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
        assert_told(swept(runs, Interposed({1: server.kill, 4: server.start})))


@pytest.mark.parametrize("seed", [0, 1])
def test_a_proxy_that_drops_delays_and_refuses_costs_nothing(
    runs: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    drawn, faults = random.Random(seed), list[Fault]()

    def fault() -> Fault:
        kinds: list[Fault] = ["none", "drop", "lose", "delay", "500", "403"]
        (found,) = drawn.choices(kinds, [60, 10, 10, 4, 8, 8])
        faults.append(found if len(faults) > 1 else "none")
        return faults[-1]

    with (
        mlflow_servers.server(runs / "server") as server,
        mlflow_servers.proxy(server.port, fault, delay_s=5.0) as address,
    ):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        study = swept(runs, legs_by_hand.ByHand(trains=True))
        # Nobody wants to look through a proxy that fails.
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
        assert_told(study, doubles=True)
    assert {*faults} == {"none", "drop", "lose", "delay", "500", "403"}
