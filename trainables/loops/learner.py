"""One gradient step, the same in every loop: forward, loss, backward, clip, optimizer step, for a pack in lockstep.

Axis letters: M members.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import grad_and_value, vmap

from trainables.base import member_axis, pulse
from trainables.base.member_axis import Tensors, Tree
from trainables.base.report import Report
from trainables.compilation import programs
from trainables.compilation.rebuildable import rebuildable
from trainables.loops import instruments
from trainables.loops.config import Config
from trainables.optimisation import optimizers, schedules

Loss = Callable[..., tuple[Tensor, Tensors]]
"""(parameters, numbers, *data) of one member -> (loss, what it shows). What is shown are figures, if they are scalars;
the rest is handed back by the update."""

FIGURES = (
    "train/loss",
    "train/gradient_norm",
    "train/clipped_share",
    "train/learning_rate",
    *instruments.OF_UPDATES,
)
"""What every loop reports of its updates: means since the last report, the learning rate of the last update, and what
the last updates tell together."""

RECENT = "recent"
"""What an update hands back of its loss and its gradient's norm."""

REASONS = {1: "the loss is not finite", 2: "the gradient is not finite", 3: "the weights are not finite"}
"""Why a member has diverged, by its `flaw`."""


def _numbers(config: Config) -> Tree:
    """The tunable settings that every update needs, as plain numbers."""
    return {
        "learning_rate": config.learning_rate,
        "max_norm": float("inf") if config.max_norm is None else config.max_norm,
        "schedule": schedules.numbers(config.schedule, config.warmup),
        "optimizer": config.optimizer.model_dump(exclude={"kind"}),
    }


def tensors(numbers: Sequence[Tree]) -> Tree:
    """The numbers of the members, one tree each, as a tree of float32 tensors (M,)."""
    first = numbers[0]
    return {
        key: tensors([each[key] for each in numbers])
        if isinstance(first[key], dict)
        else torch.tensor([each[key] for each in numbers], dtype=torch.float32)
        for key in first
    }


@rebuildable
def packed_update(loss: Loss, optimizer: str, decays: bool, at_once: int | None) -> Callable[..., tuple[Tree, Tensors]]:
    """The update of a pack: (state, numbers, clock, *data) -> (state, what the loss shows), with leading axes M.

    loss: of one member.
    optimizer: a name in optimizers.RULES.
    decays: whether the weights of any member decay.
    at_once: how many members are computed together; None: all.
    """
    take_step = optimizers.step_of(optimizer, decays)

    def update(state: Tree, numbers: Tree, clock: Tensors, *data: Any) -> tuple[Tree, Tensors]:
        gradients, (value, shown) = grad_and_value(loss, has_aux=True)(state["parameters"], numbers, *data)
        norm = optimizers.global_norm(gradients)
        clipped = optimizers.clip(gradients, norm, numbers["max_norm"])
        rate = clock["rate"]
        parameters, moments = take_step(
            state["parameters"], clipped, state["optimizer"], numbers["optimizer"], rate, state["updates"]
        )

        # A member with a flaw keeps its last sound weights, and is trained no further.
        sound = torch.stack([torch.isfinite(tensor).all() for tensor in parameters.values()]).all()
        flaw = torch.where(torch.isfinite(value), torch.where(torch.isfinite(norm), torch.where(sound, 0, 3), 2), 1)
        trained = clock["active"] & state["alive"]
        taken, broken = trained & (flaw == 0), trained & (flaw > 0)
        figures = {"loss": value, "gradient_norm": norm, "clipped_share": (norm > numbers["max_norm"]).float(), **shown}
        following = {
            "parameters": member_axis.where(taken, parameters, state["parameters"]),
            "optimizer": member_axis.where(taken, moments, state["optimizer"]),
            "updates": state["updates"] + taken,
            "alive": state["alive"] & ~broken,
            "flaw": torch.where(broken, flaw, state["flaw"]),
            "diverged_at": torch.where(broken, clock["steps"], state["diverged_at"]),
            "tally": {
                "updates": state["tally"]["updates"] + taken,
                "learning_rate": torch.where(taken, rate, state["tally"]["learning_rate"]),
                "sums": {
                    name: total + torch.where(taken, figures[name], torch.zeros_like(total))
                    for name, total in state["tally"]["sums"].items()
                },
            },
        }
        recent = torch.where(taken, torch.stack((figures["loss"], norm)), torch.nan)
        return following, {RECENT: recent, **{name: tensor for name, tensor in shown.items() if tensor.dim()}}

    members = vmap(update, chunk_size=at_once)

    def packed(state: Tree, numbers: Tree, clock: Tensors, *data: Any) -> tuple[Tree, Tensors]:
        # For all members at once: under vmap each of these many small operations would cost as much again.
        factor = schedules.factor(numbers["schedule"], clock["progress"], clock["tick"])
        updated: tuple[Tree, Tensors] = members(
            state, numbers, {**clock, "rate": numbers["learning_rate"] * factor}, *data
        )
        return updated

    return packed


