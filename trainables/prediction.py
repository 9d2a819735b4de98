"""What a trained network makes of cases that it has not seen, by name, and how many answers a policy has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainables import environments
from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from trainables.data import encoding
from trainables.data.columns import Column, from_text
from trainables.data.encoding import FittedColumn, Floats
from trainables.data.table_files import TableError, Texts
from trainables.data.understanding import listed
from trainables.environments import watched_trial
from trainables.environments.action_spaces import Discrete
from trainables.environments.trial_run import Wanted
from trainables.trained_network import TrainedNetwork

CLASS_SHARE = "probability"


@dataclass(frozen=True)
class Predictor:
    """A network, and how its inputs and outputs are called.

    network: which takes features in the units of the data, or observations.
    columns: what of a case is looked at, in order.
    header: whether the first row of a text file has names, as it was said in training.
    targets: the names of what is predicted; of a policy, of the numbers of an action.
    classes: the names of the classes, if one of several is predicted.
    """

    network: TrainedNetwork
    columns: tuple[FittedColumn, ...]
    header: bool | None
    targets: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The names of what is looked at, in order."""
        return tuple(column.name for column in self.columns)

    def read(self, texts: Texts) -> dict[str, Column]:
        """What is looked at of cases, by name. Raises TableError.

        texts: which has all columns that are looked at.
        """
        return {each.name: _as_fitted(each, texts) for each in self.columns}

    def numbers(self, cases: Mapping[str, Column]) -> Floats:
        """What the network sees of N cases, (N, F)."""
        return encoding.encoded(self.columns, cases)

    def unseen(self, cases: Mapping[str, Column]) -> list[str]:
        """What of cases the network has never seen in training, and what is made of it, a sentence for a column."""
        return [words for each in self.columns if (words := _unseen(each, cases[each.name]))]

    def predict(self, cases: Floats | Sequence[Sequence[float]]) -> list[dict[str, Any]]:
        """Of each case, its targets by name; a class with its probability.

        cases: (N, F), as `numbers` gives them; where no column is text or has gaps, the columns' own numbers.
        """
        width = sum(len(column.features) for column in self.columns)
        given = np.asarray(cases, dtype=np.float64).reshape(-1, width)
        if self.network.acts:
            actions = self.network.act(given).reshape(len(given), -1).tolist()
            return [dict(zip(self.targets, row, strict=True)) for row in actions]
        outputs = self.network(given)
        if not self.classes:
            rows = [self._rounded(row) for row in outputs.numpy()]
            return [dict(zip(self.targets, row, strict=True)) for row in rows]
        shares, places = torch.softmax(outputs, -1).max(-1)
        return [
            {self.targets[0]: self.classes[place], CLASS_SHARE: round(share, 6)}
            for place, share in zip(places.tolist(), shares.tolist(), strict=True)
        ]

    def _rounded(self, targets: NDArray[Any]) -> list[float]:
        """The targets (T,) of one case in as many digits as the network, which computes in float32, can tell apart."""
        if targets.dtype == np.float32:
            # The shortest text that tells a float32 from all others.
            return [float(str(value)) for value in targets]
        places = 7 - np.floor(np.log10(self.network.target_deviation.numpy())).astype(int)
        return [round(value, place) for value, place in zip(targets.tolist(), places.tolist(), strict=True)]


def load(path: Path) -> Predictor:
    """The network of a best.pt.

    Raises CheckpointError if there is none in it, and Unimportable for a person's own network that can't be imported.
    """
    best = checkpoint.read(path)
    if best is None:
        raise CheckpointError(f"{path}: there is no such file")
    network = TrainedNetwork(best) if "network" in best else None
    if network is None or not (network.acts or "inputs" in best):
        raise CheckpointError(f"{path}: does not say what its network takes and predicts; its loop keeps no such thing")
    if network.acts:
        seen = (FittedColumn(name, "number") for name in _named("observation", network.numbers))
        return Predictor(network, tuple(seen), None, _named("action", network.chosen), ())
    names = network.features or _numbered("feature", best["network"]["inputs"])
    kept = best["inputs"].get("columns")
    # An earlier version learnt from numbers alone.
    columns = map(FittedColumn.from_plain, kept) if kept else (FittedColumn(name, "number") for name in names)
    return Predictor(
        network,
        tuple(columns),
        header=best["inputs"].get("header"),
        targets=network.targets or _numbered("target", best["network"]["outputs"]),
        classes=network.classes,
    )


def _as_fitted(fitted: FittedColumn, texts: Texts) -> Column:
    """A column of new cases, read as that of the training was. Raises TableError."""
    column = from_text(texts.columns[fitted.name], texts.decimal_comma, fitted.kind, fitted.style or None)
    missing = "refuse" if fitted.fill is None else "fill"
    for message in encoding.problems(fitted.name, column, missing, most_values=None):
        raise TableError(message)
    return column


def _unseen(fitted: FittedColumn, column: Column) -> str:
    """Texts that the network has never seen, and that say nothing to it; "" if there are none."""
    unknown = fitted.unknown(column)
    if not unknown:
        return ""
    values = listed([f"{value!r} in {count:,} {'case' if count == 1 else 'cases'}" for value, count in unknown.items()])
    return f"{fitted.name}: {values}: not seen in training, so it counts as none of {listed(fitted.values)}"


@dataclass(frozen=True)
class Answers:
    """How many different actions a policy takes at the beginning of episodes.

    answers: how many.
    inputs: to how many different first observations.
    actions: how many there are to choose from.
    """

    answers: int
    inputs: int
    actions: int


def answers(path: Path, fewest_actions: int = 1) -> Answers | None:
    """What the policy of a best.pt answers to all that episodes of its environment can begin with.

    fewest_actions: nothing is tried where there are fewer of them.
    None where the environment begins with too many different observations to count, where it can't be had here, or
    where there is no policy that chooses one of several actions. Raises CheckpointError, Unimportable.
    """
    best = checkpoint.read(path)
    config = {} if best is None else best.get("config", {})
    # A loop of a person's own may keep something else than a network.
    outputs = 0 if best is None else best.get("network", {}).get("outputs", 0)
    if best is None or "environment" not in config or outputs < max(1, fewest_actions):
        return None
    arguments, wrappers = config.get("environment_args", {}), config.get("wrappers", ())
    found = watched_trial.tried(Wanted(config["environment"], arguments, tuple(wrappers), firsts=True))
    if found.misfit is not None or not found.firsts:
        return None
    try:
        actions = environments.describe(config["environment"], arguments, wrappers).actions
    except environments.EnvironmentMisfit:
        return None
    if not isinstance(actions, Discrete) or actions.n != outputs:
        return None
    chosen = set(TrainedNetwork(best).of_rows(torch.tensor(found.firsts)).argmax(-1).tolist())
    return Answers(len(chosen), len(found.firsts), actions.n)


def _named(name: str, count: int) -> tuple[str, ...]:
    """A name for each of several numbers, or the one that stands alone."""
    return (name,) if count == 1 else _numbered(name, count)


def _numbered(name: str, count: int) -> tuple[str, ...]:
    """Names where an earlier version kept none."""
    return tuple(f"{name}[{place}]" for place in range(count))
