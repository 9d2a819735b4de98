"""REINFORCE (Williams, 1992): settings, networks, loss, loop; a whole pack of members in lockstep.

Axis letters: M members, E episodes side by side, T time, A actions, F features.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn.functional import log_softmax

from trainables import environments, networks, pack, streams
from trainables.environments import Moment
from trainables.evaluation import METRICS, SCORE, Evaluation
from trainables.learner import Learner
from trainables.loop import EpisodicConfig, Report, network
from trainables.networks import Spec
from trainables.optimizers import Tensors
from trainables.options import tunable
from trainables.pack import Tree
from trainables.streams import Purpose


class ReinforceConfig(EpisodicConfig):
    """The settings of REINFORCE beside those of every loop."""

    max_norm: float | None = tunable(1.0, description="gradients are clipped to this global norm; null: never", gt=0)
    batch_size: int = Field(16, description="complete episodes in one update", gt=0, le=10_000)
    entropy_weight: float = tunable(0.0, description="of the policy's entropy in the loss", ge=0)
    baseline: Literal["none", "batch_mean", "value"] = Field(
        "batch_mean", description="what returns are compared with: nothing, their mean, or a learnt value of the state"
    )
    value_weight: float = tunable(0.5, description="of the value's squared error in the loss (baseline: value)", ge=0)
    normalise_advantages: bool = Field(False, description="advantages of a batch to mean 0 and deviation 1")


POLICY, VALUE = "policy.", "value."
"""What the names of the two networks' parameters begin with."""


def part(parameters: Tensors, prefix: str) -> Tensors:
    """The parameters of one of the networks, under its own names."""
    return {name.removeprefix(prefix): tensor for name, tensor in parameters.items() if name.startswith(prefix)}


@lru_cache
def packed_sample(spec: Spec, compiled: bool) -> Callable[[Tensors, Tensor, Tensor], Tensor]:
    """(parameters, observations (M, E, F), uniforms (M, E)) -> actions (M, E) drawn from the policy."""
    network = networks.function(spec)

    def sample(parameters: Tensors, observations: Tensor, uniforms: Tensor) -> Tensor:
        chances = torch.softmax(network(part(parameters, POLICY), observations), -1).cumsum(-1)
        # Rounding can leave the sum of all chances below the number drawn; the last action then.
        return (chances < uniforms[..., None]).sum(-1).clamp(max=spec.outputs - 1)

    return pack.lockstep(sample, compiled)


@lru_cache
def packed_greedy(spec: Spec, compiled: bool) -> Callable[[Tensors, Tensor], Tensor]:
    """(parameters, observations (M, E, F)) -> the likeliest actions (M, E)."""
    network = networks.function(spec)

    def greedy(parameters: Tensors, observations: Tensor) -> Tensor:
        return network(part(parameters, POLICY), observations).argmax(-1)

    return pack.lockstep(greedy, compiled)


def returns_to_go(rewards: NDArray[np.float64], gamma: NDArray[np.float64]) -> NDArray[np.float64]:
    """The discounted return from each step on: G_t = r_t + gamma * G_t+1.

    rewards: (M, E, T), zero after an episode's end; gamma: (M,). Returns (M, E, T).
    """
    returns = np.empty_like(rewards)
    following = np.zeros(rewards.shape[:2])
    for time in reversed(range(rewards.shape[2])):
        following = rewards[:, :, time] + gamma[:, None] * following
        returns[:, :, time] = following
    return returns


@lru_cache
def make_loss(spec: Spec, baseline: str, normalise: bool) -> Callable[..., tuple[Tensor, Tensors]]:
    """The policy gradient's loss of one member: means over all steps of all episodes of the batch.

    -log pi(a_t | s_t) * (G_t - baseline) - entropy_weight * entropy, and with a learnt baseline its squared error.
    Log-probabilities come from logits, so that none is the logarithm of a rounded zero.
    """
    policy, value = networks.function(spec), networks.function(replace(spec, outputs=1))

    def loss(
        parameters: Tensors, numbers: Tensors, observations: Tensor, actions: Tensor, returns: Tensor, valid: Tensor
    ) -> tuple[Tensor, Tensors]:
        """observations: (E, T, F); actions, returns and valid, 1 within the episode and 0 after it: (E, T)."""
        steps = valid.sum().clamp(min=1)

        def mean(values: Tensor) -> Tensor:
            return (values * valid).sum() / steps

        chances = log_softmax(policy(part(parameters, POLICY), observations), -1)
        taken = chances.gather(-1, actions[..., None]).squeeze(-1)
        entropy = mean(-(chances.exp() * chances).sum(-1))
        scaled = numbers["reward_scale"] * returns
        advantages, value_loss = scaled, torch.zeros_like(entropy)
        if baseline == "batch_mean":
            advantages = scaled - mean(scaled)
        if baseline == "value":
            values = value(part(parameters, VALUE), observations).squeeze(-1)
            advantages, value_loss = scaled - values.detach(), mean((scaled - values) ** 2)
        if normalise:
            centred = advantages - mean(advantages)
            advantages = centred / (torch.sqrt(mean(centred**2)) + 1e-8)
        total = -mean(taken * advantages) - numbers["entropy_weight"] * entropy + numbers["value_weight"] * value_loss
        return total, {"entropy": entropy}

    return loss


