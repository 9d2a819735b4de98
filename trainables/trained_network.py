"""The network of a best.pt, as a module that takes what its environment or its data give.

Axis letters: F numbers of one input, A actions, T targets or classes; `...` stands for any batch axes, or none.
"""

import math
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from trainables import environments
from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from trainables.data.scaling import Scaling
from trainables.environments import Actions, Description, action_spaces, observations
from trainables.environments.action_spaces import Discrete
from trainables.loops import policies
from trainables.networks import specs
from trainables.networks.specs import Spec


class TrainedNetwork(nn.Module):
    """A trained network in eval mode, whose parameters need no gradients.

    One trained by DQN or REINFORCE takes observations as the environment gives them: vectors (..., F), images with the
    environment's axes, or numbers (...) of a Discrete space; of any other space one of them, or a list, or the numbers
    that they were flattened to (..., F). It returns (..., A): the actions' values (DQN) or logits (REINFORCE), counted
    from 0; of an action of several parts the logits of all, of a continuous one its means. `act` makes actions of them,
    as the environment takes them.

    One trained on data takes features (..., F) in the units of the data. It returns the targets (..., T) in theirs, or
    the logits of the classes. Targets that were standardised in training come in double precision: float32 would round
    large ones.

    features: the names of the features, in order; none of a policy.
    targets: the names of the targets; none of a policy.
    classes: the names of the classes; none if numbers are predicted.
    environment: in which a policy was trained; None where it can't be made here, and of what was trained on data.
    actions: what a policy chooses among; None of what was trained on data.
    mean, deviation: (F,), of the features in training; 0 and 1 of a policy.
    target_mean, target_deviation: (T,), of the targets in training; 0 and 1 of a policy, of classes, and of targets
        that were learnt as they are.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    mean: Tensor
    deviation: Tensor
    target_mean: Tensor
    target_deviation: Tensor

    def __init__(self, best: dict[str, Any]) -> None:
        """best: the content of a best.pt. Raises Unimportable for a person's own network that can't be imported."""
        super().__init__()
        inputs, outputs = best.get("inputs", {}), best.get("outputs", {})
        self.features, self.targets = tuple(inputs.get("names", ())), tuple(outputs.get("names", ()))
        self.classes = tuple(outputs.get("classes", ()))
        self._spec = specs.from_plain(best["network"])
        self.environment = _described(best.get("config", {}))
        self.actions = _actions(best, self.environment)
        self.network = self._spec.build()
        self.network.load_state_dict(best["state_dict"])
        # In double precision, as in training: a difference of large numbers must be taken before it is rounded.
        scaling = Scaling.read(inputs, self._spec.inputs)
        self.register_buffer("mean", torch.from_numpy(scaling.mean))
        self.register_buffer("deviation", torch.from_numpy(scaling.deviation))
        scaling = Scaling.read(outputs, self._spec.outputs)
        self._scales_back = "mean" in outputs
        # State dicts of versions that knew no scaling of targets can still be loaded.
        self.register_buffer("target_mean", torch.from_numpy(scaling.mean), persistent=False)
        self.register_buffer("target_deviation", torch.from_numpy(scaling.deviation), persistent=False)
        self.eval().requires_grad_(False)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Reads a best.pt. Raises CheckpointError if there is none, or no network in it, and Unimportable as above."""
        best = checkpoint.read(Path(path))
        if best is None:
            raise CheckpointError(f"{path}: there is no such file")
        if "network" not in best:
            raise CheckpointError(f"{path}: holds no network that can be built: its loop keeps something else in it")
        return cls(best)

    @property
    def acts(self) -> bool:
        """Whether it is a policy."""
        return self.actions is not None

    @property
    def numbers(self) -> int:
        """How many numbers tell one input as it is given: F, or 1 of a Discrete space."""
        one_hot = self.environment is not None and self.environment.one_hot_from is not None
        return 1 if one_hot else self._spec.inputs

    @property
    def chosen(self) -> int:
        """How many numbers an action has, as the environment takes it; 0 of what was trained on data."""
        return 0 if self.actions is None else int(np.size(self.actions.given(np.zeros(self.actions.axes, np.int64))))

    def act(self, inputs: Any) -> Any:
        """What the policy does without chance: actions (..., *shape of the action space), of its type.

        For a single observation that is what `environment.step` takes.

        inputs: observations as the environment gives them, one or any batch of them.
        Raises ValueError if their shape does not fit, or if it is no policy.
        """
        if self.actions is None:
            raise ValueError("was trained on data: it predicts, and does not act")
        return self.actions.given(policies.distribution_of(self.actions).mode(self(inputs)).cpu().numpy())

    def forward(self, inputs: Any) -> Tensor:
        """inputs: a tensor, an array, or lists of numbers. Raises ValueError if their shape does not fit."""
        known = self.environment
        one_hot_from, space = (None, None) if known is None else (known.one_hot_from, known.flattened)
        if space is not None and not isinstance(inputs, Tensor):
            read = observations.rows(space, inputs)
            inputs = inputs if read is None else read
        # By NumPy, since torch would make float32 of Python's numbers.
        given = torch.as_tensor(inputs if isinstance(inputs, Tensor) else np.asarray(inputs), device=self.mean.device)
        if one_hot_from is not None:
            given = nn.functional.one_hot(given.long() - one_hot_from, self._spec.inputs)
        batch = _batch_shape(tuple(given.shape), self._spec)
        outputs = self.in_units(self.of_rows(given.reshape(-1, self._spec.inputs)))
        return outputs.reshape(*batch, self._spec.outputs)

    def of_rows(self, rows: Tensor) -> Tensor:
        """What the network gives for inputs as rows of numbers (N, F), such as a grid of environments has them.

        Returns (N, outputs), of standardised targets not in their units.
        """
        scaled = ((rows.double() - self.mean) / self.deviation).float()
        image = getattr(self._spec, "image", None)
        outputs: Tensor = self.network(scaled if image is None else image.upright(scaled))
        return outputs

    @property
    def inputs(self) -> int:
        """F, how many numbers the network sees of one input."""
        return self._spec.inputs

    def in_units(self, outputs: Tensor) -> Tensor:
        """What `of_rows` gives, (N, outputs), with targets in the units of the data."""
        return outputs.double() * self.target_deviation + self.target_mean if self._scales_back else outputs


def _batch_shape(shape: tuple[int, ...], spec: Spec) -> tuple[int, ...]:
    """The axes before those of one input, which are the fewest last ones that hold as many numbers as it has."""
    for axes in range(1, len(shape) + 1):
        if math.prod(shape[-axes:]) == spec.inputs:
            return shape[:-axes]
    raise ValueError(f"inputs should end in axes of {spec.inputs} numbers in all, have the shape {shape}")


def _described(config: dict[str, Any]) -> Description | None:
    """The environment that a policy was trained in; None without one, or if it can't be made here."""
    if "environment" not in config:
        return None
    try:
        return environments.describe(
            config["environment"], config.get("environment_args", {}), config.get("wrappers", ())
        )
    except environments.EnvironmentMisfit:
        return None


def _actions(best: dict[str, Any], described: Description | None) -> Actions | None:
    """What a policy chooses among; None of what was trained on data."""
    if "actions" in best:
        return action_spaces.from_plain(best["actions"])
    if "environment" not in best.get("config", {}):
        return None
    # Policies of earlier versions chose among discrete actions, and did not say of which number the first is.
    discrete = described is not None and isinstance(described.actions, Discrete)
    return described.actions if described and discrete else Discrete(best["network"]["outputs"])
