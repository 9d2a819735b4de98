"""The settings that loops have in common, and the network that they ask for."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from trainables import environments
from trainables.base.config_fields import tunable
from trainables.base.images import Image
from trainables.base.training_config import Training
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


class Config(Training):
    """The fields of every loop. A field is structural, the same in the whole pack, unless it is declared tunable."""

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
        """How often the training computes with its pack over the budget; None if the config alone does not tell."""
        return None


class EpisodicConfig(Config):
    """The fields of the loops that train on an environment."""

    environment: str = Field(description="id of a Gymnasium environment, also module:Name-v0 of your own")
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
    max_episode_steps: int | None = Field(
        None,
        description="steps after which an episode is cut, in training and evaluation; null: the environment's own "
        "limit, and of one without any as many as the budget has room for",
        gt=0,
        le=10**9,
    )
    evaluation_episodes: int = Field(
        10,
        description="greedy episodes that one evaluation is the mean of, as far as its share allows",
        gt=0,
        le=10_000,
    )
    evaluation_share: float | None = Field(
        0.2,
        description="steps that evaluations may take, as a share of those trained; beyond it episodes are left out, "
        "and all are cut where it has no room for a single one; null: whatever they take",
        gt=0,
        le=1_000,
    )
    evaluation_seed: int = Field(0, description="of the episodes that members are scored on", ge=0, lt=2**63)

    def episodes_at_once(self) -> int:
        """How many complete episodes a training plays before it can stop."""
        return 1


def network(config: Config, inputs: int, outputs: int, image: Image | None = None) -> Spec:
    """The network that a config asks for.

    config: of any member, as the network is structural.
    inputs: the numbers of a sample or an observation.
    outputs: the numbers that the network returns.
    image: how to read an observation as an image; None if it is none.
    """
    if config.network != "standard":
        return Own(config.network, inputs, outputs, image)
    if image is None:
        return MLP(inputs, outputs, config.hidden, config.activation, config.layer_norm)
    channels = config.channels if isinstance(config, EpisodicConfig) else ()
    return Convolutional(image, outputs, channels, config.hidden, config.activation, config.layer_norm)
