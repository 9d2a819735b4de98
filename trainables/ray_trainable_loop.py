"""Any Trainable of Ray Tune, a class or a function, as a loop whose packs have one member.

Its config has what a sweep fixes and searches, the member's `seed`, and the `budget`. An iteration is a unit of the
budget, and what it reports is a point. After a halt a Trainable goes on from the files of its checkpoints. One that
writes none begins again, and what it reports a second time is left out.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from math import isfinite
from numbers import Real
from pathlib import Path
from shutil import rmtree
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import ConfigDict
from ray import tune
from ray.train import Checkpoint
from ray.tune.trainable import wrap_function
from torch import Tensor

from trainables import borrowed
from trainables.base.member_failure import MemberFailed
from trainables.base.report import Report
from trainables.base.training_config import Training

Files = dict[str, Tensor]
"""The bytes of files, by their path in the checkpoint's folder."""


class ForeignConfig(Training):
    """The settings of a Trainable, which may have any names."""

    model_config = ConfigDict(extra="allow")

    foreign: ClassVar[bool] = True

    def reported(self) -> int:
        """How many times results are reported over the budget: every iteration."""
        return self.budget


@dataclass(frozen=True)
class Kept:
    """A checkpoint, and the iteration after which it was written."""

    iteration: int
    files: Files


class ForeignLoop:
    """One training by a Trainable. `of` makes the loop of a Trainable."""

    Config: ClassVar[type[ForeignConfig]] = ForeignConfig
    score: ClassVar[str] = ""
    """Which metric it is, only the sweep knows."""
    direction: ClassVar[Literal["maximize", "minimize"]] = "maximize"
    unit: ClassVar[str] = "training iterations"
    metrics: ClassVar[tuple[str, ...]] = ()
    """Any that the Trainable reports."""
    trainable: ClassVar[type[tune.Trainable]]

    def __init__(self, configs: Sequence[ForeignConfig], device: torch.device) -> None:
        """Raises ValueError for more members than one, MemberFailed if the Trainable can't be made."""
        if len(configs) != 1:
            raise ValueError(f"members: {self.trainable.__name__} trains one at a time, not {len(configs)}")
        self._config, self._at, self._spent = configs[0], 0, 0
        self._ended_at: int | None = None
        self._diverged_at: int | None = None
        self._best: float | None = None
        self._best_at: int | None = None
        self._best_files: Files = {}
        self._kept = Kept(0, {})
        self._folder = tempfile.TemporaryDirectory(prefix="trainable-", ignore_cleanup_errors=True)
        self._running = self._begun()

    def _begun(self) -> tune.Trainable:
        storage = borrowed.place_for_checkpoints(Path(self._folder.name))
        config = {**(self._config.model_extra or {}), "seed": self._config.seed, "budget": self._config.budget}
        try:
            return self.trainable(config, storage=storage)
        except Exception as error:
            self._folder.cleanup()
            raise _failed(error) from error

    def train(self, until: int) -> list[Report]:
        """Trains up to this iteration, unless the Trainable ends by itself before."""
        points: list[tuple[int, dict[str, float]]] = []
        while self._at < until and self._ended_at is None and self._diverged_at is None:
            metrics = self._next()
            # On the way back to where it was it tells what is known already.
            if metrics is not None and self._at > self._spent:
                points.append((self._at, metrics))
                self._judge(metrics)
        self._spent = max(self._spent, self._at)
        over = self._at == self._config.budget or self._ended_at is not None
        if over and self._best is None and self._diverged_at is None:
            found = ", ".join(points[-1][1]) if points else "nothing"
            raise MemberFailed(0, f"metric: the results have no {self.score}; they have {found}")
        reason = None if self._diverged_at is None else f"{self.score} is not finite"
        early = None if self._ended_at == self._config.budget else self._ended_at
        return [Report(self._spent, points, self._best, self._best_at, self._diverged_at, reason, stopped_at=early)]

    def _next(self) -> dict[str, float] | None:
        """The metrics of the next iteration; None if there is none, since a function has returned."""
        try:
            result = self._running.train()
        except Exception as error:
            raise _failed(error) from error
        if borrowed.is_repeated(result):
            self._ended_at = self._at
            return None
        self._at += 1
        if issubclass(self.trainable, tune.trainable.FunctionTrainable):
            # A function writes its checkpoints when it likes.
            self._keep(self._running.save().checkpoint)
        if result.get("done"):
            self._ended_at = self._at
        return numbers_of(result)

    def _judge(self, metrics: Mapping[str, float]) -> None:
        score = metrics.get(self.score)
        if score is None:
            return
        if not isfinite(score):
            self._diverged_at = self._at
        elif self._best is None or (score > self._best if self.direction == "maximize" else score < self._best):
            self._best, self._best_at = score, self._at
            kept = self._newest()
            self._best_files = kept.files if kept.iteration == self._at else {}

    def _newest(self) -> Kept:
        """The newest checkpoint; a class is asked to write one."""
        if self._kept.iteration < self._at and self._writes_when_asked():
            try:
                self._keep(self._running.save().checkpoint)
            except Exception as error:
                raise _failed(error) from error
        return self._kept

    def _keep(self, checkpoint: Checkpoint | None) -> None:
        if checkpoint is not None:
            self._kept = Kept(self._at, _taken(Path(checkpoint.path)))

    def _writes_when_asked(self) -> bool:
        own = self.trainable.save_checkpoint is not tune.Trainable.save_checkpoint
        return own and not issubclass(self.trainable, tune.trainable.FunctionTrainable)

    def state(self) -> list[dict[str, Any]]:
        """Where the training stands, with the files of its checkpoint."""
        kept = self._newest()
        return [
            {
                "spent": self._spent,
                "ended_at": self._ended_at,
                "diverged_at": self._diverged_at,
                "best": self._best,
                "best_at": self._best_at,
                "best_files": dict(self._best_files),
                "kept_at": kept.iteration,
                "files": dict(kept.files),
            }
        ]

    def load(self, states: Sequence[dict[str, Any]]) -> None:
        """Goes on from the checkpoint, past what was reported since."""
        (state,) = states
        self._spent, self._ended_at, self._diverged_at = state["spent"], state["ended_at"], state["diverged_at"]
        self._best, self._best_at, self._best_files = state["best"], state["best_at"], dict(state["best_files"])
        self._kept = Kept(state["kept_at"], dict(state["files"]))
        if self._at:
            self._running.stop()
            self._running = self._begun()
        self._at = self._kept.iteration
        if not self._kept.iteration:
            return
        folder = Path(self._folder.name) / "restored"
        for name, content in self._kept.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.numpy().tobytes())
        checkpoint = tune.Checkpoint.from_directory(str(folder))
        try:
            self._running.restore(borrowed.to_restore(checkpoint, self._at))
        except Exception as error:
            raise _failed(error) from error

    def confirm(self, episodes: int) -> list[float]:
        """The best score itself, since no other way to score is known."""
        return [float("nan") if self._best is None else self._best]

    def best(self) -> list[dict[str, Any]]:
        """The files of the checkpoint with the best score; none if none was written then."""
        return [{"files": dict(self._best_files)}]

    def close(self) -> None:
        """Lets the Trainable end what it has begun."""
        self._running.stop()
        self._folder.cleanup()


