"""Ray clusters of several nodes, on loopback and in folders of their own; ended by the ids of their processes."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import commands


@dataclass(frozen=True)
class Cluster:
    """Where it listens, what a process needs to take part in it, and the word that marks its processes."""

    address: str
    variables: dict[str, str]
    mark: str
    folder: Path

    def raylets(self) -> list[int]:
        """The processes of its nodes, the head's first."""
        found = []
        for process in sorted(commands.processes(self.mark)):
            with suppress(OSError):
                program = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")[0]
                found += [process] if program.endswith(b"/raylet") else []
        return found

    def add(self, *options: str, mounting: str | None = None) -> None:
        """Begin a node of one processor.

        options: of `ray start`.
        mounting: a command in whose file systems it lives, which nobody else sees.
        """
        apart = [] if mounting is None else ["unshare", "--mount", "sh", "-ec", f'{mounting}; exec "$@"', "sh"]
        begin = [
            *apart,
            str(Path(sys.executable).with_name("ray")),
            "start",
            "--node-ip-address=127.0.0.1",
            "--num-cpus=1",
        ]
        subprocess.run(
            [*begin, f"--object-store-memory={100 * 2**20}", *(options or (f"--address={self.address}",))],
            env=commands.surrounding(**self.variables, MARK=self.mark),
            check=True,
            capture_output=True,
            timeout=120,
        )


@contextmanager
def begun(folder: Path, others: Sequence[str | None] = (None,), head_cpus: int = 1) -> Iterator[Cluster]:
    """A cluster whose processes find modules in a folder.

    others: the nodes beside the head, each by what it mounts for itself alone.
    head_cpus: how many processors the head has.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # Ray keeps sockets in it, whose paths must be short.
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as temporary:
        variables = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_TMPDIR": temporary,
            "PYTHONPATH": commands.python_path(folder),
        }
        cluster = Cluster(f"127.0.0.1:{port}", variables, uuid4().hex, folder)
        head = (
            "--head",
            f"--port={port}",
            "--include-dashboard=false",
            f"--temp-dir={temporary}",
            f"--num-cpus={head_cpus}",
        )
        try:
            cluster.add(*head)
            for mounting in others:
                cluster.add(mounting=mounting)
            yield cluster
        finally:
            # `ray stop` would end every Ray of the machine.
            for left in commands.processes(cluster.mark):
                with suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)
            commands.awaited(lambda: not commands.processes(cluster.mark), 20, "the cluster gone")
