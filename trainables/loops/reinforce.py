"""REINFORCE (Williams, 1992): settings, networks, loss, loop; a whole pack of members in lockstep.

    pi(a|s)  probability of action a in state s, by the policy
    G_t      discounted return from step t on
    b        baseline that returns are compared with
    V(s)     learnt value of state s
    H        entropy of the policy, -sum_a pi(a|s) log pi(a|s)

Axis letters: M members, E episodes side by side, T time, N steps of one member, A actions, F features.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from trainables import environments
from trainables.base import member_axis, random_streams
from trainables.base.config_fields import by_name, tunable
from trainables.base.member_axis import Tensors, Tree
from trainables.base.random_streams import Purpose
from trainables.base.report import Report
from trainables.base.trivial_answer import TrivialAnswer
from trainables.compilation import programs, when_it_pays
from trainables.compilation.rebuildable import rebuildable
from trainables.environments import GridStep, action_spaces
from trainables.environments.action_spaces import Bounds, Continuous
from trainables.loops import episode_limits, instruments, trivial_policies
from trainables.loops.config import EpisodicConfig, network
from trainables.loops.correlated_noise import CorrelatedNoise
from trainables.loops.episodes import Deviation, counted, flattened, returns_to_go
from trainables.loops.evaluation import METRICS, SCORE, SCORES, Evaluation
from trainables.loops.learner import Learner, tensors
from trainables.loops.policies import POLICY, Policy, distribution_of, packed_greedy, packed_sample, part
from trainables.loops.recent_steps import RecentSteps
from trainables.networks import networks, specs
from trainables.optimisation import schedules
from trainables.optimisation.schedules import Cosine, Exponential, Fixed, Step

EntropySchedule = Annotated[Fixed | Step | Exponential | Cosine, Field(discriminator="kind"), by_name]


class ReinforceConfig(EpisodicConfig):
    """The settings of REINFORCE beside those of every loop."""

    budget: int = Field(
        description="full length of the training; environment steps of the member's own training episodes. The last "
        "batch of episodes is played to its end, so it is exceeded by less than a batch, and by a tenth or 100 "
        "steps at most",
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
    action_bounds: Bounds = Field(
        "squash", description="continuous actions come within their bounds by tanh, or what lies beyond is clipped"
    )
    deviation: Literal["shared", "by_state"] = Field(
        "shared",
        description="of continuous actions: learnt as a number of each dimension, or as a network of the state",
    )
    initial_deviation: float = tunable(
        0.5, description="of continuous actions, in halves of the range between their bounds", gt=0, le=7
    )
    noise_correlation: float = tunable(
        0.0,
        description="of the chance in continuous actions with that in the step before; near 1 it pushes one way long",
        ge=0,
        le=0.999,
    )

    def episodes_at_once(self) -> int:
        """A batch of them."""
        return self.batch_size

    def calls(self) -> int:
        """How many steps batches take, as their episodes are played side by side."""
        return self.budget // self.batch_size


STEPS_AT_ONCE = 2**13
"""Steps of all members whose activations are held at once on the CPU (docs/findings.md)."""

VALUE = "value."
"""What the names of the value network's parameters begin with."""


@rebuildable
def make_loss(policy: Policy, baseline: str, normalise: bool) -> Callable[..., tuple[Tensor, Tensors]]:
    """The loss of one member; means are over all steps of all episodes of the batch.

    mean(-log pi(a_t|s_t) (G_t - b)) - entropy_weight mean(H) + value_weight mean((G_t - V(s_t))^2)

    Its first term has the policy gradient with a baseline (Williams, 1992, theorem 1; Sutton and Barto, 2018, section
    13.4), the second rewards entropy (Williams and Peng, 1991), and the last fits V where it is the baseline.

    policy: pi; the network of V is like its own, but has one output.
    baseline: b: none (0), batch_mean (the mean of G_t) or value (V(s_t)).
    normalise: whether to bring G_t - b to mean 0 and deviation 1.
    """
    outputs, value = policy.function(), networks.function(replace(policy.network, outputs=1))

    def loss(
        parameters: Tensors,
        numbers: Tensors,
        entropy_weight: Tensor,
        observations: Tensor,
        choices: Tensor,
        returns: Tensor,
        valid: Tensor,
    ) -> tuple[Tensor, Tensors]:
        """The loss, and what it shows: the mean entropy.

        parameters: of all networks.
        numbers: settings; here reward_scale, a factor of G_t, and value_weight.
        entropy_weight: scalar.
        observations: s_t (N, F).
        choices: a_t (N, *axes).
        returns: G_t (N,).
        valid: (N,), 1 for a step and 0 for none.
        """
        steps = valid.sum().clamp(min=1)

        def mean(values: Tensor) -> Tensor:
            return (values * valid).sum() / steps

        log_pi_a, entropies = policy.distribution.log_prob_and_entropy(outputs(parameters, observations), choices)
        entropy = mean(entropies)
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
        total = -mean(log_pi_a * advantages) - entropy_weight * entropy + numbers["value_weight"] * value_loss
        return total, {"entropy": entropy}

    return loss


