"""What a training loop is: its config, and the protocol that every loop keeps.

Axis letters used throughout: M members, E episodes side by side, T time, B batch, A actions, F features.
"""

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import AfterValidator, Field
from torch import device

from trainables import environments
from trainables.base.config_fields import Frozen, Option, tunable
from trainables.base.images import Image
from trainables.base.report import Report
from trainables.environments.wrappers import Named
from trainables.networks.initialisations import TORCH, Initialisation
from trainables.networks.specs import MLP, Activation, Convolutional, Own, Spec
from trainables.optimisation.optimizers import Adam, Optimizer
from trainables.optimisation.schedules import Fixed, Schedule

Width = Annotated[int, Field(gt=0, le=65_536)]


def _one_by_name(wrapper: Named) -> Named:
    if not isinstance(wrapper, str) and len(wrapper) != 1:
        raise ValueError("should be a name, or one name with its arguments")
    return wrapper


Wrapper = Annotated[str | dict[str, dict[str, Any]], AfterValidator(_one_by_name)]


def _standard_or_own(name: str) -> str:
    if name != "standard" and ":" not in name:
        raise ValueError("should be standard or package.module:Class")
    return name


class Training(Frozen):
    """What every training has, whoever wrote its loop."""

    foreign: ClassVar[bool] = False
    """Whether this is no config of a loop of packs: the member is alone, and what it is set by is not declared."""

    budget: int = Field(
        description="full length of the training; environment steps (supervised: epochs)", gt=0, le=10**10
    )
    seed: int = tunable(0, description="of the member's weights, exploration, sampling and episodes", ge=0, lt=2**63)

    def reported(self) -> int:
        """How many times results are reported over the budget."""
        raise NotImplementedError


class Config(Training):
    """The fields that every loop has. A field is structural, the same for the whole pack, unless declared tunable."""

    learning_rate: float = tunable(1e-3, description="of the optimizer, before schedule and warmup", gt=0)
    schedule: Schedule = tunable(Fixed(), description="how the learning rate changes over the budget")
    warmup: float = tunable(0.0, description="share of the budget over which the learning rate rises", ge=0, lt=1)
    max_norm: float | None = tunable(None, description="gradients are clipped to this global norm; null: never", gt=0)
    optimizer: Optimizer = Field(Adam(), description="sgd, adam, adamw or rmsprop; its settings are tunable")
    batch_size: int = Field(64, description="samples (reinforce: episodes) in one update", gt=0, le=10**6)
    hidden: tuple[Width, ...] = Field((64, 64), description="widths of the hidden layers")
    activation: Activation = Field("relu", description="between the layers")
    layer_norm: bool = Field(False, description="whether hidden layers are normalised before their activation")
    initialisation: Initialisation = tunable(TORCH, description="what the weights begin with")
    network: Annotated[str, AfterValidator(_standard_or_own)] = Field(
        "standard",
        description="standard: hidden layers, behind convolutions where observations are images; package.module:Class: "
        "a torch.nn.Module of your own, made with `inputs` and `outputs`, for which those settings do not count",
    )
    reports: int = Field(10, description="times that results are reported over the budget", gt=0, le=10_000)
    compile: Literal["auto", "always", "never"] = Field(
        "auto",
        description="of what is computed often; auto: where there is a C++ compiler and enough to compute to pay it",
    )

    def reported(self) -> int:
        """How many times results are reported over the budget."""
        return self.reports

    def calls(self) -> int | None:
        """How often a pack is computed with over the budget; None: the config alone does not tell."""
        return None


class EpisodicConfig(Config):
    """The fields of the loops that train on an environment."""

    environment: str = Field(description="id of a Gymnasium environment with discrete actions")
    environment_args: dict[str, Any] = Field({}, description="arguments of the environment")
    wrappers: tuple[Wrapper, ...] = Field(
        (),
        description="Gymnasium's, the innermost first: FlattenObservation, {TimeAwareObservation: {arguments}}, or "
        "package.module:Wrapper of your own",
    )
    backend: environments.Backend = Field(
        "auto",
        description="what training steps; auto: the platform's own implementation of many episodes at once, else "
        "gymnasium: one by one; vector: the environment's own vector environment, one a member, whose episodes share "
        "random numbers; envpool: EnvPool, whose episodes can't be begun again, so that a resumed training is another "
        "one. Scores are always from auto",
    )
    gamma: float = tunable(0.99, description="discount of a step; 1: none", ge=0, le=1)
    reward_scale: float = tunable(
        1.0, description="factor of the rewards that are learnt from; never of the score", gt=0
    )
    channels: tuple[Width, ...] = Field(
        (16, 32, 32), description="of the convolutions that an image goes through; each halves its height and width"
    )
    evaluation_episodes: int = Field(
        10, description="greedy episodes that one evaluation is the mean of", gt=0, le=10_000
    )
    evaluation_seed: int = Field(0, description="of the episodes that members are scored on", ge=0, lt=2**63)


