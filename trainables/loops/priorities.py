"""Prioritised replay (Schaul et al., 2016): transitions are drawn by how wrong the network last was about them.

    delta_i  temporal-difference error of transition i        alpha  how much errors count; 0: not at all
    p_i      |delta_i| + LEAST_PRIORITY                       beta   how much of the bias the weights make up for
    P(i)     p_i^alpha / sum_k p_k^alpha                      w_i    (N P(i))^-beta / max_j w_j, for N transitions

Axis letters: M members, B batch.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LEAST_PRIORITY = 1e-6
"""Added to an error's size, so that a transition without error can be drawn again."""

BLOCK = 64
"""Transitions whose priorities are summed together. Running sums over a memory of 100,000 single transitions take ten
times as long as an update (docs/findings.md)."""


class Priorities:
    """The powers p_i^alpha of all transitions in memory, (M, capacity): proportional priorities (equation 1).

    A transition that goes on over further steps keeps its priority.
    """

    def __init__(self, alphas: Tensor, capacity: int) -> None:
        """alphas: (M,)."""
        self._alphas = alphas[:, None]
        self._blocks = torch.zeros(len(alphas), -(-capacity // BLOCK), BLOCK, device=alphas.device)
        self.powers = self._blocks.flatten(1)[:, :capacity]
        self.largest = torch.ones_like(alphas)

    def add(self, place: int) -> None:
        """Gives a new transition the largest priority that its member has ever had, so that it is soon learnt from."""
        self.powers[:, place] = self.largest

    def draw(self, uniforms: NDArray[np.float64], filled: int, betas: Tensor) -> tuple[Tensor, Tensor]:
        """A batch of transitions (M, B), and the weights (M, B) of their losses.

        The sum of all powers is cut into B equal parts, and one transition is drawn from each (appendix B.2.1). The
        weights w_i make up for the bias of such draws (section 3.4).

        uniforms: (M, B), in [0, 1).
        filled: how many transitions there are.
        betas: (M,).
        """
        parts = torch.from_numpy((np.arange(uniforms.shape[1]) + uniforms) / uniforms.shape[1]).to(self.powers.device)
        blocks = self._blocks[:, : -(-filled // BLOCK)]
        # In double precision, since small powers would be lost in a long sum of floats.
        sums = blocks.sum(2).double()
        ends = sums.cumsum(1)
        wanted = parts * ends[:, -1:]
        # Rounding can bring a number up to the very end of what it is looked for in; then it is the last one.
        block = torch.searchsorted(ends, wanted, right=True).clamp(max=blocks.shape[1] - 1)
        within = blocks.gather(1, block[..., None].expand(-1, -1, BLOCK)).cumsum(2, dtype=torch.float64)
        left = wanted - ends.gather(1, block) + sums.gather(1, block)
        place = torch.searchsorted(within, left[..., None], right=True).squeeze(2).clamp(max=BLOCK - 1)
        indices = (block * BLOCK + place).clamp(max=filled - 1)
        drawn = self.powers.gather(1, indices)
        # N and the sum of powers cancel in w_i, and the largest weight is that of the smallest power.
        return indices, (drawn.amin(1, keepdim=True) / drawn) ** betas[:, None]

    def update(self, indices: Tensor, errors: Tensor) -> None:
        """Gives the transitions just learnt from (M, B) the priorities of their errors (M, B), if these are finite."""
        powers = (errors.abs() + LEAST_PRIORITY) ** self._alphas
        powers = torch.where(torch.isfinite(powers), powers, self.powers.gather(1, indices))
        self.powers.scatter_(1, indices, powers)
        self.largest = torch.maximum(self.largest, powers.amax(1))

    def member(self, index: int, filled: int) -> dict[str, Tensor]:
        """The priorities of one member."""
        kept = {"powers": self.powers[index, :filled], "largest": self.largest[index]}
        return {name: tensor.detach().cpu().clone() for name, tensor in kept.items()}

    def load(self, members: list[dict[str, Tensor]]) -> None:
        """Goes on from what `member` gave, one for each member."""
        for index, each in enumerate(members):
            self.powers[index, : len(each["powers"])] = each["powers"].to(self.powers.device)
            self.largest[index] = each["largest"]
