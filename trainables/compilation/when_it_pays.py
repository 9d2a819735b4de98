"""When to compile what a training calls often, and when to fill up a pack: rules of the config alone."""

import os
import shutil
import sys

import torch

PAYS_AT = 4_000
"""Calls from which compiling pays: it takes 10 to 25 s, once on a machine, and saves 2 to 5 ms a call
(docs/findings.md)."""

OWN_SIZE_PAYS_AT = 300_000
"""Calls times missing members from which a smaller pack is worth programs of its own size: they take 20 s of compiling,
once on a machine, and save 0.4 ms a call where 2 members would be filled up to 8 (docs/findings.md)."""


def compiles(choice: str, calls: int, device: torch.device) -> bool:
    """Whether to compile a function.

    A rule of the config, not of the time taken, so that a resumed training computes in the same way.

    choice: `compile` of the config: auto, always or never.
    calls: how often the training calls the function.
    device: where it is called.
    """
    if choice != "auto":
        return choice == "always"
    return calls >= PAYS_AT and _has_compiler(device)


def _has_compiler(device: torch.device) -> bool:
    """Whether there is the compiler that torch looks for: of C++ for the CPU, of C for a GPU."""
    if device.type == "cpu":
        names = [os.environ.get("CXX", "clang++" if sys.platform == "darwin" else "g++")]
    else:
        names = [os.environ["CC"]] if "CC" in os.environ else ["gcc", "clang"]
    return any(shutil.which(name) for name in names)


def fills(choice: str, calls: int, missing: int, device: torch.device) -> bool:
    """Whether to fill up a pack to the size of its sweep's other packs, rather than to compile for its own size.

    choice: `compile` of the config: auto, always or never.
    calls: how often the training computes with the pack.
    missing: the members that it lacks.
    device: where it is trained.
    """
    return calls * missing < OWN_SIZE_PAYS_AT and compiles(choice, calls, device)
