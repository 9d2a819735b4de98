"""REINFORCE (Williams, 1992): settings, networks, loss, loop; a whole pack of members in lockstep.

Axis letters: M members, E episodes side by side, T time, N steps of one member, A actions, F features.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.func import vmap
from torch.nn.functional import log_softmax

from trainables import environments
from trainables.base import member_axis, random_streams
from trainables.base.config_fields import by_name, tunable
from trainables.base.member_axis import Tree
from trainables.base.random_streams import Purpose
from trainables.compilation import programs, when_it_pays
from trainables.compilation.rebuildable import rebuildable
from trainables.environments import Moment
from trainables.loops.contract import EpisodicConfig, Report, network
from trainables.loops.episodes import Deviation, counted, flattened, returns_to_go
from trainables.loops.evaluation import METRICS, SCORE, SCORES, Evaluation
from trainables.loops.learner import Learner, tensors
from trainables.networks import networks
from trainables.networks.networks import Spec
from trainables.optimisation import schedules
from trainables.optimisation.optimizers import Tensors
from trainables.optimisation.schedules import Cosine, Exponential, Fixed, Step

EntropySchedule = Annotated[Fixed | Step | Exponential | Cosine, Field(discriminator="kind"), by_name]


class ReinforceConfig(EpisodicConfig):
    """The settings of REINFORCE beside those of every loop."""

    budget: int = Field(
        description="full length of the training; environment steps of the member's own training episodes. The last "
        "batch of episodes is played to its end, so it is exceeded by less than a batch",
        gt=0,
        le=10**10,
    )
    max_norm: float | None = tunable(1.0, description="gradients are clipped to this global norm; null: never", gt=0)
    batch_size: int = Field(16, description="complete episodes in one update", gt=0, le=10_000)
    entropy_weight: float = tunable(0.0, description="of the policy's entropy in the loss, before its schedule", ge=0)
    entropy_schedule: EntropySchedule = tunable(Fixed(), description="how the entropy weight changes over the budget")
    baseline: Literal["none", "batch_mean", "value"] = Field(
        "batch_mean", description="what returns are compared with: nothing, their mean, or a learnt value of the state"
    )
    value_weight: float = tunable(0.5, description="of the value's squared error in the loss (baseline: value)", ge=0)
    normalise_rewards: bool = Field(
        False, description="returns divided by the running deviation of all that the member has seen"
    )
    normalise_advantages: bool = Field(False, description="advantages of a batch to mean 0 and deviation 1")

    def calls(self) -> int:
        """Steps of batches, whose episodes are played side by side."""
        return self.budget // self.batch_size


STEPS_AT_ONCE = 2**13
"""Steps of all members whose activations are held at once (docs/findings.md)."""

POLICY, VALUE = "policy.", "value."
"""What the names of the two networks' parameters begin with."""


def part(parameters: Tensors, prefix: str) -> Tensors:
    """The parameters of one of the networks, under its own names."""
    return {name.removeprefix(prefix): tensor for name, tensor in parameters.items() if name.startswith(prefix)}


@rebuildable
def packed_sample(spec: Spec) -> Callable[[Tensors, Tensor, Tensor], Tensor]:
    """(parameters, observations (M, E, F), uniforms (M, E)) -> actions (M, E) drawn from the policy."""
    network = networks.function(spec)

    def sample(parameters: Tensors, observations: Tensor, uniforms: Tensor) -> Tensor:
        chances = torch.softmax(network(part(parameters, POLICY), observations), -1).cumsum(-1)
        # Rounding can leave the sum of all chances below the number drawn; the last action then.
        return (chances < uniforms[..., None]).sum(-1).clamp(max=spec.outputs - 1)

    packed: Callable[[Tensors, Tensor, Tensor], Tensor] = vmap(sample)
    return packed


@rebuildable
def packed_greedy(spec: Spec) -> Callable[[Tensors, Tensor], Tensor]:
    """(parameters, observations (M, E, F)) -> the likeliest actions (M, E)."""
    network = networks.function(spec)

    def greedy(parameters: Tensors, observations: Tensor) -> Tensor:
        return network(part(parameters, POLICY), observations).argmax(-1)

    packed: Callable[[Tensors, Tensor], Tensor] = vmap(greedy)
    return packed


