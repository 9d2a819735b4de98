"""Training loops whose members are trained in lockstep, a pack at a time."""

from importlib import import_module
from typing import Any

from trainables.dqn import DQNLoop
from trainables.loop import Loop
from trainables.reinforce import ReinforceLoop
from trainables.supervised import SupervisedLoop

LOOPS: dict[str, type[Loop]] = {"dqn": DQNLoop, "reinforce": ReinforceLoop, "supervised": SupervisedLoop}
"""The loops by the name that a sweep calls them by."""


def __getattr__(name: str) -> Any:
    """The Tune trainables by name; Ray is imported when one is asked for, and not before."""
    if name in ("DQN", "Reinforce", "Supervised"):
        return getattr(import_module("trainables.tune"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["DQN", "LOOPS", "Loop", "Reinforce", "Supervised"]
