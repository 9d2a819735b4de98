"""A node of a cluster dies in the middle of a sweep: it costs the work since the last checkpoints, and nothing else."""

import os
import signal
from pathlib import Path
from typing import Any

import clusters
import commands
import drivers
import pytest

pytestmark = pytest.mark.slow

LONG: dict[str, Any] = {"trials": 6, "budget": 4_000, "pack_size": 1, "workers": 2, "tries": 1}
"""Legs that each take a second or two, none of which may be tried again on its own account."""


def test_a_node_that_is_lost_costs_no_trial_though_each_may_be_tried_once(tmp_path: Path) -> None:
    with clusters.begun(tmp_path) as cluster:
        second = cluster.raylets()[1]
        with drivers.running(tmp_path, "--address", cluster.address, variables=cluster.variables, **LONG) as run:
            commands.awaited(lambda: run.has_finished(2), 200, "the first trials done")
            os.kill(second, signal.SIGKILL)
            _, err = run.process.communicate(timeout=200)
            assert run.process.returncode == 0, err
    assert "tiny-1: the cluster has failed a worker, its leg is tried again" in err
    assert "Traceback" not in err
    drivers.assert_whole(run.root, 6)
    assert {trial.state for trial in run.study().summary().trials} == {"complete"}
