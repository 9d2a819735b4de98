"""The score of members that act: returns of complete episodes, on raw rewards, with seeds that no training uses.

Axis letters: M members, E episodes side by side, F features.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainables import environments
from trainables.base import random_streams
from trainables.base.member_axis import Tensors, Tree
from trainables.compilation import programs
from trainables.environments import Description
from trainables.loops import episode_limits
from trainables.loops.config import EpisodicConfig
from trainables.loops.learner import FIGURES, Learner

SCORE = "evaluation/return_mean"
SOLVED = "evaluation/solved_share"
"""The share of episodes that reach the environment's `reward_threshold`; only if it has one."""

SCORES = (SCORE, "evaluation/return_std", "evaluation/return_min", "evaluation/return_max", SOLVED)
"""What an evaluation measures, and what the best weights may be chosen by."""

DISCOUNTED = "evaluation/discounted_return"
"""The mean return as values mean it, discounted from the first state on; only where values are learnt."""

EPISODES, TRUNCATED = "evaluation/episodes", "evaluation/truncated_share"
"""How many episodes were played; and the share of them that did not end by themselves but by a limit, be it the
environment's own or one of the platform's."""

EPISODE_STEPS = "evaluation/episode_steps"
"""How long the episodes of an evaluation were on average."""

METRICS = (*SCORES, EPISODES, EPISODE_STEPS, TRUNCATED, *FIGURES)

Policy = Callable[[Tensors, Tensor], Tensor]
"""(parameters, observations (M, E, F)) -> choices (M, E, *axes of the actions), without chance"""


class Evaluation:
    """The evaluations of a pack: the same episodes for every member and every time, played side by side.

    Where they would take more steps than the config allows, the last ones are left out.
    """

    def __init__(
        self,
        description: Description,
        config: EpisodicConfig,
        learner: Learner,
        score: str,
        policy: Policy,
        compiled: bool,
        gammas: NDArray[np.float64] | None = None,
    ) -> None:
        """No episode is played yet.

        description: of the environment.
        config: of any member; what is read from it is structural.
        learner: has the weights, and keeps the best.
        score: the metric that the best weights are chosen by.
        policy: how a pack acts.
        compiled: whether to compile the policy for the search's own episodes.
        gammas: (M,), the discounts that values are learnt with; None: none are.
        Raises ValueError if the environment has no such metric.
        """
        if score not in metrics(np.zeros(1), np.zeros(1, dtype=np.bool_), description.reward_threshold):
            raise ValueError(f"metric: there is no {score} of {config.environment}")
        self._description, self._config, self._learner, self._score = description, config, learner, score
        self._policy, self._search_policy = policy, programs.compiled_if(compiled, policy)
        self._search = _EvaluationEpisodes(description, config, len(learner.alive), config.evaluation_episodes)
        seen = torch.zeros(len(learner.alive), config.evaluation_episodes, description.inputs, device=learner.device)
        programs.begin(self._search_policy, learner.parameters, seen)
        self._gammas = gammas
        self.begun: tuple[NDArray[np.float32], NDArray[np.int64]] | None = None
        """What the episodes of the last evaluation began with (M, E, F), and how many of these count (M,); only with
        gammas."""
        self._steps = np.zeros(len(learner.alive), dtype=np.int64)
        """(M,), those that each member's evaluations have taken so far."""

    def score(self, steps: int) -> list[dict[str, float]]:
        """Plays with the weights as they are, and keeps those that are a member's best. Returns each member's metrics.

        steps: the budget spent.
        """
        learner = self._learner
        room = episode_limits.evaluation_steps(self._config, steps) - self._steps
        played = self._search.play(self._search_policy, learner.parameters, learner.device, room, self._gammas)
        self._steps = self._steps + played.steps
        found = self._metrics(played)
        for metrics, taken in zip(found, (played.steps / played.episodes).tolist(), strict=True):
            metrics[EPISODE_STEPS] = taken
        scores = torch.tensor([each[self._score] for each in found], dtype=torch.float64, device=learner.device)
        learner.keep_best(scores, torch.full(scores.shape, steps, device=learner.device))
        if self._gammas is not None:
            self.begun = played.first, played.episodes
            for metrics, returns, episodes in zip(found, played.discounted, played.episodes, strict=True):
                metrics[DISCOUNTED] = float(returns[:episodes].mean())
        return found

    def confirm(self, episodes: int) -> list[float]:
        """Of each member, the score of its best weights on so many fresh episodes; NaN without any weights."""
        learner = self._learner
        fresh = _EvaluationEpisodes(
            self._description, self._config, len(learner.alive), episodes, random_streams.CONFIRMATION
        )
        # Played once, and side by side more than any others: not worth a program of its own.
        room = np.full(len(learner.alive), episode_limits.confirmation_steps(self._config))
        found = self._metrics(fresh.play(self._policy, learner.best["parameters"], learner.device, room))
        scored = np.isfinite(learner.best_scores())
        return [each[self._score] if has else float("nan") for each, has in zip(found, scored, strict=True)]

    def _metrics(self, played: "_Played") -> list[dict[str, float]]:
        return [
            metrics(returns[:episodes], truncated[:episodes], self._description.reward_threshold)
            for returns, truncated, episodes in zip(played.returns, played.truncated, played.episodes, strict=True)
        ]

    def member(self, index: int) -> Tree:
        """What one member's evaluations need to know of those before."""
        return {"steps": int(self._steps[index])}

    def load(self, states: Sequence[Tree]) -> None:
        """Goes on from states of members that have what `member` gave as `evaluation`."""
        # Checkpoints of versions that did not count the steps of evaluations have none.
        self._steps = np.array([state.get("evaluation", {"steps": 0})["steps"] for state in states])


