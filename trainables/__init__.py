"""Training loops whose members are trained in lockstep, a pack at a time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainables.base.config_fields import tunable
    from trainables.base.member_failure import MemberFailed
    from trainables.loops.contract import Config, EpisodicConfig, Loop, Report
    from trainables.loops.registry import LOOPS, loop_of
    from trainables.tune import DQN, Reinforce, Supervised

_HOMES = {
    "Config": "loops.contract",
    "DQN": "tune",
    "EpisodicConfig": "loops.contract",
    "LOOPS": "loops.registry",
    "Loop": "loops.contract",
    "MemberFailed": "base.member_failure",
    "Reinforce": "tune",
    "Report": "loops.contract",
    "Supervised": "tune",
    "loop_of": "loops.registry",
    "tunable": "base.config_fields",
}


def __getattr__(name: str) -> Any:
    """A public name out of its module, which is imported when the name is asked for: torch and Ray take seconds."""
    if name in _HOMES:
        return getattr(import_module(f"trainables.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    "loop_of",
    "tunable",
]
