"""A root that a node does not have, or can't write to, is an error within seconds that names the node."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import clusters
import commands
import pytest
import sweeps
from clusters import Cluster

from tuning.study.paths import Home
from tuning.workers import shared_root

OTHER, UNWRITABLE = "other", "unwritable"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Its second node has a disk of its own in place of one folder, and may not write to another."""
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("nobody may mount anything here")
    folder = tmp_path_factory.mktemp("cluster")
    other, unwritable = folder / OTHER, folder / UNWRITABLE
    for each in (other, unwritable):
        each.mkdir()
    mounting = (
        f"mount -t tmpfs none {other}; mount --bind {unwritable} {unwritable}; mount -o remount,bind,ro {unwritable}"
    )
    with clusters.begun(folder, [mounting]) as begun:
        yield begun


@pytest.mark.slow
@pytest.mark.parametrize(
    ("root", "why"),
    [(OTHER, "does not have what the driver wrote there"), (UNWRITABLE, "can't write there: Read-only")],
)
def test_a_root_that_a_node_has_not_is_refused(cluster: Cluster, tmp_path: Path, root: str, why: str) -> None:
    path, there = sweeps.written(tmp_path), cluster.folder / root
    done = commands.tuning(
        *("run", path, "--root", str(there), "--address", cluster.address), cwd=tmp_path, variables=cluster.variables
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert f"the root {there} should be one folder on all nodes" in done.stderr
    assert f"node {socket.gethostname()} (" in done.stderr
    assert why in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert not (there / "studies").exists()
    assert not (there / "proofs").exists()


def test_where_there_is_no_ray_nobody_is_asked(tmp_path: Path) -> None:
    shared_root.prove(Home.at(tmp_path))
    assert not list(tmp_path.iterdir())