@dataclass(frozen=True)
class _Played:
    """What the episodes of an evaluation came to.

    episodes: (M,), how many there were, the first ones of all.
    steps: (M,), those that they took together.
    returns: (M, E), undiscounted.
    truncated: (M, E), whether they ended by a limit and not by themselves.
    discounted: (M, E), the returns discounted by the gammas, if there are any.
    first: (M, E, F), what the episodes began with, if there are gammas.
    """

    episodes: NDArray[np.int64]
    steps: NDArray[np.int64]
    returns: NDArray[np.float64]
    truncated: NDArray[np.bool_]
    discounted: NDArray[np.float64]
    first: NDArray[np.float32]


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
        self._longest = episode_limits.longest_evaluated(config, description)

    def play(
        self,
        policy: Policy,
        parameters: Tensors,
        device: torch.device,
        room: NDArray[np.floating],
        gammas: NDArray[np.float64] | None = None,
    ) -> _Played:
        """Plays the episodes of each member as long as it has room for more, but at least one.

        policy: how a pack acts with these parameters, on this device.
        room: (M,), steps after which no more episodes are begun.
        gammas: (M,), what returns are discounted by as well; None: they are not.
        """
        members, episodes = self._seeds.shape
        returns, terminated = np.zeros(self._seeds.shape), np.zeros(self._seeds.shape, dtype=np.bool_)
        begun, steps = np.zeros(members, dtype=np.int64), np.zeros(members, dtype=np.int64)
        discounted = np.zeros(returns.shape)
        first_seen = np.zeros(
            (*returns.shape, 0) if gammas is None else self._grid.observations.shape, dtype=np.float32
        )

        def act(observations: NDArray[np.float32]) -> NDArray[Any]:
            choices: NDArray[Any] = policy(parameters, torch.from_numpy(observations).to(device)).cpu().numpy()
            return choices

        # So many at a time that there is room for each even if those before are as long as can be. In this way the same
        # are played as one after the other.
        while (more := np.clip(np.ceil((room - steps) / self._longest), begun == 0, episodes - begun)).any():
            first, begun = begun, begun + more.astype(np.int64)
            where = (np.arange(episodes) >= first[:, None]) & (np.arange(episodes) < begun[:, None])
            for time, step in enumerate(environments.play(self._grid, self._seeds, where, act, self._longest)):
                returns += step.rewards
                terminated |= step.terminated
                steps += step.active.sum(1)
                if gammas is not None:
                    discounted += gammas[:, None] ** time * step.rewards
                    if time == 0:
                        first_seen[where] = step.observations[where]
        return _Played(begun, steps, returns, ~terminated, discounted, first_seen)


def metrics(returns: NDArray[np.float64], truncated: NDArray[np.bool_], threshold: float | None) -> dict[str, float]:
    """The metrics of one member.

    returns: (E,).
    truncated: (E,), which episodes ended by a limit.
    threshold: the return from which on an episode is solved, if it is known.
    """
    return {
        SCORE: float(returns.mean()),
        "evaluation/return_std": float(returns.std()),
        "evaluation/return_min": float(returns.min()),
        "evaluation/return_max": float(returns.max()),
        **({} if threshold is None else {SOLVED: float((returns >= threshold).mean())}),
        EPISODES: float(len(returns)),
        TRUNCATED: float(truncated.mean()),
    }
