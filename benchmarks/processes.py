"""Processes of our own that are measured from start to end, with the memory of the Ray workers beneath them."""

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 0.1
"""Between two looks at a process."""

SHARES_EVERY = 10
"""Looks between two at what a worker shares with others, which takes the kernel some milliseconds."""

PROC = Path("/proc")


@dataclass
class Peak:
    """The most that a worker ever had, in MB of 10**6 bytes. resident: all its pages, those of libraries that others
    have mapped too in full; proportional: each page shared out among the processes that have it, as seen every second.
    """

    resident: float = 0.0
    proportional: float = 0.0


@dataclass(frozen=True)
class Ran:
    """A process that has ended. worker_peaks: of each Ray worker that trained, by its process; sizes_mb: what the
    process itself had resident, by seconds of the clock.
    """

    seconds: float
    output: str
    worker_peaks: dict[int, Peak] = field(default_factory=dict)
    sizes_mb: dict[float, float] = field(default_factory=dict)


class CommandFailed(RuntimeError):
    """A process that is measured has not ended well; the message holds the end of what it said."""


def run(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> Ran:
    """Run a command in a folder that takes all that it writes, and wait. Raises CommandFailed."""
    own = {"RAY_TMPDIR": str(folder), "RAY_USAGE_STATS_ENABLED": "0", "MLFLOW_DISABLE_TELEMETRY": "true"}
    began = time.monotonic()
    peaks: dict[int, Peak] = {}
    sizes: dict[float, float] = {}
    with (folder / "output").open("w+") as output, (folder / "errors").open("w+") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **own, **(environment or {})}, stdout=output, stderr=errors
        )
        try:
            for look in itertools.count():
                if process.poll() is not None:
                    break
                _look_at_workers(process.pid, peaks, shares=look % SHARES_EVERY == 0)
                sizes.update((time.time(), size) for size in _size_mb(process.pid))
                time.sleep(EVERY_S)
            seconds = time.monotonic() - began
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait()
        if process.returncode:
            errors.seek(0)
            raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}:\n{errors.read()[-2000:]}")
        output.seek(0)
        return Ran(seconds, output.read(), peaks, sizes)


def _size_mb(pid: int) -> list[float]:
    """What a process has resident; nothing of one that has ended."""
    return [size for name, size in _sizes_mb(PROC / str(pid) / "status") if name == "VmRSS"]


def _look_at_workers(root: int, peaks: dict[int, Peak], shares: bool) -> None:
    """At those below a process that have a Trainable in them; shares: also at what they share with others."""
    for pid in _descendants(root):
        folder = PROC / str(pid)
        try:
            title = (folder / "cmdline").read_bytes()
            if not title.startswith(b"ray::") or title.startswith(b"ray::IDLE"):
                continue
            sizes = dict(_sizes_mb(folder / "status")) | dict(_sizes_mb(folder / "smaps_rollup") if shares else ())
        except OSError:
            # It has ended in between.
            continue
        peak = peaks.setdefault(pid, Peak())
        peak.resident = max(peak.resident, sizes.get("VmHWM", 0.0))
        peak.proportional = max(peak.proportional, sizes.get("Pss", 0.0))


def _sizes_mb(file: Path) -> Iterator[tuple[str, float]]:
    """The sizes that the kernel tells of a process, by their names, in MB of 10**6 bytes."""
    for line in file.read_text().splitlines():
        name, _, size = line.partition(":")
        if size.endswith(" kB"):
            yield name, int(size.split()[0]) * 1024 / 1e6


def _descendants(root: int) -> Iterator[int]:
    children: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        try:
            # The name may hold anything but ends with the last bracket; after it: state, parent.
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(path.parent.name))
    waiting = [root]
    while waiting:
        found = children.get(waiting.pop(), [])
        yield from found
        waiting += found
