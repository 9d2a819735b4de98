"""Replay memory of a pack: one row a transition, so that one write and one gather move it."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Replay:
    """The last `capacity` transitions of every member, written in lockstep.

    A row holds observation (F), next observation (F), action, reward and discount as float32: (M, capacity, 2F + 3).
    The next observation is the one that the episode ended with, not the one that the next begins with. The discount is
    that of the next observation's value: 0 where it is terminal.
    """

    def __init__(self, members: int, capacity: int, inputs: int, device: torch.device) -> None:
        self.rows = torch.zeros(members, capacity, 2 * inputs + 3, device=device)
        self.capacity, self.written, self._inputs, self._device = capacity, 0, inputs, device

    def add(
        self,
        observations: NDArray[np.float32],
        next_observations: NDArray[np.float32],
        actions: NDArray[np.int64],
        rewards: NDArray[np.float64],
        discounts: NDArray[np.float64],
    ) -> None:
        """One transition a member, of one step: observations (M, F), the rest (M,)."""
        scalars = np.stack((actions, rewards, discounts), axis=1)
        row = np.concatenate((observations, next_observations, scalars), axis=1, dtype=np.float32, casting="same_kind")
        self.rows[:, self.written % self.capacity] = torch.from_numpy(row).to(self._device)
        self.written += 1

    def grow(self, older: NDArray[np.int64]) -> None:
        """Let transitions before the newest go on over it: they earn its reward and end in its next observation.

        older: (M,), how many of each member. So a transition spans more steps with every step of its episode, and is
        at any time a sound one: sum of gamma^k r_t+k over its n steps, and the state after them with discount gamma^n
        (Sutton and Barto, 2018, equation 7.1), or 0 where that is terminal.
        """
        most = min(int(older.max()), self.capacity - 1)
        if most <= 0:
            return
        newest = self.rows[:, (self.written - 1) % self.capacity][:, None]
        places = torch.from_numpy((self.written - 2 - np.arange(most)) % self.capacity).to(self._device)
        rows, f = self.rows[:, places], self._inputs
        reward = rows[..., -2:-1] + rows[..., -1:] * newest[..., -2:-1]
        following, discount = newest[..., f : 2 * f].expand(-1, most, -1), rows[..., -1:] * newest[..., -1:]
        grown = torch.cat((rows[..., :f], following, rows[..., -3:-2], reward, discount), dim=-1)
        growing = torch.from_numpy(np.arange(most) < older[:, None]).to(self._device)
        self.rows[:, places] = torch.where(growing[..., None], grown, rows)

    def indices(self, uniforms: NDArray[np.float64]) -> Tensor:
        """Rows to learn from, uniform over those written, from numbers uniform in [0, 1); shape kept."""
        filled = min(self.written, self.capacity)
        return torch.from_numpy((uniforms * filled).astype(np.int64)).to(self._device)

    def newest(self, count: int, skipped: NDArray[np.int64]) -> Tensor:
        """(M, count), rows of each member from the newest back, the very newest skipped: (M,), how many of them.

        Where there are not so many yet, it begins again at the newest.
        """
        back = (skipped[:, None] + np.arange(count)) % min(self.written, self.capacity)
        return torch.from_numpy((self.written - 1 - back) % self.capacity).to(self._device)

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
    """Rows (B, 2F + 3) as observations and next observations (B, F), actions as int64, rewards and discounts (B,)."""
    return (
        rows[:, :inputs],
        rows[:, inputs : 2 * inputs],
        rows[:, -3].long(),
        rows[:, -2],
        rows[:, -1],
    )
