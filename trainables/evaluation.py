"""The score of members that act: returns of complete episodes, on raw rewards, with seeds that no training uses."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables import environments, streams
from trainables.environments import Description
from trainables.learner import FIGURES
from trainables.loop import EpisodicConfig

SCORE = "evaluation/return_mean"
METRICS = (SCORE, "evaluation/return_std", "evaluation/return_min", "evaluation/return_max", *FIGURES)


class Evaluation:
    """The same episodes for every member and every time, played side by side."""

    def __init__(
        self,
        description: Description,
        config: EpisodicConfig,
        members: int,
        episodes: int | None = None,
        seeds_of: tuple[int, int] = streams.SEARCH_EVALUATION,
    ) -> None:
        """episodes: how many, else as the config has it; seeds_of: the range of their seeds."""
        episodes = episodes or config.evaluation_episodes
        seeds = streams.evaluation_seeds(config.evaluation_seed, episodes, seeds_of)
        self._seeds = np.broadcast_to(seeds, (members, episodes))
        self._grid = environments.make(description, members, episodes)

    def returns(self, act: Callable[[Tensor], Tensor], device: torch.device) -> NDArray[np.float64]:
        """act: observations (M, E, F) -> actions (M, E), without chance. Returns the undiscounted returns (M, E)."""
        totals = np.zeros(self._seeds.shape)

        def choose(observations: NDArray[np.float32]) -> NDArray[np.int64]:
            actions: NDArray[np.int64] = act(torch.from_numpy(observations).to(device)).cpu().numpy()
            return actions

        for moment in environments.play(self._grid, self._seeds, np.ones(self._seeds.shape, dtype=np.bool_), choose):
            totals += moment.rewards
        return totals

    @staticmethod
    def metrics(returns: NDArray[np.float64]) -> dict[str, float]:
        """The returns (E,) of one member as metrics."""
        return {
            SCORE: float(returns.mean()),
            "evaluation/return_std": float(returns.std()),
            "evaluation/return_min": float(returns.min()),
            "evaluation/return_max": float(returns.max()),
        }
