"""One sweep on a cluster of three nodes, PostgreSQL and an MLflow server, in one run of which a node dies, the database
restarts, MLflow is away and the driver is killed, at seeded moments; what was lost and doubled is printed.

    python benchmarks/bad_night.py [--seed 0] [--trials 16]

It ends with exit code 0 where nothing was. All of it is on loopback, in a folder that is gone afterwards.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# What tests begin clusters and sweeps with, and what `make server` begins.
sys.path += [str(ROOT / "tests"), str(ROOT / "deploy")]

import clusters  # noqa: E402
import commands  # noqa: E402
import postgres  # noqa: E402
import psycopg  # noqa: E402
import servers  # noqa: E402
import yaml  # noqa: E402
from begun_postgres import free_port  # noqa: E402

SWEEP: dict[str, Any] = {
    "name": "night",
    "loop": "reinforce",
    "environment": "NumberMatch-v0",
    "budget": 20_000,
    "pack_size": 1,
    "workers": 2,
    "tries": 1,
    "halving": "off",
    "confirm": "off",
    "fixed": {"environment_args": {"n": 4, "one_hot": True}, "batch_size": 10, "hidden": [8], "gamma": 1.0},
    "search": {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}},
}
"""None of its legs may be tried again on its own account."""

NAME, AWAY_S = "night", 10.0
ENDED = "SELECT count(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED', 'FAIL')"
DOUBLED = "SELECT count(*) - count(DISTINCT number) FROM trials"


@dataclass
class Night:
    """All that takes part in it."""

    folder: Path
    trials: int
    cluster: clusters.Cluster
    database: postgres.Postgres
    mlflow_port: int
    stack: ExitStack
    begun: float = field(default_factory=time.monotonic)
    driver: "subprocess.Popen[bytes] | None" = None
    mlflow: "subprocess.Popen[bytes] | None" = None

    def say(self, line: str) -> None:
        print(f"{time.monotonic() - self.begun:6.0f} s  {self.ended():3d} of {self.trials}  {line}", flush=True)

    @property
    def variables(self) -> dict[str, str]:
        """Of the driver."""
        return {
            **self.cluster.variables,
            "LOCKSTEP_STORAGE": self.database.url("studies", password=False),
            "PGPASSFILE": str(self.database.passfile),
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.mlflow_port}",
        }

    def asked(self, query: str) -> int:
        """What the database answers; 0 before there are tables."""
        with psycopg.connect(self.database.url("studies")) as connection:
            if connection.execute("SELECT to_regclass('trials')").fetchone() == (None,):
                return 0
            (count,) = connection.execute(query.encode()).fetchone() or (0,)
        return int(count)

    def ended(self) -> int:
        return self.asked(ENDED)

    def begin_mlflow(self) -> None:
        self.mlflow = self.stack.enter_context(servers.mlflow(self.database, self.mlflow_port, self.folder))
        servers.wait_until_it_answers(self.mlflow, self.mlflow_port, self.folder / "mlflow.log")

    def begin_driver(self, *command: str) -> None:
        where = ("--root", str(self.folder / "runs"), "--address", self.cluster.address)
        with (self.folder / "driver.log").open("ab") as log:
            self.driver = subprocess.Popen(
                commands.command(*command, *where),
                cwd=self.folder,
                env=commands.surrounding(**self.variables),
                stdout=log,
                stderr=log,
            )

    def lose_a_node(self) -> None:
        """SIGKILL of a raylet; another node joins a little later."""
        os.kill(self.cluster.raylets()[1], signal.SIGKILL)
        time.sleep(AWAY_S)
        self.cluster.add()

    def restart_the_database(self) -> None:
        """As a crash does."""
        self.database.stop("immediate")
        time.sleep(AWAY_S)
        self.database.start("fsync=off")

    def lose_mlflow(self) -> None:
        """Away for a while."""
        assert self.mlflow is not None
        os.killpg(self.mlflow.pid, signal.SIGKILL)
        self.mlflow.wait()
        time.sleep(AWAY_S)
        self.begin_mlflow()

    def kill_the_driver(self) -> None:
        """SIGKILL; it is gone on with at once."""
        assert self.driver is not None
        self.driver.kill()
        self.driver.wait()
        self.begin_driver("resume", NAME)

    def shown(self) -> dict[str, Any]:
        """The study, as scripts see it."""
        done = self.told("show", NAME, "--json")
        shown: dict[str, Any] = json.loads(done.stdout)
        return shown

    def told(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """What a command prints."""
        root = ("--root", str(self.folder / "runs"))
        return commands.tuning(*command, *root, cwd=self.folder, variables=self.variables)


def lived_through(night: Night, seed: int) -> int:
    """Let all of it happen; the exit code of the last driver."""
    drawn = random.Random(seed)
    happenings = [night.lose_a_node, night.restart_the_database, night.lose_mlflow, night.kill_the_driver]
    drawn.shuffle(happenings)
    moments = sorted(drawn.sample(range(1, night.trials - 2), len(happenings)))
    (night.folder / "night.yaml").write_text(yaml.safe_dump({**SWEEP, "trials": night.trials}))
    night.begin_driver("run", "night.yaml", "--name", NAME)
    for moment, happening in zip(moments, happenings, strict=True):
        while night.driver is not None and night.driver.poll() is None and night.ended() < moment:
            time.sleep(0.5)
        night.say(happening.__name__.replace("_", " "))
        happening()
    assert night.driver is not None
    return night.driver.wait()


def main() -> None:
    """Begin everything, let it happen, and count."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seed", type=int, default=0, help="of what happens when (%(default)s)")
    made.add_argument("--trials", type=int, default=16, help="of the sweep (%(default)s)")
    asked = made.parse_args()
    with tempfile.TemporaryDirectory(prefix="night-", dir="/tmp", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)  # PostgreSQL's own user enters it
        with ExitStack() as stack:
            database = postgres.prepared(folder / "postgres", free_port())
            database.start("fsync=off")
            stack.callback(database.stop, "immediate")
            servers.add_databases(database)
            cluster = stack.enter_context(clusters.begun(folder, (None, None)))
            night = Night(folder, asked.trials, cluster, database, free_port(), stack)
            night.begin_mlflow()
            code = lived_through(night, asked.seed)
            night.say(f"the driver has ended with {code}")
            counts, audit = night.shown()["counts"], night.told("audit", NAME)
            lost, doubled = asked.trials - counts["complete"], night.asked(DOUBLED)
            print((folder / "driver.log").read_text(encoding="utf-8", errors="replace"))
            print(f"lost {lost}, doubled {doubled}; audit: {audit.stdout.strip() or audit.stderr.strip()}")
            sys.exit(int(bool(code or lost or doubled or audit.returncode)))


if __name__ == "__main__":
    main()
