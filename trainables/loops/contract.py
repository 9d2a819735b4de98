"""What a training loop is: the protocol that every loop keeps.

Axis letters of all loops: M members, E episodes side by side, T time, B batch, A actions, F features.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal, Protocol

from torch import device

from trainables.base.report import Report
from trainables.base.trivial_answer import TrivialAnswer
from trainables.environments import Actions
from trainables.loops.config import Config


class Loop(Protocol):
    """Trains one pack. It is written for one member and vmapped over all; a pack of one takes the same way."""

    Config: ClassVar[type[Any]]
    score: ClassVar[str]
    """The metric that best.pt is chosen by; `scores_of` tells which others it could be."""
    direction: ClassVar[Literal["maximize", "minimize"]]
    """Which scores are better: high ones or low ones."""
    unit: ClassVar[str]
    """What the budget counts."""
    metrics: ClassVar[tuple[str, ...]]
    """The names of all metrics of a point."""

    def __init__(self, configs: Sequence[Any], device: device) -> None:
        """Begins a training; configs: one for each member, all of one structure."""

    def train(self, until: int) -> list[Report]:
        """Trains every member until it has spent this much of the budget, then evaluates. Returns a report of each.

        Raises MemberFailed if one of them can't go on; the others will, without it, from their last states.
        """

    def state(self) -> list[dict[str, Any]]:
        """Of each member, all that it needs to go on: tensors and plain values only."""

    def load(self, states: Sequence[dict[str, Any]]) -> None:
        """Goes on from these states, one for each member, all after the same share of the budget."""

    def confirm(self, episodes: int) -> list[float]:
        """Of each member, the score of its best weights where no search has looked: on so many fresh episodes.

        A loop without episodes gives the best score itself. A member without a score gets NaN. Raises MemberFailed.
        """

    def best(self) -> list[dict[str, Any]]:
        """Of each member, what is deployed: the state dict with the best score, and how to build its network."""


def scores_of(loop: type[Loop]) -> tuple[str, ...]:
    """The metrics that the best weights may be chosen by: the loop's `scores`, or only its score.

    A loop with `scores` chooses by `self.score` in `self.direction`, whatever these are.
    """
    scores: tuple[str, ...] = getattr(loop, "scores", (loop.score,))
    return scores


def trivial_answers(loop: type[Loop], config: Any) -> list[TrivialAnswer]:
    """What trainings of a loop are held against, scored by `loop.score`: what its class method `trivial` says.

    loop: what trains. config: of any member.
    Returns nothing for a loop without that method, as a loop of a person's own may be.
    """
    say: Callable[[Any], list[TrivialAnswer]] | None = getattr(loop, "trivial", None)
    return [] if say is None else say(config)


def choices_of(loop: type[Loop], actions: Actions) -> Actions:
    """The actions of an environment in the form that the loop chooses in: as they are, unless its `choices_of` makes
    others of them.

    Raises EnvironmentMisfit if the loop can't be trained to choose among them.
    """
    make: Callable[[Actions], Actions] = getattr(loop, "choices_of", lambda found: found)
    return make(actions)


def is_bound(loop: type[Loop]) -> bool:
    """Whether the best weights can be chosen only by the loop's own score in its own direction."""
    return not loop.Config.foreign and not hasattr(loop, "scores")


def scored_by(loop: type[Loop], score: str, direction: Literal["maximize", "minimize"]) -> type[Loop]:
    """The loop, with its best weights chosen by another score.

    loop: as it is.
    score: one of its metrics.
    direction: whether high or low scores are better.
    Raises ValueError if the loop can't choose by them.
    """
    if (score, direction) == (loop.score, loop.direction):
        return loop
    if is_bound(loop) or not (loop.Config.foreign or score in scores_of(loop)):
        raise ValueError(f"metric: {loop.__name__} can't choose its best weights by {score}, {direction}")
    return type(loop.__name__, (loop,), {"score": score, "direction": direction})


ATTRIBUTES = ("Config", "score", "direction", "unit", "metrics")
METHODS = ("train", "state", "load", "confirm", "best")


def contract_flaw(found: object) -> str | None:
    """What a class lacks to be a loop, in one line; None if it is one."""
    if not isinstance(found, type):
        return "should be a class"
    missing = [name for name in ATTRIBUTES if not hasattr(found, name)]
    missing += [f"{name}()" for name in METHODS if not callable(getattr(found, name, None))]
    if missing:
        return f"has no {', '.join(missing)}"
    config = getattr(found, "Config", None)
    if not (isinstance(config, type) and issubclass(config, Config)):
        return "its Config should be a subclass of trainables.loop.Config"
    if getattr(found, "direction", None) not in ("maximize", "minimize"):
        return "its direction should be maximize or minimize"
    scores, metrics = getattr(found, "scores", None), getattr(found, "metrics", ())
    if scores is not None and not {getattr(found, "score", None)} <= set(scores) <= set(metrics):
        return "its scores should be some of its metrics, and its score one of them"
    return None
