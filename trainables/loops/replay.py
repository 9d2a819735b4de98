"""Replay memory of a pack: one row a transition, so that one write and one gather move it."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LEAST_PRIORITY = 1e-6
"""Added to the size of an error, so that a transition without any can be drawn again."""

BLOCK = 64
"""Transitions that one sum of their priorities passes over; running sums over memories of 100,000 take ten times as
long as an update (docs/findings.md)."""


class Priorities:
    """How likely each transition of a memory is drawn: by its last temporal-difference error (Schaul et al., 2016).

    Transition i has the chance P(i) = p_i^alpha / sum_k p_k^alpha with p_i = |error| + LEAST_PRIORITY (equation 1,
    proportional). Kept are the powers p_i^alpha: (M, capacity). One that goes on over further steps keeps its own.
    """

    def __init__(self, alphas: Tensor, capacity: int) -> None:
        """alphas: (M,), how much errors count; 0: all transitions are drawn alike."""
        self._alphas = alphas[:, None]
        self._blocks = torch.zeros(len(alphas), -(-capacity // BLOCK), BLOCK, device=alphas.device)
        self.powers = self._blocks.flatten(1)[:, :capacity]
        self.largest = torch.ones_like(alphas)

    def add(self, place: int) -> None:
        """A new transition of each member is as likely as its likeliest ever was, so that it is soon learnt from."""
        self.powers[:, place] = self.largest

    def draw(self, uniforms: NDArray[np.float64], filled: int, betas: Tensor) -> tuple[Tensor, Tensor]:
        """A batch of each member, and the weights of its losses, from numbers uniform in [0, 1): (M, B) each.

        One transition out of each of B equal parts of the sum of powers (appendix B.2.1). The weights make up for
        chances that are not alike: (N P(i))^-beta for N transitions, over the largest of the batch (section 3.4).
        betas: (M,).
        """
        parts = torch.from_numpy((np.arange(uniforms.shape[1]) + uniforms) / uniforms.shape[1]).to(self.powers.device)
        blocks = self._blocks[:, : -(-filled // BLOCK)]
        # As double, since in a long sum of floats small powers would be lost.
        sums = blocks.sum(2).double()
        ends = sums.cumsum(1)
        wanted = parts * ends[:, -1:]
        # Rounding can bring a number up to the end of all that it is looked for in; the last of that then.
        block = torch.searchsorted(ends, wanted, right=True).clamp(max=blocks.shape[1] - 1)
        within = blocks.gather(1, block[..., None].expand(-1, -1, BLOCK)).cumsum(2, dtype=torch.float64)
        left = wanted - ends.gather(1, block) + sums.gather(1, block)
        place = torch.searchsorted(within, left[..., None], right=True).squeeze(2).clamp(max=BLOCK - 1)
        indices = (block * BLOCK + place).clamp(max=filled - 1)
        drawn = self.powers.gather(1, indices)
        return indices, (drawn.amin(1, keepdim=True) / drawn) ** betas[:, None]

    def update(self, indices: Tensor, errors: Tensor) -> None:
        """errors: (M, B), of the transitions (M, B) just learnt from; one that is not finite changes nothing."""
        powers = (errors.abs() + LEAST_PRIORITY) ** self._alphas
        powers = torch.where(torch.isfinite(powers), powers, self.powers.gather(1, indices))
        self.powers.scatter_(1, indices, powers)
        self.largest = torch.maximum(self.largest, powers.amax(1))

    def member(self, index: int, filled: int) -> dict[str, Tensor]:
        """What one member has."""
        kept = {"powers": self.powers[index, :filled], "largest": self.largest[index]}
        return {name: tensor.detach().cpu().clone() for name, tensor in kept.items()}

    def load(self, members: list[dict[str, Tensor]]) -> None:
        """Go on from these, one a member."""
        for index, each in enumerate(members):
            self.powers[index, : len(each["powers"])] = each["powers"].to(self.powers.device)
            self.largest[index] = each["largest"]


class Replay:
    """The last `capacity` transitions of every member, written in lockstep.

    A row holds observation (F), next observation (F), action, reward and discount as float32: (M, capacity, 2F + 3).
    The next observation is the one that the episode ended with, not the one that the next begins with. The discount is
    that of the next observation's value: 0 where it is terminal.
    """

    def __init__(
        self, members: int, capacity: int, inputs: int, device: torch.device, alphas: Tensor | None = None
    ) -> None:
        """alphas: of the priorities that transitions are drawn by; None: all are drawn alike."""
        # NumPy's zeros take memory as it is written to, torch's all of it at once.
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
        """One transition a member, of one step: observations (M, F), the rest (M,)."""
        scalars = np.stack((actions, rewards, discounts), axis=1)
        row = np.concatenate((observations, next_observations, scalars), axis=1, dtype=np.float32, casting="same_kind")
        self.rows[:, self.written % self.capacity] = torch.from_numpy(row).to(self._device)
        if self.priorities is not None:
            self.priorities.add(self.written % self.capacity)
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

    @property
    def filled(self) -> int:
        """How many transitions each member has in memory."""
        return min(self.written, self.capacity)

    def indices(self, uniforms: NDArray[np.float64]) -> Tensor:
        """Rows to learn from, uniform over those written, from numbers uniform in [0, 1); shape kept."""
        return torch.from_numpy((uniforms * self.filled).astype(np.int64)).to(self._device)

    def newest(self, count: int, skipped: NDArray[np.int64]) -> Tensor:
        """(M, count), rows of each member from the newest back, the very newest skipped: (M,), how many of them.

        Where there are not so many yet, it begins again at the newest.
        """
        back = (skipped[:, None] + np.arange(count)) % self.filled
        return torch.from_numpy((self.written - 1 - back) % self.capacity).to(self._device)

    def member(self, index: int) -> dict[str, Any]:
        """What one member has in memory: the rows written, and how many ever were."""
        rows = {"rows": self.rows[index, : self.filled].detach().cpu().clone(), "written": self.written}
        return rows if self.priorities is None else {**rows, "priorities": self.priorities.member(index, self.filled)}

    def load(self, members: list[dict[str, Any]]) -> None:
        """Go on from these memories, one a member, all after as many writes."""
        self.written = members[0]["written"]
        for index, each in enumerate(members):
            self.rows[index, : len(each["rows"])] = each["rows"].to(self._device)
        if self.priorities is not None:
            self.priorities.load([each["priorities"] for each in members])


def row_bytes(inputs: int, prioritised: bool) -> int:
    """What a transition of observations (F) takes in a memory, with its priority if it has one."""
    return 4 * (2 * inputs + 3 + prioritised)


def split(rows: Tensor, inputs: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Rows (B, 2F + 3) as observations and next observations (B, F), actions as int64, rewards and discounts (B,)."""
    return (
        rows[:, :inputs],
        rows[:, inputs : 2 * inputs],
        rows[:, -3].long(),
        rows[:, -2],
        rows[:, -1],
    )
