"""The score of members that act: returns of complete episodes, on raw rewards, with seeds that no training uses.

Axis letters: M members, E episodes side by side, F features.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables import environments
from trainables.base import random_streams
from trainables.base.member_axis import Tensors
from trainables.compilation import programs
from trainables.environments import Description
from trainables.loops.config import EpisodicConfig
from trainables.loops.learner import FIGURES, Learner

SCORE = "evaluation/return_mean"
SOLVED = "evaluation/solved_share"
"""The share of episodes that reach the environment's `reward_threshold`; only if it has one."""

SCORES = (SCORE, "evaluation/return_std", "evaluation/return_min", "evaluation/return_max", SOLVED)
"""What an evaluation measures, and what the best weights may be chosen by."""

METRICS = (*SCORES, *FIGURES)

Policy = Callable[[Tensors, Tensor], Tensor]
"""(parameters, observations (M, E, F)) -> actions (M, E), without chance"""


class Evaluation:
    """The evaluations of a pack: the same episodes for every member and every time, played side by side."""

    def __init__(
        self,
        description: Description,
        config: EpisodicConfig,
        learner: Learner,
        score: str,
        policy: Policy,
        compiled: bool,
    ) -> None:
        """No episode is played yet.

        description: of the environment.
        config: of any member; what is read from it is structural.
        learner: has the weights, and keeps the best.
        score: the metric that the best weights are chosen by.
        policy: how a pack acts.
        compiled: whether to compile the policy for the search's own episodes.
        Raises ValueError if the environment has no such metric.
        """
        if score not in metrics(np.zeros(1), description.reward_threshold):
            raise ValueError(f"metric: there is no {score} of {config.environment}")
        self._description, self._config, self._learner, self._score = description, config, learner, score
        self._policy, self._search_policy = policy, programs.compiled_if(compiled, policy)
        self._search = _EvaluationEpisodes(description, config, len(learner.alive), config.evaluation_episodes)
        seen = torch.zeros(len(learner.alive), config.evaluation_episodes, description.inputs, device=learner.device)
        programs.begin(self._search_policy, learner.parameters, seen)

    def score(self, steps: int) -> list[dict[str, float]]:
        """Plays with the weights as they are, and keeps those that are a member's best. Returns each member's metrics.

        steps: the budget spent.
        """
        learner = self._learner
        found = self._metrics(self._search.returns(self._search_policy, learner.parameters, learner.device))
        scores = torch.tensor([each[self._score] for each in found], dtype=torch.float64, device=learner.device)
        learner.keep_best(scores, torch.full(scores.shape, steps, device=learner.device))
        return found

    def confirm(self, episodes: int) -> list[float]:
        """Of each member, the score of its best weights on so many fresh episodes; NaN without any weights."""
        learner = self._learner
        fresh = _EvaluationEpisodes(
            self._description, self._config, len(learner.alive), episodes, random_streams.CONFIRMATION
        )
        # Played once, and side by side more than any others: not worth a program of its own.
        found = self._metrics(fresh.returns(self._policy, learner.best["parameters"], learner.device))
        scored = np.isfinite(learner.best_scores())
        return [each[self._score] if has else float("nan") for each, has in zip(found, scored, strict=True)]

    def _metrics(self, returns: NDArray[np.float64]) -> list[dict[str, float]]:
        return [metrics(row, self._description.reward_threshold) for row in returns]


class _EvaluationEpisodes:
    """Episodes of each member with seeds from one range."""

    def __init__(
        self,
        description: Description,
        config: EpisodicConfig,
        members: int,
        episodes: int,
        seed_range: tuple[int, int] = random_streams.SEARCH_EVALUATION,
    ) -> None:
        seeds = random_streams.evaluation_seeds(config.evaluation_seed, episodes, seed_range)
        self._seeds = np.broadcast_to(seeds, (members, episodes))
        self._grid = environments.make(description, members, episodes)

    def returns(self, policy: Policy, parameters: Tensors, device: torch.device) -> NDArray[np.float64]:
        """The undiscounted returns (M, E) of a policy with these parameters, on a device."""
        totals = np.zeros(self._seeds.shape)

        def act(observations: NDArray[np.float32]) -> NDArray[np.int64]:
            actions: NDArray[np.int64] = policy(parameters, torch.from_numpy(observations).to(device)).cpu().numpy()
            return actions

        for step in environments.play(self._grid, self._seeds, np.ones(self._seeds.shape, dtype=np.bool_), act):
            totals += step.rewards
        return totals


def metrics(returns: NDArray[np.float64], threshold: float | None) -> dict[str, float]:
    """The metrics of one member.

    returns: (E,).
    threshold: the return from which on an episode is solved, if it is known.
    """
    return {
        SCORE: float(returns.mean()),
        "evaluation/return_std": float(returns.std()),
        "evaluation/return_min": float(returns.min()),
        "evaluation/return_max": float(returns.max()),
        **({} if threshold is None else {SOLVED: float((returns >= threshold).mean())}),
    }
