"""Training loops whose members are trained in lockstep, a pack at a time."""

from trainables.dqn import DQNLoop
from trainables.loop import Loop
from trainables.reinforce import ReinforceLoop
from trainables.supervised import SupervisedLoop

LOOPS: dict[str, type[Loop]] = {"dqn": DQNLoop, "reinforce": ReinforceLoop, "supervised": SupervisedLoop}
"""The loops by the name that a sweep calls them by."""

__all__ = ["LOOPS", "Loop"]