@cache
def of(found: type[tune.Trainable] | Callable[..., Any]) -> type[ForeignLoop]:
    """The loop of a class or function Trainable. Raises ValueError for a function that takes more than a config."""
    trainable = found if isinstance(found, type) else wrap_function(found)
    return type(found.__name__, (ForeignLoop,), {"trainable": trainable})


def numbers_of(result: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """The numbers in a result that are the Trainable's own; those of a mapping in it are called outer/inner."""
    found: dict[str, float] = {}
    for name, value in result.items():
        if prefix == "" and name in borrowed.keys_of_tune():
            continue
        if isinstance(value, Mapping):
            found |= numbers_of(value, f"{prefix}{name}/")
        elif isinstance(value, Real) and not isinstance(value, bool):
            found[f"{prefix}{name}"] = float(value)
    return found


def _failed(error: Exception) -> MemberFailed:
    """The failure of a member whose Trainable raised an error; what Ray has wrapped is unwrapped."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return MemberFailed(0, " ".join(f"{type(cause).__name__}: {cause}".split()))


def _taken(folder: Path) -> Files:
    """Takes the files of a folder, which is removed."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    # By an array, since a tensor can't be made of immutable bytes.
    files = {str(path.relative_to(folder)): torch.from_numpy(np.fromfile(path, dtype=np.uint8)) for path in paths}
    with suppress(OSError):
        rmtree(folder)
    return files
