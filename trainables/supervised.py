"""Supervised regression: settings, loss, loop; a whole pack of members in lockstep.

Axis letters: M members, N samples, B batch, F features.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import mse_loss

from trainables import datasets, networks, pack, streams
from trainables.learner import FIGURES, Learner
from trainables.loop import Config, Report, network
from trainables.networks import Spec
from trainables.optimizers import Tensors
from trainables.options import tunable
from trainables.pack import Tree
from trainables.streams import Purpose

SCORE = "validation/loss"


class SupervisedConfig(Config):
    """The settings of supervised training beside those of every loop."""

    max_norm: float | None = tunable(1.0, description="gradients are clipped to this global norm; null: never", gt=0)
    data: str = Field("conjunction-risk", description="name of the data set")
    data_seed: int = Field(
        0, description="of the data's making and its split; the same for all members", ge=0, lt=2**63
    )
    standardise: bool = Field(True, description="features to mean 0 and deviation 1, fitted on the training part")


@lru_cache
def make_loss(spec: Spec) -> Callable[..., tuple[Tensor, Tensors]]:
    """The mean squared error of one member on one batch, its network in train mode."""
    network = networks.function(spec, training=True)

    def loss(
        parameters: Tensors, numbers: Tensors, features: Tensor, targets: Tensor, batch: Tensor
    ) -> tuple[Tensor, Tensors]:
        """features: (N, F), targets: (N, 1), the whole training part; batch: (B,) indices into it."""
        return mse_loss(network(parameters, features[batch]), targets[batch]), {}

    return loss


@lru_cache
def packed_validate(spec: Spec, compiled: bool) -> Callable[[Tensors, Tensor, Tensor], Tensor]:
    """(parameters, features (M, N, F), targets (M, N, 1)) -> mean squared errors (M,), networks in eval mode."""
    network = networks.function(spec)

    def validate(parameters: Tensors, features: Tensor, targets: Tensor) -> Tensor:
        return mse_loss(network(parameters, features), targets)

    return pack.lockstep(validate, compiled)


class SupervisedLoop:
    """Trains a pack: epochs of shuffled batches, each followed by a validation.

    All members see the same data, each in an order of its own. The last batch of an epoch is left out where it would be
    short: the order is new in every epoch, so no sample is left out for long.
    """

    Config: ClassVar[type[SupervisedConfig]] = SupervisedConfig
    score: ClassVar[str] = SCORE
    direction: ClassVar[Literal["maximize", "minimize"]] = "minimize"
    unit: ClassVar[str] = "epochs"
    metrics: ClassVar[tuple[str, ...]] = (SCORE, "validation/best_loss", "validation/best_epoch", *FIGURES)

    def __init__(self, configs: Sequence[SupervisedConfig], device: torch.device) -> None:
        self._device, self._members, self.steps = device, len(configs), 0
        self._common = common = configs[0]
        data = datasets.load(common.data, common.data_seed)
        samples, inputs = data.train_features.shape
        if common.batch_size > samples:
            raise ValueError(f"batch_size: {common.batch_size} is more than the {samples} samples to train on")
        mean, deviation = data.train_features.mean(0), data.train_features.std(0)
        self._scaling = (mean, np.where(deviation > 0, deviation, 1.0)) if common.standardise else (0 * mean, 1.0)
        self._train = (self._features(data.train_features), self._shared(data.train_targets))
        self._validation = (self._features(data.validation_features), self._shared(data.validation_targets))
        self._spec = network(common, inputs, data.train_targets.shape[1])
        seeds = [config.seed for config in configs]
        self._learner = Learner(
            configs,
            [
                networks.initial(self._spec, streams.integer(config.seed, Purpose.WEIGHTS), config.initialisation)
                for config in configs
            ],
            make_loss(self._spec),
            [],
            maximize=False,
            device=device,
        )
        self._batches = samples // common.batch_size
        self._shuffling = streams.Uniforms(seeds, Purpose.SAMPLING, samples)
        self._compiled = pack.compiles(common.compile, self._batches * common.budget, device)
        self._validate = packed_validate(self._spec, pack.compiles(common.compile, common.budget, device))

    def _features(self, features: datasets.Floats) -> Tensor:
        mean, deviation = self._scaling
        return self._shared((features - mean) / deviation)

    def _shared(self, values: datasets.Floats) -> Tensor:
        """(N, ...) as (M, N, ...), every member seeing the same memory."""
        tensor = torch.from_numpy(values.astype(np.float32)).to(self._device)
        return tensor.expand(self._members, *tensor.shape)

    def train(self, until: int) -> list[Report]:
        """Train epochs until `until` are done, each followed by a validation."""
        points: list[list[tuple[int, dict[str, float]]]] = [[] for _ in range(self._members)]
        while self.steps < until and bool(self._learner.alive.any()):
            self._epoch()
            self.steps += 1
            with torch.no_grad():
                losses = self._validate(self._learner.parameters, *self._validation)
            self._learner.keep_best(losses, torch.full((self._members,), self.steps, device=self._device))
            best = self._learner.best
            for shown, figures, loss, best_loss, best_epoch in zip(
                points,
                self._learner.take_figures(),
                losses.tolist(),
                best["score"].tolist(),
                best["steps"].tolist(),
                strict=True,
            ):
                kept = {"validation/best_loss": best_loss, "validation/best_epoch": float(best_epoch)}
                shown.append((self.steps, {**figures, SCORE: loss, **kept}))
        self.steps = until
        return self._learner.reports(np.full(self._members, self.steps), points)

    def _epoch(self) -> None:
        """Every batch of one epoch, in an order of each member's own."""
        size, total = self._common.batch_size, self._batches * self._common.budget
        order = np.argsort(self._shuffling.at(np.full(self._members, self.steps)), axis=1)
        batches = torch.from_numpy(order).to(self._device)
        for batch in range(self._batches):
            update = self.steps * self._batches + batch
            moment = self._learner.moment(update / total, 1 / total, self.steps)
            chosen = batches[:, batch * size : (batch + 1) * size]
            self._learner.update(moment, *self._train, chosen, compiled=self._compiled)

    def confirm(self, episodes: int) -> list[float]:
        """Of each member its lowest validation loss; there are no episodes, and no data beyond those of the split."""
        return self._learner.best_scores()

    def state(self) -> list[Tree]:
        """All that a member needs to go on; the order of an epoch follows from the seed and the epoch."""
        return [{**self._learner.member(index), "steps": self.steps} for index in range(self._members)]

    def load(self, states: Sequence[Tree]) -> None:
        """Go on from these states."""
        self._learner.load(states)
        self.steps = states[0]["steps"]

    def best(self) -> list[Tree]:
        """Of each member the network with the lowest validation loss, and the scaling that its inputs need."""
        mean, deviation = (np.broadcast_to(each, (self._spec.inputs,)).tolist() for each in self._scaling)
        return [
            {
                "network": networks.as_plain(self._spec),
                "state_dict": pack.member(self._learner.best, index)["parameters"],
                "inputs": {"mean": mean, "deviation": deviation},
            }
            for index in range(self._members)
        ]
