"""Training loops that train the members of a pack in lockstep: the public face, as docs/own-loops.md uses it.

The loops as Trainables of Ray Tune: DQN, Reinforce, Supervised. For a loop of one's own: Config or EpisodicConfig,
tunable, Report, streams, MemberFailed, and Loop, the protocol. LOOPS and loop_of find a loop by its name.
TrainedNetwork is the network of a best.pt, ready to be called.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainables import streams
    from trainables.base.config_fields import tunable
    from trainables.base.member_failure import MemberFailed
    from trainables.base.report import Report
    from trainables.loops.config import Config, EpisodicConfig
    from trainables.loops.contract import Loop
    from trainables.loops.registry import LOOPS, loop_of
    from trainables.trained_network import TrainedNetwork
    from trainables.tune import DQN, Reinforce, Supervised

__all__ = [
    "DQN",
    "LOOPS",
    "Config",
    "EpisodicConfig",
    "Loop",
    "MemberFailed",
    "Reinforce",
    "Report",
    "Supervised",
    "TrainedNetwork",
    "loop_of",
    "streams",
    "tunable",
]

_HOMES = {
    "Config": "loops.config",
    "DQN": "tune",
    "EpisodicConfig": "loops.config",
    "LOOPS": "loops.registry",
    "Loop": "loops.contract",
    "MemberFailed": "base.member_failure",
    "Reinforce": "tune",
    "Report": "base.report",
    "Supervised": "tune",
    "TrainedNetwork": "trained_network",
    "loop_of": "loops.registry",
    "tunable": "base.config_fields",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for, since torch and Ray take seconds to import."""
    if name in _HOMES:
        return getattr(import_module(f"trainables.{_HOMES[name]}"), name)
    if name in __all__:
        return import_module(f"trainables.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names beside those imported so far."""
    return sorted({*globals(), *__all__})
