"""Replay memory of a pack: one row a transition, so that one write and one gather move it."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Replay:
    """The last `capacity` transitions of every member, written in lockstep.

    A row holds observation (F), next observation (F), action, reward and terminated as float32: (M, capacity, 2F + 3).
    The next observation is the one that the episode ended with, not the one that the next begins with.
    """

    def __init__(self, members: int, capacity: int, inputs: int, device: torch.device) -> None:
        self.rows = torch.zeros(members, capacity, 2 * inputs + 3, device=device)
        self.capacity, self.written, self._device = capacity, 0, device

    def add(
        self,
        observations: NDArray[np.float32],
        next_observations: NDArray[np.float32],
        actions: NDArray[np.int64],
        rewards: NDArray[np.float64],
        terminated: NDArray[np.bool_],
    ) -> None:
        """One transition a member: observations (M, F), the rest (M,)."""
        scalars = np.stack((actions, rewards, terminated), axis=1)
        row = np.concatenate((observations, next_observations, scalars), axis=1, dtype=np.float32, casting="same_kind")
        self.rows[:, self.written % self.capacity] = torch.from_numpy(row).to(self._device)
        self.written += 1

    def indices(self, uniforms: NDArray[np.float64]) -> Tensor:
        """Rows to learn from, uniform over those written, from numbers uniform in [0, 1); shape kept."""
        filled = min(self.written, self.capacity)
        return torch.from_numpy((uniforms * filled).astype(np.int64)).to(self._device)

    def member(self, index: int) -> dict[str, Any]:
        """What one member has in memory: the rows written, and how many ever were."""
        filled = min(self.written, self.capacity)
        return {"rows": self.rows[index, :filled].detach().cpu().clone(), "written": self.written}

    def load(self, members: list[dict[str, Any]]) -> None:
        """Go on from these memories, one a member, all after as many writes."""
        self.written = members[0]["written"]
        for index, each in enumerate(members):
            self.rows[index, : len(each["rows"])] = each["rows"].to(self._device)


def split(rows: Tensor, inputs: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Rows (B, 2F + 3) as observations and next observations (B, F), actions as int64, rewards and terminated (B,)."""
    return (
        rows[:, :inputs],
        rows[:, inputs : 2 * inputs],
        rows[:, -3].long(),
        rows[:, -2],
        rows[:, -1],
    )