class Learner:
    """The weights of a pack and how they learn: optimizer, schedule, clipping, divergence, the best so far."""

    def __init__(
        self,
        configs: Sequence[Config],
        parameters: Sequence[Tensors],
        loss: Loss,
        shown: Sequence[str],
        maximize: bool,
        device: torch.device,
        numbers: Sequence[Tree] = (),
    ) -> None:
        """Nothing is learnt yet.

        configs: one for each member, all of one structure.
        parameters: what each member begins with.
        loss: of one member.
        shown: the names of the figures that the loss shows.
        maximize: whether higher scores are better.
        device: where to compute.
        numbers: the loop's own tunable settings, a tree for each member; the loss gets them beside those of every loop.
        """
        own = numbers or [{} for _ in configs]
        self.device, self._loss, self._maximize = device, loss, maximize
        self.numbers = member_axis.to(
            tensors([{**_numbers(config), **each} for config, each in zip(configs, own, strict=True)]), device
        )
        self._optimizer = configs[0].optimizer.kind
        self._decays = any(config.optimizer.weight_decay > 0 for config in configs)
        moments = optimizers.RULES[self._optimizer].moments
        figures = ("loss", "gradient_norm", "clipped_share", *shown)
        worst = float("-inf") if maximize else float("inf")
        initial, members = member_axis.stack(parameters), len(configs)
        none = torch.zeros(members, dtype=torch.int64)
        self.state = member_axis.to(
            {
                "parameters": initial,
                "optimizer": {key: {name: torch.zeros_like(each) for name, each in initial.items()} for key in moments},
                "updates": none.clone(),
                "alive": torch.ones(members, dtype=torch.bool),
                "flaw": none.clone(),
                "diverged_at": none - 1,
                "tally": {
                    "updates": none.clone(),
                    "learning_rate": torch.zeros(members),
                    "sums": {name: torch.zeros(members) for name in figures},
                },
            },
            device,
        )
        self.best = member_axis.to(
            {
                "parameters": {name: each.clone() for name, each in initial.items()},
                "score": torch.full((members,), worst, dtype=torch.float64),
                "steps": none - 1,
            },
            device,
        )
        self._has_plateau = any(isinstance(config.schedule, schedules.Plateau) for config in configs)
        self._use_plateau(member_axis.to(member_axis.stack([schedules.before_scores() for _ in configs]), device))
        self._forget()

    def _forget(self) -> None:
        """Begins a new stretch of updates for the instruments; nothing of it is kept in a checkpoint."""
        self._recent: deque[Tensor] = deque(maxlen=instruments.RECENT)
        self._before: Tensors | None = None
        self._active: Tensor | None = None
        self._ratios = torch.full((len(self.alive),), torch.nan, device=self.device)

    @property
    def parameters(self) -> Tensors:
        """The weights now, each tensor (M, ...)."""
        parameters: Tensors = self.state["parameters"]
        return parameters

    @property
    def alive(self) -> Tensor:
        """(M,) bool: which members have not diverged."""
        alive: Tensor = self.state["alive"]
        return alive

    def update(self, clock: Tensors, *data: Any, compiled: bool, at_once: int | None = None) -> Tensors:
        """One update of every member that is active and has not diverged.

        clock: when the update takes place, as `clock` has it.
        data: what the loss takes, trees with leading axes M.
        compiled: whether to compile it.
        at_once: how many members are computed together, to bound the memory of large batches; None: all.
        Returns what the loss shows beside its figures, (M, ...) each.
        """
        pulse.beat("an update")
        packed = self._packed(compiled, at_once)
        if self._active is not None and self._active is not clock["active"]:
            self._keep_ratios(but_of=clock["active"])
        self._before, self._active = self.parameters, clock["active"]
        self.state, shown = packed(self.state, self.numbers, clock, *data)
        self._recent.append(shown.pop(RECENT))
        handed_back: Tensors = shown
        return handed_back

    def _keep_ratios(self, but_of: Tensor | None = None) -> None:
        """Keeps how far the last update has moved the members that it did.

        but_of: (M,), the members that the next one moves; if they are the same, it will tell as much.
        """
        same = but_of is not None and self._active is not None and torch.equal(but_of, self._active)
        if self._before is None or same:
            return
        ratios = instruments.update_ratio(self._before, self.parameters)
        self._ratios = torch.where(ratios > 0, ratios, self._ratios)

    def _instruments(self, watched: bool) -> list[dict[str, float]]:
        """Of each member, what its updates since the last report tell together; nothing unless they are watched."""
        if not (watched and self._recent):
            self._forget()
            return [{} for _ in self._ratios]
        self._keep_ratios()
        losses, norms = torch.stack(list(self._recent)).unbind(-1)
        sizes = {
            "train/update_ratio": self._ratios,
            "train/weight_norm": instruments.norm(self.parameters),
            "train/updates": self.state["updates"],
        }
        found = instruments.listed({**instruments.of_updates(losses, norms), **sizes}, len(self._ratios))
        self._forget()
        return found

    def begin_compiling(self, clock: Tensors, *data: Any) -> None:
        """Begins to compile an update with such data, in the background."""
        programs.begin(self._packed(True, None), self.state, self.numbers, clock, *data)

    def _packed(self, compiled: bool, at_once: int | None) -> Callable[..., tuple[Tree, Tensors]]:
        return programs.compiled_if(compiled, packed_update(self._loss, self._optimizer, self._decays, at_once))

    def clock(self, progress: float, tick: float, steps: int) -> Tensors:
        """When an update takes place, (M,) each, if it does so for all members at the same time.

        progress: the share of the full budget that is spent.
        tick: the share that the update spends.
        steps: the budget spent, at which a divergence is reported.
        """
        members = len(self.alive)
        return {
            "progress": torch.full((members,), progress, device=self.device),
            "tick": torch.full((members,), tick, device=self.device),
            "steps": torch.full((members,), steps, device=self.device),
            "active": torch.ones(members, dtype=torch.bool, device=self.device),
        }

    def keep_best(self, scores: Tensor, steps: Tensor) -> None:
        """Takes in an evaluation: keeps the weights of members whose score is their best, and steps plateaus down.

        scores: (M,); NaN of a member without a score.
        steps: (M,), the budget spent.
        """
        scores = scores.double()
        better = scores > self.best["score"] if self._maximize else scores < self.best["score"]
        better = better & torch.isfinite(scores) & self.alive
        new = {"parameters": self.parameters, "score": scores, "steps": steps}
        self.best = member_axis.where(better, new, self.best)
        if self._has_plateau:
            losses = -scores if self._maximize else scores
            self._use_plateau(schedules.after_score(self._plateau, self.numbers["schedule"], losses))

    def _use_plateau(self, plateau: Tensors) -> None:
        """Trains on at the rates that the scores so far lead to."""
        self._plateau = plateau
        self.numbers = {**self.numbers, "schedule": {**self.numbers["schedule"], "plateau": plateau["factor"]}}

    def take_figures(self, watched: bool = True) -> list[dict[str, float]]:
        """Of each member, the means over its updates since the last call, and the last learning rate.

        watched: whether to tell what the instruments make of those updates, too.
        """
        tally = member_axis.to(self.state["tally"], torch.device("cpu"))
        self.state["tally"] = {
            "updates": torch.zeros_like(self.state["tally"]["updates"]),
            "learning_rate": self.state["tally"]["learning_rate"],
            "sums": {name: torch.zeros_like(total) for name, total in self.state["tally"]["sums"].items()},
        }
        figures = []
        together = self._instruments(watched)
        for member, updates in enumerate(tally["updates"].tolist()):
            means = {
                f"train/{name}": total[member].item() / updates for name, total in tally["sums"].items() if updates
            }
            rate = {"train/learning_rate": tally["learning_rate"][member].item()}
            figures.append(means | rate | together[member] if updates else {})
        return figures

    def reports(self, steps: NDArray[np.int64], points: Sequence[list[tuple[int, dict[str, float]]]]) -> list[Report]:
        """One report for each member.

        steps: (M,), the budget that it has spent.
        points: of each member, those since the last report.
        """
        return [
            Report(at if diverged_at is None else diverged_at, shown, best, best_steps, diverged_at, reason)
            for at, shown, (best, best_steps), (diverged_at, reason) in zip(
                steps.tolist(), points, self._bests(), self._divergences(), strict=True
            )
        ]

    def _divergences(self) -> list[tuple[int | None, str | None]]:
        """Of each member, the steps at which it diverged and why; None and None if it has not."""
        flaws, steps = self.state["flaw"].tolist(), self.state["diverged_at"].tolist()
        return [(at if flaw else None, REASONS.get(flaw)) for flaw, at in zip(flaws, steps, strict=True)]

    def _bests(self) -> list[tuple[float | None, int | None]]:
        """Of each member, its best score and the steps it was seen at; None and None before the first."""
        scores, steps = self.best["score"].tolist(), self.best["steps"].tolist()
        return [(score if at >= 0 else None, at if at >= 0 else None) for score, at in zip(scores, steps, strict=True)]

    def best_scores(self) -> list[float]:
        """Of each member, its best score; NaN before the first."""
        return [float("nan") if score is None else score for score, _ in self._bests()]

    def member(self, index: int) -> Tree:
        """All that one member needs to go on."""
        parts = {"learner": self.state, "best": self.best, "watched": self._plateau}
        return {name: member_axis.member(part, index) for name, part in parts.items()}

    def load(self, members: Sequence[Tree]) -> None:
        """Goes on from what `member` gave, one tree for each member."""
        states = [self._with_all_moments(each["learner"]) for each in members]
        self.state = member_axis.to(member_axis.stack(states), self.device)
        self.best = member_axis.to(member_axis.stack([each["best"] for each in members]), self.device)
        # Checkpoints of versions without plateaus have none.
        plateaus = [each.get("watched", schedules.before_scores()) for each in members]
        self._use_plateau(member_axis.to(member_axis.stack(plateaus), self.device))
        self._forget()

    def _with_all_moments(self, state: Tree) -> Tree:
        """A member's state, with zeros for moments that the optimizer did not have when an earlier version wrote it."""
        zeros = {name: torch.zeros_like(tensor) for name, tensor in state["parameters"].items()}
        moments = optimizers.RULES[self._optimizer].moments
        return {**state, "optimizer": {name: state["optimizer"].get(name, zeros) for name in moments}}
