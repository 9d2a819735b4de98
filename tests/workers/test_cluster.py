"""A sweep on a cluster that runs already: a head and a second raylet, on loopback and in a folder of their own."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clusters
import commands
import pytest
import sweeps
from clusters import Cluster

from tuning.study.paths import Home

pytestmark = pytest.mark.slow

NOTING = '''
import os
import gymnasium
from trainables.environments.number_match import NumberMatch

class Noting(NumberMatch):
    """Leaves a file named after the process that began this one, which for a worker is its raylet."""

    def __init__(self):
        super().__init__(n=4, one_hot=True)
        open(os.path.join(os.path.dirname(__file__), f"begun-by-{os.getppid()}"), "a").close()

gymnasium.register("Noting-v0", entry_point=Noting, max_episode_steps=4)
'''


def employers(cluster: Cluster) -> set[int]:
    """The processes that have begun one in which an environment was made."""
    return {int(path.name.removeprefix("begun-by-")) for path in cluster.folder.glob("begun-by-*")}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes of one processor each."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "noting.py").write_text(NOTING)
    with clusters.begun(folder) as begun:
        yield begun


def on_cluster(cluster: Cluster, root: Path, address: str, **changes: Any) -> dict[str, Any]:
    """What the sweep prints when it is run there."""
    fixed = {key: value for key, value in sweeps.TINY["fixed"].items() if key != "environment_args"} | {
        "evaluation_share": 0.64
    }
    path = sweeps.written(root, environment="noting:Noting-v0", fixed=fixed, **changes)
    done = commands.tuning(
        *("run", path, "--root", str(root / "runs"), "--json", "--address", address),
        cwd=root,
        variables=cluster.variables,
    )
    assert done.returncode == 0, done.stderr
    assert all(line.startswith("tiny-1: ") for line in done.stderr.splitlines()), done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@pytest.mark.parametrize("by", ["its address", pytest.param("auto", marks=pytest.mark.alone)])
def test_a_sweep_uses_all_nodes_of_a_cluster_and_leaves_it_running(cluster: Cluster, tmp_path: Path, by: str) -> None:
    raylets = cluster.raylets()
    assert len(raylets) == 2
    for note in cluster.folder.glob("begun-by-*"):
        note.unlink()
    address = "auto" if by == "auto" else cluster.address
    shown = on_cluster(cluster, tmp_path, address, workers="auto", trials=8, pack_size=2)
    assert shown["counts"] == {"complete": 8, "pruned": 0, "failed": 0, "running": 0, "waiting": 0}
    assert employers(cluster) >= {*raylets}
    assert cluster.raylets() == raylets
    home = Home.at(tmp_path / "runs")
    assert all((home.member("tiny-1", number, 0) / "best.pt").exists() for number in range(8))


@pytest.mark.parametrize(
    ("workers", "why"),
    [
        ({"count": "auto", "cpus": 8}, "each needs 8 cpus and 0 gpus; there are 2 cpus and 0 gpus in all on 2 nodes"),
        ({"count": 1, "cpus": 2}, "there are 2 cpus and 0 gpus in all on 2 nodes, none of which has more than 1 cpus"),
        ({"count": 4}, "workers: 4 are asked for, and each needs 1 cpus and 0 gpus; there are 2 cpus"),
        ({"count": 1, "gpus": 1}, "workers: each needs 1 cpus and 1 gpus; there are 2 cpus and 0 gpus in all"),
    ],
)
def test_more_than_the_cluster_has_is_refused(
    cluster: Cluster, tmp_path: Path, workers: dict[str, Any], why: str
) -> None:
    assert_refused(cluster, tmp_path, cluster.variables, why, workers=workers)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"RAY_AUTH_TOKEN": "f" * 64}, "that cluster asks for another token than the one in RAY_AUTH_TOKEN"),
        ({"RAY_AUTH_MODE": "disabled"}, "that cluster asks for a token; RAY_AUTH_TOKEN or ~/.ray/auth_token"),
    ],
)
def test_nobody_without_the_token_gets_in(cluster: Cluster, tmp_path: Path, changed: dict[str, str], why: str) -> None:
    assert_refused(cluster, tmp_path, {**cluster.variables, **changed}, why)


def assert_refused(cluster: Cluster, folder: Path, variables: dict[str, str], why: str, **changes: Any) -> None:
    """A sweep is refused in one line, no word of Ray's, and nothing is begun."""
    path = sweeps.written(folder, **changes)
    done = commands.tuning("run", path, "--address", cluster.address, cwd=folder, variables=variables, timeout=60)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert why in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not (folder / "runs" / "studies").exists()


@pytest.mark.parametrize("address", [pytest.param("auto", marks=pytest.mark.alone), "127.0.0.1:9", "127.0.0.1"])
def test_where_no_cluster_is_a_person_is_told_how_to_have_one(tmp_path: Path, address: str) -> None:
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as temporary:
        variables = {"RAY_TMPDIR": temporary, "RAY_AUTH_MODE": "disabled"}
        done = commands.tuning("run", sweeps.written(tmp_path), "--address", address, cwd=tmp_path, variables=variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--address {address}: no Ray cluster" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not (tmp_path / "runs" / "studies").exists()