class ReinforceLoop:
    """Trains a pack: every member plays a batch of complete episodes, then every member learns from its own.

    A member's budget counts the steps of its own episodes. It begins an update while any budget is left, so it may
    overshoot by part of a batch; one that has spent its share waits for the others. No step of an older policy enters
    an update.
    """

    Config: ClassVar[type[ReinforceConfig]] = ReinforceConfig
    score: ClassVar[str] = SCORE
    direction: ClassVar[Literal["maximize", "minimize"]] = "maximize"
    unit: ClassVar[str] = "environment steps"
    metrics: ClassVar[tuple[str, ...]] = (*METRICS, "train/entropy", "train/return_mean", "train/episode_steps")

    def __init__(self, configs: Sequence[ReinforceConfig], device: torch.device) -> None:
        self._device, self._members, self._common = device, len(configs), configs[0]
        common = self._common
        seeds = [config.seed for config in configs]
        self._description = description = environments.describe(common.environment, common.environment_args)
        self._spec = network(common, description.inputs, description.actions, description.image)
        self._learner = Learner(
            configs,
            [self._initial(config) for config in configs],
            make_loss(self._spec, common.baseline, common.normalise_advantages),
            ["entropy"],
            maximize=True,
            device=device,
            numbers=[
                {
                    "reward_scale": config.reward_scale,
                    "entropy_weight": config.entropy_weight,
                    "value_weight": config.value_weight,
                }
                for config in configs
            ],
        )
        self._gamma = np.array([config.gamma for config in configs])
        rounds = common.budget // common.batch_size
        self._sample = packed_sample(self._spec, pack.compiles(common.compile, rounds, device))
        self._greedy = packed_greedy(self._spec, pack.compiles(common.compile, common.budget // 10, device))
        self._drawing = streams.Uniforms(seeds, Purpose.ACTIONS, common.batch_size)
        self._episode_seeds = streams.Uniforms(seeds, Purpose.EPISODES, common.batch_size)
        self._grid = environments.make(description, self._members, common.batch_size)
        self._evaluation = Evaluation(description, common, self._members)
        self._steps = np.zeros(self._members, dtype=np.int64)
        self._updates = np.zeros(self._members, dtype=np.int64)
        self._drawn = np.zeros(self._members, dtype=np.int64)
        self._played: list[tuple[float, float, int]] = [(0.0, 0.0, 0) for _ in configs]

    def _initial(self, config: ReinforceConfig) -> Tensors:
        first = streams.integer(config.seed, Purpose.WEIGHTS)
        parts = {POLICY: networks.initial(self._spec, first, config.initialisation)}
        if config.baseline == "value":
            parts[VALUE] = networks.initial(replace(self._spec, outputs=1), first + 1, config.initialisation)
        return {prefix + name: tensor for prefix, tensors in parts.items() for name, tensor in tensors.items()}

    def train(self, until: int) -> list[Report]:
        """Play and learn until every member has spent `until` steps, then play the evaluation episodes greedily."""
        while (going := (self._steps < until) & self._learner.alive.cpu().numpy()).any():
            self._learn(self._play(going), going)
        return self._report(until)

    def _play(self, going: NDArray[np.bool_]) -> list[Moment]:
        """A batch of complete episodes of every member that is going, sampled from its policy as it is now."""
        parameters = self._learner.parameters
        positions = self._drawn.copy()

        def choose(observations: NDArray[np.float32]) -> NDArray[np.int64]:
            uniforms = torch.from_numpy(self._drawing.at(positions)).to(self._device, torch.float32)
            seen = torch.from_numpy(observations).to(self._device)
            positions[:] += 1
            actions: NDArray[np.int64] = self._sample(parameters, seen, uniforms).cpu().numpy()
            return actions

        seeds = streams.episode_seeds(self._episode_seeds.at(self._updates), streams.TRAINING)
        where = np.broadcast_to(going[:, None], seeds.shape)
        moments = list(environments.play(self._grid, seeds, where, choose))
        # A member has drawn as often as its own longest episode is long, however long its neighbours played on.
        self._drawn += sum(moment.active.any(1) for moment in moments)
        return moments

    def _learn(self, moments: list[Moment], going: NDArray[np.bool_]) -> None:
        """One update of every member that is going, on the episodes that it has just played."""
        common, length = self._common, padded(len(moments))
        valid = _over_time([moment.active for moment in moments], length)
        rewards = _over_time([moment.rewards for moment in moments], length)
        self._tally(rewards, valid)
        moment = {
            "progress": torch.from_numpy(self._steps / common.budget).to(self._device, torch.float32),
            "tick": torch.from_numpy(valid.sum((1, 2)) / common.budget).to(self._device, torch.float32),
            "steps": torch.from_numpy(self._steps).to(self._device),
            "active": torch.from_numpy(going).to(self._device),
        }
        data = (
            _over_time([moment.observations for moment in moments], length),
            _over_time([moment.actions for moment in moments], length),
            returns_to_go(rewards, self._gamma).astype(np.float32),
            valid.astype(np.float32),
        )
        most = common.budget // (common.batch_size * length)
        compiled = pack.compiles(common.compile, most, self._device)
        self._learner.update(moment, *(torch.from_numpy(each).to(self._device) for each in data), compiled=compiled)
        self._steps = self._steps + valid.sum((1, 2))
        self._updates = self._updates + going

    def _tally(self, rewards: NDArray[np.float64], valid: NDArray[np.bool_]) -> None:
        returns, lengths, episodes = rewards.sum((1, 2)), valid.sum((1, 2)), valid[:, :, 0].sum(1)
        self._played = [
            (earned + float(more), steps + float(longer), count + int(further))
            for (earned, steps, count), more, longer, further in zip(
                self._played, returns, lengths, episodes, strict=True
            )
        ]

    def _report(self, until: int) -> list[Report]:
        returns = self._evaluation.returns(lambda seen: self._greedy(self._learner.parameters, seen), self._device)
        scores = torch.from_numpy(returns.mean(1)).to(self._device)
        self._learner.keep_best(scores, torch.full((self._members,), until, device=self._device))
        points = []
        for figures, row, (earned, steps, count) in zip(
            self._learner.take_figures(), returns, self._played, strict=True
        ):
            played = {"train/return_mean": earned / count, "train/episode_steps": steps / count} if count else {}
            points.append([(until, {**figures, **played, **self._evaluation.metrics(row)})])
        self._played = [(0.0, 0.0, 0) for _ in self._played]
        return self._learner.reports(self._steps, points)

    def confirm(self, episodes: int) -> list[float]:
        """Of each member the mean return of its best weights over fresh episodes, greedily; NaN without any."""
        fresh = Evaluation(self._description, self._common, self._members, episodes, streams.CONFIRMATION)
        returns = fresh.returns(lambda seen: self._greedy(self._learner.best["parameters"], seen), self._device)
        scored = np.isfinite(self._learner.best_scores())
        return [float(score) for score in np.where(scored, returns.mean(1), np.nan)]

    def state(self) -> list[Tree]:
        """All that a member needs to go on; between updates no episode is under way."""
        return [
            {
                **self._learner.member(index),
                "steps": int(self._steps[index]),
                "updates": int(self._updates[index]),
                "drawn": int(self._drawn[index]),
            }
            for index in range(self._members)
        ]

    def load(self, states: Sequence[Tree]) -> None:
        """Go on from these states."""
        self._learner.load(states)
        self._steps = np.array([state["steps"] for state in states])
        self._updates = np.array([state["updates"] for state in states])
        self._drawn = np.array([state["drawn"] for state in states])

    def best(self) -> list[Tree]:
        """Of each member the policy with the best score."""
        best = [pack.member(self._learner.best, index)["parameters"] for index in range(self._members)]
        return [{"network": networks.as_plain(self._spec), "state_dict": part(each, POLICY)} for each in best]


def padded(length: int) -> int:
    """The next power of two: few shapes reach the update, and at most half of a batch is padding."""
    return 1 << (length - 1).bit_length()


def _over_time(arrays: list[NDArray[Any]], length: int) -> NDArray[Any]:
    """Arrays (M, E, ...) of one step each as one (M, E, length, ...), zero after the last."""
    first = arrays[0]
    stacked = np.zeros((*first.shape[:2], length, *first.shape[2:]), dtype=first.dtype)
    for time, array in enumerate(arrays):
        stacked[:, :, time] = array
    return stacked
