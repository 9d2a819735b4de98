"""Supervised training: settings, losses, loop; a whole pack of members in lockstep.

    x  features, standardised unless the config says otherwise
    y  targets: numbers, or one class
    f  the network, from features to numbers or to the logits of the classes

Axis letters: M members, N samples, B batch, F features, T targets or classes, H hidden units of all layers together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import BeforeValidator, Field
from torch import Tensor
from torch.func import vmap

from trainables.base import member_axis, random_streams
from trainables.base.config_fields import tunable
from trainables.base.member_axis import Tensors, Tree
from trainables.base.random_streams import Purpose
from trainables.base.report import Report
from trainables.base.trivial_answer import TrivialAnswer
from trainables.compilation import programs, when_it_pays
from trainables.compilation.rebuildable import rebuildable
from trainables.data import datasets
from trainables.data.scaling import Floats, Scaling
from trainables.data.split import Split, checked, named
from trainables.loops import instruments, trivial_predictions, validation
from trainables.loops.config import Config, network
from trainables.loops.learner import FIGURES, Learner
from trainables.loops.losses import LOSSES, balanced
from trainables.loops.validation import BEST, MAE, SCORE
from trainables.networks import dropout, networks, specs
from trainables.networks.specs import MLP, Spec

NEVER = 2**62
"""An epoch that no training reaches."""

LOOKS = 20
"""Times over the budget that instruments are read, since epochs may be short."""


class SupervisedConfig(Config):
    """The settings of supervised training beside those of every loop."""

    max_norm: float | None = tunable(1.0, description="gradients are clipped to this global norm; null: never", gt=0)
    data: str = Field(
        "conjunction-risk", description="name of a data set, or the path of a .csv, .tsv, .txt, .parquet or .npz file"
    )
    features: tuple[str, ...] = Field((), description="columns (.npz: arrays) to learn from; none: all but the targets")
    targets: tuple[str, ...] = Field((), description="columns (.npz: arrays) to predict; none: the last one")
    validation_share: float = Field(0.2, description="share of the rows that is validated on", gt=0, lt=1)
    split: Annotated[Split, BeforeValidator(checked)] = Field(
        "auto",
        description="auto: by chance, of each class the same share; random: by chance; {by: column}: rows of one "
        "value, such as a patient's, all in one part; {time: column}: the latest are validated on. The column is no "
        "feature unless features name it",
    )
    data_seed: int = Field(
        0, description="of the data's making and its split; the same for all members", ge=0, lt=2**63
    )
    header: bool | None = Field(
        None, description="whether the first row of a text file has names; null: it should, unless it looks like values"
    )
    missing: Literal["fill", "refuse"] = Field(
        "fill",
        description="missing values become the training part's median, or a class of their own, and are marked; rows "
        "without a target are left out; or both are refused",
    )
    text: Literal["one_hot", "refuse"] = Field(
        "one_hot", description="text of up to 50 values becomes a number for each of them, or is refused"
    )
    standardise: bool = Field(True, description="features to mean 0 and deviation 1, fitted on the training part")
    standardise_targets: bool = Field(
        True,
        description="numbers to predict to mean 0 and deviation 1, fitted on the training part; what is reported and "
        "predicted stays in their own units",
    )
    loss: Literal["mse", "huber", "cross_entropy"] = Field(
        "mse",
        description="of training and validation; huber: with delta 1, which of standardised targets is their "
        "deviation; cross_entropy: the target is a class",
    )
    class_weights: Literal["none", "balanced"] = Field(
        "none",
        description="balanced: in training the rare classes count for as much as the frequent ones together, which "
        "validation does not share",
    )
    dropout: float = tunable(0.0, description="share of each hidden layer that an update leaves out", ge=0, lt=1)
    patience: int | None = tunable(
        None, description="epochs without a better score after which a member stops; null: never", gt=0
    )

    @property
    def source(self) -> datasets.Source:
        """The data that the config asks for."""
        return datasets.Source(
            self.data,
            self.data_seed,
            self.features,
            self.targets,
            self.validation_share,
            classes=self.loss == "cross_entropy",
            header=self.header,
            missing=self.missing,
            text=self.text,
            split=named(self.split),
        )


EARLIER_DEFAULTS: Mapping[str, Any] = {"standardise_targets": False, "split": "random"}
"""What fields were worth that an earlier version did not have: what it began goes on so."""


def scores_with(loss: str) -> tuple[str, ...]:
    """The metrics that are there with a loss, and that trials may be compared by."""
    return validation.OF_CLASSES if loss == "cross_entropy" else validation.OF_NUMBERS


def _scaling(values: Floats, wanted: bool) -> Scaling:
    return Scaling.fitted(values) if wanted else Scaling.none(values.shape[1])


@rebuildable
def make_loss(spec: Spec, kind: str, drops: bool, weighs: bool = False) -> Callable[..., tuple[Tensor, Tensors]]:
    """The loss of one member on one batch, with its network in train mode.

    spec: the network.
    kind: a name in LOSSES.
    drops: whether hidden units are dropped.
    weighs: whether classes have weights.
    """
    f: Callable[..., Tensor] = networks.function(spec, training=True)
    if drops and isinstance(spec, MLP):
        f = dropout.function(spec)

    def loss(
        parameters: Tensors,
        numbers: Tensors,
        features: Tensor,
        targets: Tensor,
        units: Tensor,
        weights: Tensor,
        batch: Tensor,
        *masks: Tensor,
    ) -> tuple[Tensor, Tensors]:
        """The loss as it is minimised, and as it is shown: in the targets' own units.

        parameters: of the network.
        numbers: settings, none of which is needed here.
        features: (N, F), of the whole training part.
        targets: (N, T) or (N, 1), of the whole training part.
        units: (T,) or (1,), what 1 of a target as it is learnt is in its own unit.
        weights: (T,), of the classes, if they have any.
        batch: (B,), indices into the training part.
        masks: (B, H), if hidden units are dropped.
        """
        losses = LOSSES[kind](f(parameters, features[batch], *masks), targets[batch])
        if weighs:
            losses = losses * weights[targets[batch].long()]
        return losses.mean(), {"loss": (losses * units**2).mean()}

    return loss


@rebuildable
def packed_validate(spec: Spec, kind: str) -> Callable[..., Tensors]:
    """The validation of a pack, in eval mode.

    spec: the network. kind: of the loss, a name in LOSSES.
    Returns (parameters, features (M, N, F), targets (M, N, T), units (M, T)) -> metrics (M,), in the targets' units.
    """
    f = networks.function(spec)

    def validate(parameters: Tensors, features: Tensor, targets: Tensor, units: Tensor) -> Tensors:
        return validation.metrics(kind, f(parameters, features), targets, units)

    packed: Callable[..., Tensors] = vmap(validate)
    return packed


class SupervisedLoop:
    """Trains a pack: epochs of shuffled batches, each followed by a validation.

    All members see the same data, each in an order of its own. The last batch of an epoch is left out if it would be
    short; as the order is new in every epoch, no sample is left out for long. A member that stops early stays as it is
    while others of its pack go on.
    """

    Config: ClassVar[type[SupervisedConfig]] = SupervisedConfig
    score: ClassVar[str] = SCORE
    direction: ClassVar[Literal["maximize", "minimize"]] = "minimize"
    scores: ClassVar[tuple[str, ...]] = tuple(BEST)
    """Of which some are there with classes alone, and some with numbers."""
    unit: ClassVar[str] = "epochs"
    metrics: ClassVar[tuple[str, ...]] = (
        *BEST,
        *BEST.values(),
        "validation/best_epoch",
        *FIGURES,
        *instruments.OF_UNITS,
    )

    def __init__(self, configs: Sequence[SupervisedConfig], device: torch.device) -> None:
        """Raises ValueError for settings that contradict each other or the data, and Unusable for the data."""
        self._configs, self._device = configs, device
        self._begin(configs)

    def _begin(self, configs: Sequence[SupervisedConfig]) -> None:
        """Begins a training, or begins it anew; raises as `__init__` does."""
        self._members, self.steps, device = len(configs), 0, self._device
        self._common = common = configs[0]
        there = [kind for kind in LOSSES if self.score in scores_with(kind)]
        if there and common.loss not in there:
            raise ValueError(f"metric: {self.score} is there only with loss: {' or '.join(there)}, not {common.loss}")

        self._prepare(common)
        samples, inputs = self._data.train_features.shape
        if common.batch_size > samples:
            raise ValueError(f"batch_size: {common.batch_size} is more than the {samples} samples to train on")
        self._batches = samples // common.batch_size

        # The networks that learn.
        self._spec = network(common, inputs, len(self._data.classes) or self._data.train_targets.shape[1])
        self._rates = np.array([config.dropout for config in configs])
        self._drops = bool(self._rates.any()) and isinstance(self._spec, MLP) and common.hidden != ()
        self._learner = Learner(
            configs,
            [
                networks.initial(
                    self._spec, random_streams.integer(config.seed, Purpose.WEIGHTS), config.initialisation
                )
                for config in configs
            ],
            make_loss(self._spec, common.loss, self._drops, self._weights is not None),
            [],
            maximize=self.direction == "maximize",
            device=device,
        )
        patience = [NEVER if config.patience is None else config.patience for config in configs]
        self._patience = torch.tensor(patience, device=device)

        # Random numbers.
        seeds = [config.seed for config in configs]
        self._shuffling = random_streams.Uniforms(seeds, Purpose.SAMPLING, samples)
        units = common.batch_size * sum(common.hidden) if self._drops else 1
        self._dropping = random_streams.Uniforms(seeds, Purpose.DROPOUT, units)

        # Programs.
        self._compiled = when_it_pays.compiles(common.compile, self._batches * common.budget, device)
        self._validate = programs.compiled_if(
            when_it_pays.compiles(common.compile, common.budget, device), packed_validate(self._spec, common.loss)
        )
        programs.begin(self._validate, self._learner.parameters, *self._validation)
        self._units = instruments.of_units(self._spec)
        if self._compiled:
            batch = torch.zeros(self._members, common.batch_size, dtype=torch.int64, device=device)
            clock = {**self._learner.clock(0.0, 0.0, 0), "active": self._going()}
            self._learner.begin_compiling(clock, *self._train, batch, *self._masks(0))

    def _prepare(self, config: SupervisedConfig) -> None:
        """The data that a config asks for as they are learnt from, of which every member sees the same memory."""
        self._data = data = datasets.load(config.source)
        self._inputs = _scaling(data.train_features, config.standardise)
        self._scales_targets = config.standardise_targets and not data.classes
        self._outputs = _scaling(data.train_targets, self._scales_targets)
        # What is measured is told in the targets' units by double precision: of large ones float32 has no squares.
        self._unit = float(self._outputs.deviation.max())
        units = self._shared(self._outputs.deviation / self._unit)
        self._validation = (
            self._shared(self._inputs.scaled(data.validation_features)),
            self._shared(self._outputs.scaled(data.validation_targets)),
            units,
        )
        weighs = config.class_weights == "balanced" and bool(data.classes)
        self._weights = balanced(data.train_targets, len(data.classes)) if weighs else None
        self._train = (
            self._shared(self._inputs.scaled(data.train_features)),
            self._shared(self._outputs.scaled(data.train_targets)),
            units,
            units if self._weights is None else self._shared(self._weights),
        )

    def _shared(self, values: Floats) -> Tensor:
        """Values (N, ...) as (M, N, ...), of which every member sees the same memory."""
        tensor = torch.from_numpy(values.astype(np.float32)).to(self._device)
        return tensor.expand(self._members, *tensor.shape)

    @classmethod
    def trivial(cls, config: SupervisedConfig) -> list[TrivialAnswer]:
        """What is scored without looking at the features. Raises Unusable for the data."""
        data = datasets.load(config.source)
        scaling = _scaling(data.train_targets, config.standardise_targets and not data.classes)
        return trivial_predictions.answers(data, config.loss, cls.score, scaling)

    def train(self, until: int) -> list[Report]:
        """Trains until `until` epochs are done, with a validation after each."""
        points: list[list[tuple[int, dict[str, float]]]] = [[] for _ in range(self._members)]
        while self.steps < until and bool((self._learner.alive & self._going()).any()):
            going = self._going()
            self._epoch(going)
            self.steps += 1
            with torch.no_grad():
                found = self._in_units(self._validate(self._learner.parameters, *self._validation))
            # A member that has stopped has no weights of this epoch.
            scores = torch.where(going, found[self.score], torch.nan)
            self._learner.keep_best(scores, torch.full((self._members,), self.steps, device=self._device))
            for member, metrics in enumerate(self._metrics(found | self._look())):
                if going[member]:
                    points[member].append((self.steps, metrics))
        self.steps = until
        return self._reports(points)

    def _is_watched(self) -> bool:
        return self.steps % max(1, self._common.budget // LOOKS) == 0

    def _look(self) -> Tensors:
        """What the hidden units make of some samples, (M,) each, now and then."""
        if not self._is_watched():
            return {}
        with torch.no_grad():
            inputs = self._validation[0]
            return self._units(self._learner.parameters, inputs[:, : instruments.samples(inputs.shape[-1])])

    def _in_units(self, metrics: Mapping[str, Any]) -> dict[str, Any]:
        """Metrics, of which the losses and the mean error are of targets in units of the largest deviation."""
        squares = (SCORE, "train/loss", "train/loss_slope", "train/loss_spread")
        factors = {**dict.fromkeys(squares, self._unit**2), MAE: self._unit}
        return {
            name: (value.double() if isinstance(value, Tensor) else value) * factors[name] if name in factors else value
            for name, value in metrics.items()
        }

    def _epoch(self, going: Tensor) -> None:
        """Trains the members that go on, (M,) bool, on every batch of one epoch, each member in its own order."""
        size, total = self._common.batch_size, self._batches * self._common.budget
        order = np.argsort(self._shuffling.at(np.full(self._members, self.steps)), axis=1)
        samples = torch.from_numpy(order).to(self._device)
        for batch in range(self._batches):
            update = self.steps * self._batches + batch
            clock = {**self._learner.clock(update / total, 1 / total, self.steps), "active": going}
            chosen = samples[:, batch * size : (batch + 1) * size]
            self._learner.update(clock, *self._train, chosen, *self._masks(update), compiled=self._compiled)

    def _masks(self, update: int) -> list[Tensor]:
        """What an update multiplies the hidden units by, (M, B, H); nothing if no member drops any."""
        if not self._drops:
            return []
        drawn = self._dropping.at(np.full(self._members, update))
        masks = torch.from_numpy(dropout.masks(drawn, self._rates)).to(self._device)
        return [masks.reshape(self._members, self._common.batch_size, -1)]

    def _stops_at(self) -> Tensor:
        """(M,), the epoch at which a member's patience ends if it sees no better score until then."""
        best: Tensor = self._learner.best["steps"]
        return best.clamp(min=0) + self._patience

    def _going(self) -> Tensor:
        """(M,) bool: which members have not stopped early."""
        return self._stops_at() > self.steps

    def _metrics(self, found: Tensors) -> list[dict[str, float]]:
        """Of each member, the figures of its updates, its validation, and the best so far."""
        best, values = self._learner.best, {name: each.tolist() for name, each in found.items()}
        return [
            {
                **self._in_units(figures),
                **{name: each[member] for name, each in values.items()},
                BEST[self.score]: best["score"][member].item(),
                "validation/best_epoch": float(best["steps"][member]),
            }
            for member, figures in enumerate(self._learner.take_figures(self._is_watched()))
        ]

    def _reports(self, points: Sequence[list[tuple[int, dict[str, float]]]]) -> list[Report]:
        ends = self._stops_at().tolist()
        reports = self._learner.reports(np.minimum(self.steps, ends), points)
        return [
            replace(report, stopped_at=end) if end <= self.steps and report.diverged_at is None else report
            for report, end in zip(reports, ends, strict=True)
        ]

    def confirm(self, episodes: int) -> list[float]:
        """Of each member, its best score; there are no episodes, and no data beside the two parts."""
        return self._learner.best_scores()

    def state(self) -> list[Tree]:
        """All that each member needs to go on; the order of an epoch follows from the seed and the epoch."""
        return [
            {**self._learner.member(index), "steps": self.steps, "outputs": self._outputs.plain()}
            for index in range(self._members)
        ]

    def load(self, states: Sequence[Tree]) -> None:
        """Goes on from these states."""
        if "outputs" not in states[0]:
            self._begin([config.model_copy(update=dict(EARLIER_DEFAULTS)) for config in self._configs])
        self._learner.load(states)
        self.steps = states[0]["steps"]

    def best(self) -> list[Tree]:
        """Of each member, the network with the best score, what its inputs need, and what its outputs are.

        Both have names, and mean and deviation: the network takes inputs scaled by theirs, and what it returns is to be
        scaled back by those of the outputs. Targets that are learnt as they are have none.
        """
        data = self._data
        scaling = self._outputs.plain() if self._scales_targets else {}
        return [
            {
                "network": specs.as_plain(self._spec),
                "state_dict": member_axis.member(self._learner.best, index)["parameters"],
                "inputs": {
                    "names": list(data.features),
                    **self._inputs.plain(),
                    "columns": [column.as_plain() for column in data.columns],
                    "header": self._common.header,
                },
                "outputs": {"names": list(data.targets), "classes": list(data.classes), **scaling},
            }
            for index in range(self._members)
        ]