@dataclass(frozen=True)
class Played:
    """What one member's training episodes since its last report come to."""

    rewards: float = 0.0
    steps: int = 0
    episodes: int = 0

    def plus(self, rewards: float, steps: int, episodes: int) -> "Played":
        """With further episodes, their steps and the sum of their rewards."""
        return Played(self.rewards + rewards, self.steps + steps, self.episodes + episodes)

    def metrics(self) -> dict[str, float]:
        """The means over its episodes; none without any."""
        if not self.episodes:
            return {}
        return {
            "train/return_mean": self.rewards / self.episodes,
            "train/episode_steps": self.steps / self.episodes,
        }


class ReinforceLoop:
    """Trains a pack: every member plays a batch of complete episodes, then every member learns from its own, once.

    A member's budget counts the steps of its own training episodes and nothing else: no evaluation, no neighbours, and
    no places that idle because their episode has ended. A member begins a batch as long as any budget is left, and
    plays its episodes to their ends, so it overshoots by less than a batch; they are cut where that would be more than
    a tenth of the budget. One that has spent its share waits for the others.
    """

    Config: ClassVar[type[ReinforceConfig]] = ReinforceConfig
    score: ClassVar[str] = SCORE
    direction: ClassVar[Literal["maximize", "minimize"]] = "maximize"
    scores: ClassVar[tuple[str, ...]] = SCORES
    unit: ClassVar[str] = "environment steps"
    metrics: ClassVar[tuple[str, ...]] = (
        *METRICS,
        *("train/entropy", "train/return_mean", "train/episode_steps"),
        *(*instruments.OF_UNITS, *instruments.OF_POLICIES, instruments.EXPLAINED, instruments.KINDS),
    )

    def __init__(self, configs: Sequence[ReinforceConfig], device: torch.device) -> None:
        self._device, self._members = device, len(configs)
        self._common = common = configs[0]
        description = episode_limits.described(common)
        if isinstance(description.actions, Continuous):
            description = replace(description, actions=replace(description.actions, bounds=common.action_bounds))
        self._actions = description.actions
        self._policy = Policy(
            network(common, description.inputs, self._actions.outputs, description.image),
            distribution_of(self._actions),
            by_state=isinstance(self._actions, Continuous) and common.deviation == "by_state",
        )

        # The networks that learn.
        self._learner = Learner(
            configs,
            [self._initial(config) for config in configs],
            make_loss(self._policy, common.baseline, common.normalise_advantages),
            ["entropy"],
            maximize=self.direction == "maximize",
            device=device,
            numbers=[{"reward_scale": config.reward_scale, "value_weight": config.value_weight} for config in configs],
        )
        self._gammas = np.array([config.gamma for config in configs])
        entropy = [
            {"weight": config.entropy_weight, "schedule": schedules.numbers(config.entropy_schedule, warmup=0.0)}
            for config in configs
        ]
        self._entropy = member_axis.to(tensors(entropy), device)
        self._entropy_changes = any(config.entropy_schedule != Fixed() for config in configs)
        self._deviation = Deviation.of(self._members)
        self._recent = RecentSteps(self._members, common.batch_size, description.inputs)

        # Random numbers.
        seeds = [config.seed for config in configs]
        draws = common.batch_size * math.prod(self._actions.axes)
        self._correlations = [config.noise_correlation for config in configs]
        self._drawing = random_streams.Uniforms(seeds, Purpose.ACTIONS, draws)
        self._episode_seeds = random_streams.Uniforms(seeds, Purpose.EPISODES, common.batch_size)

        # The environments, and how a pack acts in them.
        self._grid = environments.make(description, self._members, common.batch_size, common.backend)
        self._sample = programs.compiled_if(
            when_it_pays.compiles(common.compile, common.calls(), device), packed_sample(self._policy)
        )
        self._evaluation = Evaluation(
            description,
            common,
            self._learner,
            self.score,
            packed_greedy(self._policy),
            when_it_pays.compiles(common.compile, common.budget // 10, device),
        )
        seen = torch.from_numpy(self._grid.observations).to(device)
        first = self._uniforms(np.zeros(self._members, np.int64), CorrelatedNoise(self._correlations))
        programs.begin(self._sample, self._learner.parameters, seen, first)

        # Of each member: the steps of its episodes, its updates, and how often it has drawn actions.
        self._steps = np.zeros(self._members, dtype=np.int64)
        self._updates = np.zeros(self._members, dtype=np.int64)
        self._drawn = np.zeros(self._members, dtype=np.int64)
        self._played = [Played() for _ in configs]

    def _initial(self, config: ReinforceConfig) -> Tensors:
        first = random_streams.integer(config.seed, Purpose.WEIGHTS)
        drawn = self._policy.initial(first, config.initialisation, config.initial_deviation)
        if config.baseline == "value":
            value = networks.initial(replace(self._policy.network, outputs=1), first + 1, config.initialisation)
            drawn |= {VALUE + name: tensor for name, tensor in value.items()}
        return drawn

    def _uniforms(self, positions: NDArray[np.int64], noise: CorrelatedNoise) -> Tensor:
        """(M, E, *axes), what the actions at a position of each member (M,) are drawn by."""
        shape = (self._members, self._common.batch_size, *self._actions.axes)
        uniforms = noise.of(self._drawing.at(positions).reshape(shape))
        return torch.from_numpy(uniforms).to(self._device, torch.float32)

    @classmethod
    def trivial(cls, config: ReinforceConfig) -> list[TrivialAnswer]:
        """What policies score that see nothing. Raises whatever the environment does."""
        return trivial_policies.answers(config, cls.score, cls.direction == "maximize")

    def train(self, until: int) -> list[Report]:
        """Plays and learns until every member has spent `until` steps, then plays the evaluation episodes greedily."""
        while (going := (self._steps < until) & self._learner.alive.cpu().numpy()).any():
            self._learn(self._play(going), going)
        return self._report(until)

    def _play(self, going: NDArray[np.bool_]) -> list[GridStep]:
        """Plays a batch of complete episodes of every member that goes on, with actions drawn from its policy."""
        parameters = self._learner.parameters
        positions, noise = self._drawn.copy(), CorrelatedNoise(self._correlations)

        def act(observations: NDArray[np.float32]) -> NDArray[Any]:
            uniforms, seen = self._uniforms(positions, noise), torch.from_numpy(observations).to(self._device)
            positions[:] += 1
            choices: NDArray[Any] = self._sample(parameters, seen, uniforms).cpu().numpy()
            return choices

        seeds = random_streams.episode_seeds(self._episode_seeds.at(self._updates), random_streams.TRAINING)
        where = np.broadcast_to(going[:, None], seeds.shape)
        most = episode_limits.training_steps(self._common) - self._steps
        steps = list(environments.play(self._grid, seeds, where, act, most=most))
        # A member has drawn as often as its own longest episode is long, however long its neighbours have played.
        self._drawn += sum(step.active.any(1) for step in steps)
        return steps

    def _learn(self, played: list[GridStep], going: NDArray[np.bool_]) -> None:
        """Makes one update of every member that goes on, from the episodes that it has just played."""
        common = self._common
        rewards, taken = np.stack([step.rewards for step in played], -1), counted(played)
        self._tally(rewards, taken, going)
        longest = int(taken.max())
        compiled = when_it_pays.compiles(common.compile, common.budget // longest, self._device)
        length = padded(longest) if compiled else longest
        steps = flattened(played, returns_to_go(rewards, self._gammas), length)
        if common.normalise_rewards:
            self._deviation.add(steps.returns, steps.valid)
            normalised = steps.returns / self._deviation.scale()[:, None]
            steps = steps._replace(returns=normalised.astype(np.float32))
        self._recent.add(steps, going)
        clock = {
            "progress": torch.from_numpy(self._steps / common.budget).to(self._device, torch.float32),
            "tick": torch.from_numpy(taken / common.budget).to(self._device, torch.float32),
            "steps": torch.from_numpy(self._steps).to(self._device),
            "active": torch.from_numpy(going).to(self._device),
        }
        weight = self._entropy["weight"]
        if self._entropy_changes:
            weight = weight * schedules.factor(self._entropy["schedule"], clock["progress"], clock["tick"])
        data = (torch.from_numpy(each).to(self._device) for each in steps)
        at_once = max(1, STEPS_AT_ONCE // length)
        # An accelerator has enough memory, and computes all members faster together.
        chunked = self._device.type == "cpu" and at_once < self._members
        self._learner.update(clock, weight, *data, compiled=compiled, at_once=at_once if chunked else None)
        self._steps = self._steps + taken
        self._updates = self._updates + going

    def _tally(self, rewards: NDArray[np.float64], taken: NDArray[np.int64], going: NDArray[np.bool_]) -> None:
        earned, episodes = rewards.sum((1, 2)).tolist(), (going * self._common.batch_size).tolist()
        self._played = [
            played.plus(*more) for played, *more in zip(self._played, earned, taken.tolist(), episodes, strict=True)
        ]

    def _look(self) -> list[dict[str, float]]:
        """What each member's networks make of steps since the last report."""
        *recent, have = self._recent.take()
        observations, returns = (torch.from_numpy(each).to(self._device) for each in recent)
        parameters, spec = self._learner.parameters, self._policy.network
        found = {
            **instruments.of_units(spec)(part(parameters, POLICY), observations),
            **instruments.of_policy(self._policy)(parameters, observations),
            **instruments.input_kinds(observations),
        }
        if self._common.baseline == "value":
            scaled = self._learner.numbers["reward_scale"][:, None] * returns
            look = instruments.of_baseline(replace(spec, outputs=1))
            found |= look(part(parameters, VALUE), observations, scaled)
        return [each if has else {} for each, has in zip(instruments.listed(found, self._members), have, strict=True)]

    def _report(self, until: int) -> list[Report]:
        shown = zip(
            self._learner.take_figures(), self._look(), self._played, self._evaluation.score(until), strict=True
        )
        points = [
            [(until, {**figures, **looked, **played.metrics(), **scored})] for figures, looked, played, scored in shown
        ]
        self._played = [Played() for _ in self._played]
        return self._learner.reports(self._steps, points)

    def confirm(self, episodes: int) -> list[float]:
        """Of each member, the greedy score of its best weights on fresh episodes; NaN without any."""
        return self._evaluation.confirm(episodes)

    def state(self) -> list[Tree]:
        """All that each member needs to go on; between updates no episode is under way."""
        return [
            {
                **self._learner.member(index),
                "steps": int(self._steps[index]),
                "updates": int(self._updates[index]),
                "drawn": int(self._drawn[index]),
                "deviation": self._deviation.member(index),
                "evaluation": self._evaluation.member(index),
            }
            for index in range(self._members)
        ]

    def load(self, states: Sequence[Tree]) -> None:
        """Goes on from these states."""
        self._learner.load(states)
        self._evaluation.load(states)
        self._steps = np.array([state["steps"] for state in states])
        self._updates = np.array([state["updates"] for state in states])
        self._drawn = np.array([state["drawn"] for state in states])
        # Checkpoints of versions that could not normalise rewards have no deviation.
        unseen = Deviation.of(1).member(0)
        self._deviation = Deviation.join([state.get("deviation", unseen) for state in states])

    def best(self) -> list[Tree]:
        """Of each member, the policy with the best score."""
        best = [member_axis.member(self._learner.best, index)["parameters"] for index in range(self._members)]
        return [
            {
                "network": specs.as_plain(self._policy.network),
                "state_dict": part(each, POLICY),
                "actions": action_spaces.as_plain(self._actions),
            }
            for each in best
        ]


def padded(length: int) -> int:
    """The next power of two, so that few shapes reach the update; less than half of a batch is padding."""
    return 1 << (length - 1).bit_length()
