"""A node of a cluster dies in the middle of a sweep: it costs the work since the last checkpoints, and nothing else."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import clusters
import commands
import drivers
import pytest
import sweeps

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


IMPATIENT = """
import sys
from tuning.workers import leg_overseer

leg_overseer.PATIENT_S = 2.0
from tuning import cli

cli.main(sys.argv[1:])
"""


def test_a_sweep_that_has_lost_all_nodes_waits_and_is_gone_on_with_on_another(tmp_path: Path) -> None:
    source = sweeps.written(tmp_path, trials=3, budget=20_000, pack_size=1, workers=1, tries=1)
    root = tmp_path / "runs"
    with clusters.begun(tmp_path, head_cpus=0) as cluster:
        where = ("--root", str(root), "--address", cluster.address)
        with subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, "run", source, *where],
            cwd=tmp_path,
            env=commands.surrounding(**cluster.variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            commands.awaited(lambda: list(root.glob("studies/tiny-1/trials/*/seed-0/latest.pt")), 300, "a checkpoint")
            os.kill(cluster.raylets()[1], signal.SIGKILL)
            out, err = process.communicate(timeout=300)
        assert process.returncode == 75, err
        assert "Traceback" not in err
        assert "no node has room for a worker: each needs 1 cpus and 0 gpus; there are 0 cpus" in " ".join(out.split())
        study = sweeps.opened(root)
        assert study.summary().state == "waiting"
        assert study.summary().count("failed") == 0
        cluster.add()
        done = commands.tuning("resume", *where, cwd=tmp_path, variables=cluster.variables)
        assert done.returncode == 0, done.stderr
    drivers.assert_whole(root, 3)
