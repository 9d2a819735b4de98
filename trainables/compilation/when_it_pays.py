"""When to compile what a training calls often, and when to fill a pack up: rules of the config alone."""

import os
import shutil
import sys

import torch

PAYS_AT = 4_000
"""Calls from which compiling pays: 10 to 25 s of it, once on a machine, against 2 to 5 ms a call (docs/findings.md)."""

OWN_SIZE_PAYS_AT = 300_000
"""Calls, times the members that it lacks, from which programs of its own size pay a pack that is smaller than its
sweep's others: 20 s of compiling, once on a machine, against 0.4 ms a call of 2 members filled up to 8
(docs/findings.md)."""


def compiles(choice: str, calls: int, device: torch.device) -> bool:
    """Whether to compile a function that a training calls so often.

    A rule of the config alone, not of the time taken, so that a resumed training computes as the first one did.
    """
    if choice != "auto":
        return choice == "always"
    return calls >= PAYS_AT and _has_compiler(device)


def _has_compiler(device: torch.device) -> bool:
    """Whether there is what torch's own compiler looks for: C++ for the CPU, C for a GPU."""
    if device.type == "cpu":
        names = [os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")]
    else:
        names = [os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang"]
    return any(shutil.which(name) for name in names)


def fills(choice: str, calls: int, missing: int, device: torch.device) -> bool:
    """Whether a pack that lacks so many of its sweep's others is filled up to their size; by a rule, likewise."""
    return calls * missing < OWN_SIZE_PAYS_AT and compiles(choice, calls, device)