def network(config: Config, inputs: int, outputs: int, image: Image | None = None) -> Spec:
    """The network that a config asks for; inputs: the numbers of a sample or an observation, which may be an image."""
    if config.network != "standard":
        return Own(config.network, inputs, outputs, image)
    if image is None:
        return MLP(inputs, outputs, config.hidden, config.activation, config.layer_norm)
    channels = config.channels if isinstance(config, EpisodicConfig) else ()
    return Convolutional(image, outputs, channels, config.hidden, config.activation, config.layer_norm)


def is_tunable(config: type[Training], name: str) -> bool:
    """Whether members of one pack may differ in this field; a field that is not declared is of a member alone."""
    if config.foreign and name not in config.model_fields:
        return True
    extra = config.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and extra.get("tunable") is True


def structure(config: Training) -> dict[str, Any]:
    """The structural part of a config; members of a pack have it in common.

    Of a structural option the kind alone counts, since its settings are tunable.
    """
    values = {name: getattr(config, name) for name in _structural(type(config))}
    return {
        name: getattr(value, "kind", None) if isinstance(value, Option) else value for name, value in values.items()
    }


@cache
def _structural(config: type[Training]) -> tuple[str, ...]:
    return tuple(name for name in config.model_fields if not is_tunable(config, name))


class Loop(Protocol):
    """Trains one pack. Written for one member, vmapped over all; a pack of one is no other path."""

    Config: ClassVar[type[Any]]
    score: ClassVar[str]
    """The metric that best.pt is chosen by; `scores_of` says which others it could be."""
    direction: ClassVar[Literal["maximize", "minimize"]]
    unit: ClassVar[str]
    """What the budget counts."""
    metrics: ClassVar[tuple[str, ...]]
    """The names of all metrics of a point."""

    def __init__(self, configs: Sequence[Any], device: device) -> None:
        """One config a member; all of one structure."""

    def train(self, until: int) -> list[Report]:
        """Train every member until it has spent this much of the budget, then evaluate; one report a member.

        Raises MemberFailed where one of them can't go on: the others will, without it, from their last states.
        """

    def state(self) -> list[dict[str, Any]]:
        """All that a member needs to go on, a member each: tensors and plain values only."""

    def load(self, states: Sequence[dict[str, Any]]) -> None:
        """Go on from these states, one a member, all after the same share of the budget."""

    def confirm(self, episodes: int) -> list[float]:
        """Of each member the score of its best weights where no search has looked: on so many fresh episodes.

        A loop without episodes gives the best score itself. NaN of a member without one. Raises MemberFailed.
        """

    def best(self) -> list[dict[str, Any]]:
        """Of each member what is deployed: the state dict with the best score, and how to build its network."""


def scores_of(loop: type[Loop]) -> tuple[str, ...]:
    """The metrics that the best weights may be chosen by: the loop's `scores`, or its score alone.

    A loop with `scores` chooses by `self.score` in `self.direction`, whatever these are.
    """
    scores: tuple[str, ...] = getattr(loop, "scores", (loop.score,))
    return scores


def is_bound(loop: type[Loop]) -> bool:
    """Whether the best weights are chosen by the loop's own score in its own direction, and can't be otherwise."""
    return not loop.Config.foreign and not hasattr(loop, "scores")


def scored_by(loop: type[Loop], score: str, direction: Literal["maximize", "minimize"]) -> type[Loop]:
    """The loop with what its best weights are chosen by. Raises ValueError where it can't choose so."""
    if (score, direction) == (loop.score, loop.direction):
        return loop
    if is_bound(loop) or not (loop.Config.foreign or score in scores_of(loop)):
        raise ValueError(f"metric: {loop.__name__} can't choose its best weights by {score}, {direction}")
    return type(loop.__name__, (loop,), {"score": score, "direction": direction})


ATTRIBUTES = ("Config", "score", "direction", "unit", "metrics")
METHODS = ("train", "state", "load", "confirm", "best")


def contract_flaw(found: object) -> str | None:
    """What a class lacks to be a loop, in a line; None of one that is."""
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