@rebuildable
def make_loss(spec: Spec, baseline: str, normalise: bool) -> Callable[..., tuple[Tensor, Tensors]]:
    """The policy gradient's loss of one member: means over all steps of all episodes of the batch.

    -log pi(a_t | s_t) * (G_t - baseline) - entropy_weight * entropy, and with a learnt baseline its squared error.
    Log-probabilities come from logits, so that none is the logarithm of a rounded zero.
    """
    policy, value = networks.function(spec), networks.function(replace(spec, outputs=1))

    def loss(
        parameters: Tensors,
        numbers: Tensors,
        entropy_weight: Tensor,
        observations: Tensor,
        actions: Tensor,
        returns: Tensor,
        valid: Tensor,
    ) -> tuple[Tensor, Tensors]:
        """entropy_weight: scalar; observations: (N, F); actions, returns and valid, 1 of a step, 0 of none: (N,)."""
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
        total = -mean(taken * advantages) - entropy_weight * entropy + numbers["value_weight"] * value_loss
        return total, {"entropy": entropy}

    return loss


class ReinforceLoop:
    """Trains a pack: every member plays a batch of complete episodes, then every member learns from its own.

    A member's budget counts the steps of its own training episodes and nothing else: not those of evaluation, not those
    of its neighbours, and none for a place that idles since its episode has ended. It begins a batch while any budget
    is left and plays its episodes to their ends, so it overshoots by less than a batch; one that has spent its share
    waits for the others. All episodes of an update are played by the policy that it updates, and learnt from once.
    """

    Config: ClassVar[type[ReinforceConfig]] = ReinforceConfig
    score: ClassVar[str] = SCORE
    direction: ClassVar[Literal["maximize", "minimize"]] = "maximize"
    scores: ClassVar[tuple[str, ...]] = SCORES
    unit: ClassVar[str] = "environment steps"
    metrics: ClassVar[tuple[str, ...]] = (*METRICS, "train/entropy", "train/return_mean", "train/episode_steps")

    def __init__(self, configs: Sequence[ReinforceConfig], device: torch.device) -> None:
        self._device, self._members, self._common = device, len(configs), configs[0]
        common = self._common
        seeds = [config.seed for config in configs]
        self._description = description = environments.describe(
            common.environment, common.environment_args, common.wrappers
        )
        self._spec = network(common, description.inputs, description.actions, description.image)
        self._learner = Learner(
            configs,
            [self._initial(config) for config in configs],
            make_loss(self._spec, common.baseline, common.normalise_advantages),
            ["entropy"],
            maximize=self.direction == "maximize",
            device=device,
            numbers=[{"reward_scale": config.reward_scale, "value_weight": config.value_weight} for config in configs],
        )
        self._gamma = np.array([config.gamma for config in configs])
        self._entropy = member_axis.to(
            tensors(
                [
                    {"weight": config.entropy_weight, "schedule": schedules.numbers(config.entropy_schedule, 0.0)}
                    for config in configs
                ]
            ),
            device,
        )
        self._entropy_changes = any(config.entropy_schedule != Fixed() for config in configs)
        self._deviation = Deviation.of(self._members)
        self._sample = programs.compiled_if(
            when_it_pays.compiles(common.compile, common.calls(), device), packed_sample(self._spec)
        )
        self._drawing = random_streams.Uniforms(seeds, Purpose.ACTIONS, common.batch_size)
        self._episode_seeds = random_streams.Uniforms(seeds, Purpose.EPISODES, common.batch_size)
        self._grid = environments.make(description, self._members, common.batch_size, common.backend)
        self._evaluation = Evaluation(
            description,
            common,
            self._learner,
            self.score,
            packed_greedy(self._spec),
            when_it_pays.compiles(common.compile, common.budget // 10, device),
        )
        seen = torch.from_numpy(self._grid.observations).to(device)
        programs.begin(self._sample, self._learner.parameters, seen, seen[..., 0])
        self._steps = np.zeros(self._members, dtype=np.int64)
        self._updates = np.zeros(self._members, dtype=np.int64)
        self._drawn = np.zeros(self._members, dtype=np.int64)
        self._played: list[tuple[float, float, int]] = [(0.0, 0.0, 0) for _ in configs]

    def _initial(self, config: ReinforceConfig) -> Tensors:
        first = random_streams.integer(config.seed, Purpose.WEIGHTS)
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

        seeds = random_streams.episode_seeds(self._episode_seeds.at(self._updates), random_streams.TRAINING)
        where = np.broadcast_to(going[:, None], seeds.shape)
        moments = list(environments.play(self._grid, seeds, where, choose))
        # A member has drawn as often as its own longest episode is long, however long its neighbours played on.
        self._drawn += sum(moment.active.any(1) for moment in moments)
        return moments

    def _learn(self, moments: list[Moment], going: NDArray[np.bool_]) -> None:
        """One update of every member that is going, on the episodes that it has just played."""
        common = self._common
        rewards, taken = np.stack([moment.rewards for moment in moments], -1), counted(moments)
        self._tally(rewards, taken, going)
        compiled = when_it_pays.compiles(common.compile, common.budget // int(taken.max()), self._device)
        length = padded(int(taken.max())) if compiled else int(taken.max())
        steps = flattened(moments, returns_to_go(rewards, self._gamma), length)
        if common.normalise_rewards:
            self._deviation.add(steps.returns, steps.valid)
            normalised = steps.returns / self._deviation.scale()[:, None]
            steps = steps._replace(returns=normalised.astype(np.float32))
        moment = {
            "progress": torch.from_numpy(self._steps / common.budget).to(self._device, torch.float32),
            "tick": torch.from_numpy(taken / common.budget).to(self._device, torch.float32),
            "steps": torch.from_numpy(self._steps).to(self._device),
            "active": torch.from_numpy(going).to(self._device),
        }
        weight = self._entropy["weight"]
        if self._entropy_changes:
            weight = weight * schedules.factor(self._entropy["schedule"], moment["progress"], moment["tick"])
        data = (torch.from_numpy(each).to(self._device) for each in steps)
        at_once = max(1, STEPS_AT_ONCE // length)
        # An accelerator has the memory, and gains by all members at once.
        chunked = self._device.type == "cpu" and at_once < self._members
        self._learner.update(moment, weight, *data, compiled=compiled, at_once=at_once if chunked else None)
        self._steps = self._steps + taken
        self._updates = self._updates + going

    def _tally(self, rewards: NDArray[np.float64], taken: NDArray[np.int64], going: NDArray[np.bool_]) -> None:
        episodes = going * self._common.batch_size
        self._played = [
            (earned + more, steps + longer, count + further)
            for (earned, steps, count), more, longer, further in zip(
                self._played, rewards.sum((1, 2)).tolist(), taken.tolist(), episodes.tolist(), strict=True
            )
        ]

    def _report(self, until: int) -> list[Report]:
        points = []
        for figures, scored, (earned, steps, count) in zip(
            self._learner.take_figures(), self._evaluation.score(until), self._played, strict=True
        ):
            played = {"train/return_mean": earned / count, "train/episode_steps": steps / count} if count else {}
            points.append([(until, {**figures, **played, **scored})])
        self._played = [(0.0, 0.0, 0) for _ in self._played]
        return self._learner.reports(self._steps, points)

    def confirm(self, episodes: int) -> list[float]:
        """Of each member the score of its best weights over fresh episodes, greedily; NaN without any."""
        return self._evaluation.confirm(episodes)

    def state(self) -> list[Tree]:
        """All that a member needs to go on; between updates no episode is under way."""
        return [
            {
                **self._learner.member(index),
                "steps": int(self._steps[index]),
                "updates": int(self._updates[index]),
                "drawn": int(self._drawn[index]),
                "deviation": self._deviation.member(index),
            }
            for index in range(self._members)
        ]

    def load(self, states: Sequence[Tree]) -> None:
        """Go on from these states."""
        self._learner.load(states)
        self._steps = np.array([state["steps"] for state in states])
        self._updates = np.array([state["updates"] for state in states])
        self._drawn = np.array([state["drawn"] for state in states])
        # Members of before rewards could be normalised have shown nothing yet.
        unseen = Deviation.of(1).member(0)
        self._deviation = Deviation.join([state.get("deviation", unseen) for state in states])

    def best(self) -> list[Tree]:
        """Of each member the policy with the best score."""
        best = [member_axis.member(self._learner.best, index)["parameters"] for index in range(self._members)]
        return [{"network": networks.as_plain(self._spec), "state_dict": part(each, POLICY)} for each in best]


def padded(length: int) -> int:
    """The next power of two: few shapes reach the update, and at most half of a batch is padding."""
    return 1 << (length - 1).bit_length()
