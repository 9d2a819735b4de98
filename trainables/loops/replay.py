"""The replay memory of a pack: one row for each transition, so that a single write or gather moves it.

Axis letters: M members, B batch, F features.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables.loops.priorities import Priorities


class Replay:
    """The last transitions of every member, written in lockstep.

    A row holds s_tm1 (F), s_t (F), a_tm1, r_t and discount_t as float32: `rows` is (M, capacity, 2F + 3). At the end of
    an episode s_t is its last observation, not the first of the next episode. discount_t multiplies the value of s_t:
    it is gamma, or 0 where s_t is terminal.
    """

    def __init__(
        self, members: int, capacity: int, inputs: int, device: torch.device, alphas: Tensor | None = None
    ) -> None:
        """Nothing is remembered yet.

        members: M.
        capacity: the most transitions of a member.
        inputs: F.
        device: where the rows lie.
        alphas: (M,), of the priorities that transitions are drawn by; None: all are drawn alike.
        """
        # NumPy's zeros take memory only as it is written to, torch's take all of it at once.
        self.rows = torch.from_numpy(np.zeros((members, capacity, 2 * inputs + 3), dtype=np.float32)).to(device)
        self.capacity, self.written, self._inputs, self._device = capacity, 0, inputs, device
        self.priorities = None if alphas is None else Priorities(alphas.to(device), capacity)

    def add(
        self,
        observations: NDArray[np.float32],
        next_observations: NDArray[np.float32],
        actions: NDArray[np.int64],
        rewards: NDArray[np.float64],
        discounts: NDArray[np.float64],
    ) -> None:
        """Remembers one transition of each member, over one step.

        observations: s_tm1 (M, F).
        next_observations: s_t (M, F).
        actions: a_tm1 (M,).
        rewards: r_t (M,).
        discounts: discount_t (M,).
        """
        scalars = np.stack((actions, rewards, discounts), axis=1)
        row = np.concatenate((observations, next_observations, scalars), axis=1, dtype=np.float32, casting="same_kind")
        self.rows[:, self.written % self.capacity] = torch.from_numpy(row).to(self._device)
        if self.priorities is not None:
            self.priorities.add(self.written % self.capacity)
        self.written += 1

    def grow(self, older: NDArray[np.int64]) -> None:
        """Extends transitions before the newest by its step: they earn its reward and end in its s_t.

        So a transition spans one more step with every step of its episode, and is sound at any time: its reward is
        sum_k gamma^k r_t+k over its n steps, its discount gamma^n, or 0 where the state after them is terminal (Sutton
        and Barto, 2018, equation 7.1).

        older: (M,), how many transitions of each member to extend.
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

    @property
    def filled(self) -> int:
        """How many transitions each member remembers."""
        return min(self.written, self.capacity)

    def indices(self, uniforms: NDArray[np.float64]) -> Tensor:
        """Rows drawn uniformly from those written, by numbers in [0, 1), of their shape."""
        return torch.from_numpy((uniforms * self.filled).astype(np.int64)).to(self._device)

    def newest(self, count: int, skipped: NDArray[np.int64]) -> Tensor:
        """The rows (M, count) of each member from the newest back; from the newest again where there are fewer.

        count: how many.
        skipped: (M,), how many of the very newest to skip.
        """
        back = (skipped[:, None] + np.arange(count)) % self.filled
        return torch.from_numpy((self.written - 1 - back) % self.capacity).to(self._device)

    def member(self, index: int) -> dict[str, Any]:
        """What one member remembers: its rows, and how many have ever been written."""
        rows = {"rows": self.rows[index, : self.filled].detach().cpu().clone(), "written": self.written}
        return rows if self.priorities is None else {**rows, "priorities": self.priorities.member(index, self.filled)}

    def load(self, members: list[dict[str, Any]]) -> None:
        """Goes on from what `member` gave, one for each member, all after as many writes."""
        self.written = members[0]["written"]
        for index, each in enumerate(members):
            self.rows[index, : len(each["rows"])] = each["rows"].to(self._device)
        if self.priorities is not None:
            self.priorities.load([each["priorities"] for each in members])


def row_bytes(inputs: int, prioritised: bool) -> int:
    """How many bytes a transition of observations (F) takes, with its priority if it has one."""
    return 4 * (2 * inputs + 3 + prioritised)


def split(rows: Tensor, inputs: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Rows (B, 2F + 3) as s_tm1 and s_t (B, F), a_tm1 as int64, r_t and discount_t (B,)."""
    return (
        rows[:, :inputs],
        rows[:, inputs : 2 * inputs],
        rows[:, -3].long(),
        rows[:, -2],
        rows[:, -1],
    )
