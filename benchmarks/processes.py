"""Processes of our own that are measured from start to end, with the memory of the Ray workers beneath them."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

EVERY_S = 0.1
"""Between two looks at a process."""

PROC = Path("/proc")


@dataclass(frozen=True)
class Ran:
    """A process that has ended. worker_peaks_mb: the most that each Ray worker that trained ever had resident;
    sizes_mb: what the process itself had resident, by seconds of the clock.
    """

    seconds: float
    output: str
    worker_peaks_mb: dict[int, float] = field(default_factory=dict)
    sizes_mb: dict[float, float] = field(default_factory=dict)


class CommandFailed(RuntimeError):
    """A process that is measured has not ended well; the message holds the end of what it said."""


def run(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> Ran:
    """Run a command in a folder that takes all that it writes, and wait. Raises CommandFailed."""
    own = {"RAY_TMPDIR": str(folder), "RAY_USAGE_STATS_ENABLED": "0", "MLFLOW_DISABLE_TELEMETRY": "true"}
    began, peaks, sizes = time.monotonic(), {}, {}
    with (folder / "output").open("w+") as output, (folder / "errors").open("w+") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **own, **(environment or {})}, stdout=output, stderr=errors
        )
        try:
            while process.poll() is None:
                peaks.update(_worker_peaks_mb(process.pid))
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
    """What a process has resident, in MB of 10**6 bytes; nothing of one that has ended."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return [int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS:")]


def _worker_peaks_mb(root: int) -> dict[int, float]:
    """Of the workers below a process that have a Trainable in them: the largest resident size, in MB of 10**6 bytes."""
    peaks = {}
    for pid in _descendants(root):
        try:
            title = (PROC / str(pid) / "cmdline").read_bytes()
            status = (PROC / str(pid) / "status").read_text()
        except OSError:
            # It has ended in between.
            continue
        if title.startswith(b"ray::") and not title.startswith(b"ray::IDLE"):
            peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")), "0")
            peaks[pid] = int(peak) * 1024 / 1e6
    return peaks


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
