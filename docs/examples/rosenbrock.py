"""A loop of one's own: gradient descent down Rosenbrock's valley, for a whole pack of members in lockstep.

Every tensor has a leading axis M, with a place for each member. The lowest point of the valley is (1, 1), with loss 0.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from trainables import Config, Report, streams, tunable


class RosenbrockConfig(Config):
    """Tunable fields may differ within a pack; all others are structural, which means that its members share them."""

    momentum: float = tunable(0.0, description="share of the last step that is kept", ge=0, lt=1)
    steepness: float = Field(100.0, description="of the valley's walls", gt=0)


def rosenbrock(points: Tensor, steepness: float) -> Tensor:
    """The loss (M,) at points (M, 2)."""
    x, y = points.unbind(-1)
    return (1 - x) ** 2 + steepness * (y - x**2) ** 2


class Rosenbrock:
    """Follows the protocol trainables.Loop: these five attributes, and six methods."""

    Config: ClassVar[type[RosenbrockConfig]] = RosenbrockConfig
    score: ClassVar[str] = "validation/loss"
    direction: ClassVar[Literal["maximize", "minimize"]] = "minimize"
    unit: ClassVar[str] = "steps"
    metrics: ClassVar[tuple[str, ...]] = ("validation/loss",)

    def __init__(self, configs: Sequence[RosenbrockConfig], device: torch.device) -> None:
        self._configs, self._device, self._spent = configs, device, 0
        self._rates = torch.tensor([config.learning_rate for config in configs], device=device)[:, None]
        self._momenta = torch.tensor([config.momentum for config in configs], device=device)[:, None]
        # Random numbers depend on a member's seed, never on its place in the pack.
        begun = [
            torch.rand(
                2, generator=torch.Generator().manual_seed(streams.integer(config.seed, streams.Purpose.WEIGHTS))
            )
            for config in configs
        ]
        self._points = torch.stack(begun).to(device)
        self._velocity = torch.zeros_like(self._points)
        self._best = torch.full((len(configs),), float("inf"), device=device)
        self._best_points, self._best_at = self._points.clone(), [0] * len(configs)
        self._diverged_at: list[int | None] = [None] * len(configs)

    def train(self, until: int) -> list[Report]:
        for step in range(self._spent, until):
            points = self._points.detach().requires_grad_()
            rosenbrock(points, self._configs[0].steepness).sum().backward()
            velocity = self._momenta * self._velocity - self._rates * points.grad
            moved = points.detach() + velocity
            # A member whose loss stops being finite stays where it was; the others never notice.
            sound = torch.isfinite(rosenbrock(moved, self._configs[0].steepness))
            for member in torch.nonzero(~sound).flatten().tolist():
                self._diverged_at[member] = self._diverged_at[member] or step + 1
            self._points = torch.where(sound[:, None], moved, self._points)
            self._velocity = torch.where(sound[:, None], velocity, self._velocity)
        self._spent = until
        losses = rosenbrock(self._points, self._configs[0].steepness)
        for member in torch.nonzero(losses < self._best).flatten().tolist():
            self._best[member], self._best_points[member] = losses[member], self._points[member]
            self._best_at[member] = until
        return [self._report(member, float(loss)) for member, loss in enumerate(losses)]

    def _report(self, member: int, loss: float) -> Report:
        at, best = self._diverged_at[member], float(self._best[member])
        points = [(self._spent, {"validation/loss": loss})] if at is None else []
        reason = None if at is None else "the loss is not finite"
        return Report(self._spent if at is None else at, points, best, self._best_at[member], at, reason)

    def state(self) -> list[dict[str, Any]]:
        """Tensors and plain values only, since they are loaded with weights_only=True."""
        return [
            {
                "spent": self._spent,
                "point": self._points[member].clone(),
                "velocity": self._velocity[member].clone(),
                "best": float(self._best[member]),
                "best_point": self._best_points[member].clone(),
                "best_at": self._best_at[member],
                "diverged_at": self._diverged_at[member],
            }
            for member in range(len(self._configs))
        ]

    def load(self, states: Sequence[dict[str, Any]]) -> None:
        self._spent = states[0]["spent"]
        self._points = torch.stack([state["point"] for state in states]).to(self._device)
        self._velocity = torch.stack([state["velocity"] for state in states]).to(self._device)
        self._best = torch.tensor([state["best"] for state in states], device=self._device)
        self._best_points = torch.stack([state["best_point"] for state in states]).to(self._device)
        self._best_at = [state["best_at"] for state in states]
        self._diverged_at = [state["diverged_at"] for state in states]

    def confirm(self, episodes: int) -> list[float]:
        """There are no episodes here, so the best score itself confirms a member."""
        return [float(best) for best in self._best]

    def best(self) -> list[dict[str, Any]]:
        """What best.pt holds beside the config and the score."""
        return [{"state_dict": {"point": point.clone()}} for point in self._best_points]
