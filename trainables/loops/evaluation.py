"""The score of members that act: returns of complete episodes, on raw rewards, with seeds that no training uses."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables import environments
from trainables.base import random_streams
from trainables.compilation import programs
from trainables.environments import Description
from trainables.loops.contract import EpisodicConfig
from trainables.loops.learner import FIGURES, Learner
from trainables.optimisation.optimizers import Tensors

SCORE = "evaluation/return_mean"
SOLVED = "evaluation/solved_share"
"""Of the episodes, those that reach the environment's `reward_threshold`; not there where it has none."""

SCORES = (SCORE, "evaluation/return_std", "evaluation/return_min", "evaluation/return_max", SOLVED)
"""What an evaluation measures, and the best weights may be chosen by."""

METRICS = (*SCORES, *FIGURES)

Act = Callable[[Tensors, Tensor], Tensor]
"""(parameters, observations (M, E, F)) -> actions (M, E), without chance"""


class Evaluation:
    """The same episodes for every member and every time, played side by side."""

    def __init__(
        self, description: Description, config: EpisodicConfig, learner: Learner, score: str, act: Act, compiled: bool
    ) -> None:
        """score: the metric that the best weights are chosen by; compiled: whether the search's own episodes are acted
        in by machine code. Raises ValueError where the environment has no such metric.
        """
        if score not in metrics(np.zeros(1), description.reward_threshold):
            raise ValueError(f"metric: there is no {score} of {config.environment}")
        self._score = score
        self._description, self._config, self._learner, self._act = description, config, learner, act
        self._search = _Episodes(description, config, len(learner.alive), config.evaluation_episodes)
        self._act_often = programs.compiled_if(compiled, act)
        seen = torch.zeros(len(learner.alive), config.evaluation_episodes, description.inputs, device=learner.device)
        programs.begin(self._act_often, learner.parameters, seen)

    def score(self, steps: int) -> list[dict[str, float]]:
        """Play with the weights as they are, and keep those that are a member's best; the metrics, a dict a member."""
        learner = self._learner
        returns = self._search.returns(self._act_often, learner.parameters, learner.device)
        found = self._metrics(returns)
        scores = torch.tensor([each[self._score] for each in found], dtype=torch.float64, device=learner.device)
        learner.keep_best(scores, torch.full(scores.shape, steps, device=learner.device))
        return found

    def confirm(self, episodes: int) -> list[float]:
        """Of each member the score of its best weights over fresh episodes; NaN without any."""
        learner = self._learner
        # Played once, with more episodes than any other: not worth a program of its own.
        fresh = _Episodes(self._description, self._config, len(learner.alive), episodes, random_streams.CONFIRMATION)
        returns = fresh.returns(self._act, learner.best["parameters"], learner.device)
        scored = np.isfinite(learner.best_scores())
        scores = [each[self._score] for each in self._metrics(returns)]
        return [score if has else float("nan") for score, has in zip(scores, scored, strict=True)]

    def _metrics(self, returns: NDArray[np.float64]) -> list[dict[str, float]]:
        return [metrics(row, self._description.reward_threshold) for row in returns]


class _Episodes:
    """Episodes of each member with seeds out of one range."""

    def __init__(
        self,
        description: Description,
        config: EpisodicConfig,
        members: int,
        episodes: int,
        seeds_of: tuple[int, int] = random_streams.SEARCH_EVALUATION,
    ) -> None:
        seeds = random_streams.evaluation_seeds(config.evaluation_seed, episodes, seeds_of)
        self._seeds = np.broadcast_to(seeds, (members, episodes))
        self._grid = environments.make(description, members, episodes)

    def returns(self, act: Act, parameters: Tensors, device: torch.device) -> NDArray[np.float64]:
        """The undiscounted returns (M, E)."""
        totals = np.zeros(self._seeds.shape)

        def choose(observations: NDArray[np.float32]) -> NDArray[np.int64]:
            actions: NDArray[np.int64] = act(parameters, torch.from_numpy(observations).to(device)).cpu().numpy()
            return actions

        for moment in environments.play(self._grid, self._seeds, np.ones(self._seeds.shape, dtype=np.bool_), choose):
            totals += moment.rewards
        return totals


def metrics(returns: NDArray[np.float64], threshold: float | None) -> dict[str, float]:
    """The returns (E,) of one member as metrics; threshold: from which on an episode is solved, if known."""
    return {
        SCORE: float(returns.mean()),
        "evaluation/return_std": float(returns.std()),
        "evaluation/return_min": float(returns.min()),
        "evaluation/return_max": float(returns.max()),
        **({} if threshold is None else {SOLVED: float((returns >= threshold).mean())}),
    }
