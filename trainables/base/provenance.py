"""What a training is made with: what its numbers may depend on beside its config and its seed."""

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("lockstep-tuning", "torch", "numpy", "gymnasium")


@cache
def of_this_process() -> dict[str, str]:
    """The versions of what computes, and the machine."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}, "machine": _machine()}


def made_with(device: str, pack: int, since: int) -> dict[str, Any]:
    """What a part of a training is made with.

    device: where it computes.
    pack: how many members compute together, those included that only fill it up.
    since: how much of the budget was spent when it began.
    """
    return {"since": since, **of_this_process(), "device": device, "pack": pack}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _machine() -> str:
    """The processor and how many threads compute; more threads add up in another order."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = next(names, platform.processor() or platform.machine())
    return f"{processor}, {os.environ.get('OMP_NUM_THREADS', 'all')} threads"
