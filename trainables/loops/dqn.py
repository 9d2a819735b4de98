"""DQN (Mnih et al., 2015): settings, network, loss, loop; a whole pack of members in lockstep.

Axis letters: M members, E episodes side by side, B batch, A actions, F features.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.func import vmap
from torch.nn.functional import huber_loss, mse_loss

from trainables import environments
from trainables.base import member_axis, random_streams
from trainables.base.config_fields import tunable
from trainables.base.member_axis import Tree
from trainables.base.random_streams import Purpose
from trainables.compilation import programs, when_it_pays
from trainables.compilation.rebuildable import rebuildable
from trainables.loops import exploration, replay
from trainables.loops.contract import EpisodicConfig, Report, network
from trainables.loops.evaluation import METRICS, SCORE, SCORES, Evaluation
from trainables.loops.exploration import LINEAR, Epsilon
from trainables.loops.learner import Learner
from trainables.networks import networks
from trainables.networks.networks import Spec
from trainables.optimisation.optimizers import Tensors

MOST_STEPS = 100
"""That a transition can span; without a replay memory so many are kept until they have grown up."""


class DQNConfig(EpisodicConfig):
    """The settings of DQN beside those of every loop."""

    max_norm: float | None = tunable(10.0, description="gradients are clipped to this global norm; null: never", gt=0)
    loss: Literal["huber", "squared"] = Field(
        "huber", description="of the temporal-difference error; huber has delta 1"
    )
    reduction: Literal["mean", "sum"] = Field("mean", description="of the losses of a batch")
    double: bool = Field(False, description="whether the network that learns chooses the action that the target values")
    n_steps: int = tunable(
        1, description="steps whose rewards enter a target before it bootstraps", gt=0, le=MOST_STEPS
    )
    replay: bool = Field(True, description="whether to learn from a memory; else from the newest transitions alone")
    replay_capacity: int = Field(100_000, description="transitions that the replay memory holds", gt=0, le=10**8)
    prioritised_replay: bool = Field(
        False, description="whether transitions are drawn by their last temporal-difference error, not all alike"
    )
    priority_alpha: float = tunable(0.6, description="power of the errors that transitions are drawn by", ge=0, le=1)
    priority_beta: float = tunable(
        0.4,
        description="power of the weights that make up for such draws; rises to 1, which does in full, over the budget",
        ge=0,
        le=1,
    )
    learning_starts: int = Field(1_000, description="environment steps before the first update", ge=0)
    train_frequency: int = Field(4, description="environment steps between two rounds of updates", gt=0)
    gradient_steps: int = Field(2, description="updates in a round", gt=0, le=1_000)
    target_network: bool = Field(True, description="whether targets come from a slower network; else from the same one")
    target_interval: int = tunable(500, description="environment steps between two updates of the target network", gt=0)
    target_tau: float = tunable(1.0, description="share of the way to the network at an update; 1: a copy", gt=0, le=1)
    epsilon: Epsilon = tunable(LINEAR, description="how the share of random actions falls")

    def rounds(self, steps: int) -> int:
        """How many rounds of updates belong to so many environment steps."""
        return max(0, steps // self.train_frequency - self.learning_starts // self.train_frequency)

    def calls(self) -> int:
        """Updates."""
        return self.rounds(self.budget) * self.gradient_steps


@rebuildable
def packed_greedy(spec: Spec) -> Callable[[Tensors, Tensor], Tensor]:
    """(parameters, observations (M, E, F)) -> the best actions (M, E)."""
    network = networks.function(spec)

    def greedy(parameters: Tensors, observations: Tensor) -> Tensor:
        return network(parameters, observations).argmax(-1)

    packed: Callable[[Tensors, Tensor], Tensor] = vmap(greedy)
    return packed


@rebuildable
def make_loss(
    spec: Spec, kind: str, reduction: str = "mean", double: bool = False, target_network: bool = True
) -> Callable[..., tuple[Tensor, Tensors]]:
    """The temporal-difference loss of one member.

    target of Q(s, a): reward + discount * max_a' Q_target(s', a'), of a transition as the replay memory has it: over
    one step or more, with discount 0 where s' is terminal. A truncated episode has no terminal state, so its last
    transition bootstraps. Mnih et al., 2015, equation 2; double: a' is the best by the network that learns (van
    Hasselt, Guez and Silver, 2016, equation 4).
    """
    network = networks.function(spec)
    measure = huber_loss if kind == "huber" else mse_loss

    def loss(
        parameters: Tensors,
        numbers: Tensors,
        target: Tensors,
        rows: Tensor,
        indices: Tensor,
        weights: Tensor | None = None,
    ) -> tuple[Tensor, Tensors]:
        """target: parameters, empty without a target network; rows: (capacity, 2F + 3); indices: (B,) into them.

        weights: (B,), of the losses, if they have any; then the temporal-difference errors (B,) are shown, too.
        """
        observations, next_observations, actions, rewards, discounts = replay.split(rows[indices], spec.inputs)
        values = network(parameters, observations).gather(1, actions[:, None]).squeeze(1)
        following = network(target if target_network else parameters, next_observations)
        if double and target_network:
            best = network(parameters, next_observations).argmax(1, keepdim=True)
            bootstrap = following.gather(1, best).squeeze(1)
        else:
            bootstrap = following.amax(1)
        targets = (numbers["reward_scale"] * rewards + discounts * bootstrap).detach()
        if weights is None:
            return measure(values, targets, reduction=reduction), {"value_mean": values.mean()}
        losses = weights * measure(values, targets, reduction="none")
        total = losses.mean() if reduction == "mean" else losses.sum()
        return total, {"value_mean": values.mean(), "errors": targets - values.detach()}

    return loss


class DQNLoop:
    """Trains a pack: every member acts once, then every member learns, and again."""

    Config: ClassVar[type[DQNConfig]] = DQNConfig
    score: ClassVar[str] = SCORE
    direction: ClassVar[Literal["maximize", "minimize"]] = "maximize"
    scores: ClassVar[tuple[str, ...]] = SCORES
    unit: ClassVar[str] = "environment steps"
    metrics: ClassVar[tuple[str, ...]] = (*METRICS, "train/value_mean", "train/epsilon")

    def __init__(self, configs: Sequence[DQNConfig], device: torch.device) -> None:
        self._configs, self._device, self._members, self.steps = configs, device, len(configs), 0
        self._common = common = configs[0]
        seeds = [config.seed for config in configs]
        self._description = description = environments.describe(
            common.environment, common.environment_args, common.wrappers
        )
        self._spec = network(common, description.inputs, description.actions, description.image)
        self._learner = Learner(
            configs,
            [
                networks.initial(
                    self._spec, random_streams.integer(config.seed, Purpose.WEIGHTS), config.initialisation
                )
                for config in configs
            ],
            make_loss(self._spec, common.loss, common.reduction, common.double, common.target_network),
            ["value_mean"],
            maximize=self.direction == "maximize",
            device=device,
            numbers=[{"reward_scale": config.reward_scale} for config in configs],
        )
        # A copy, since torch.compile would make a version of its own for an update whose two networks are one.
        copied = self._learner.parameters.items() if common.target_network else ()
        self._target = {name: tensor.clone() for name, tensor in copied}
        if common.replay and common.replay_capacity < common.batch_size:
            raise ValueError(f"replay_capacity: {common.replay_capacity} is less than a batch of {common.batch_size}")
        if common.prioritised_replay and not common.replay:
            raise ValueError("prioritised_replay: should be false, since replay is")
        capacity = common.replay_capacity if common.replay else common.batch_size + MOST_STEPS
        alphas = torch.tensor([config.priority_alpha for config in configs]) if common.prioritised_replay else None
        self._betas = torch.tensor([config.priority_beta for config in configs], device=device)
        self._replay = replay.Replay(self._members, min(capacity, common.budget), description.inputs, device, alphas)
        self._updates_in_all = common.calls()
        self._compiled = when_it_pays.compiles(common.compile, self._updates_in_all, device)
        greedy, compiled = packed_greedy(self._spec), when_it_pays.compiles(common.compile, common.budget, device)
        self._greedy = programs.compiled_if(compiled, greedy)
        self._exploring = random_streams.Uniforms(seeds, Purpose.ACTIONS, 2)
        self._sampling = random_streams.Uniforms(seeds, Purpose.SAMPLING, common.gradient_steps * common.batch_size)
        self._episode_seeds = random_streams.Uniforms(seeds, Purpose.EPISODES, 1)
        self._evaluation = Evaluation(description, common, self._learner, self.score, greedy, compiled)
        self._gamma = np.array([config.gamma for config in configs])
        self._n_steps = np.array([config.n_steps for config in configs])
        self._targets_every = np.array([config.target_interval for config in configs])
        self._tau = np.array([config.target_tau for config in configs])
        # An environment can't be saved; its episode's seed and actions can, and lead to where it was.
        self._grid = environments.make(description, self._members, 1, common.backend)
        self._episodes = np.zeros(self._members, dtype=np.int64)
        self._actions_taken: list[list[int]] = [[] for _ in configs]
        self._alive = np.ones((self._members, 1), dtype=np.bool_)
        self._begin_episodes(self._alive)
        self._begin_compiling()

    def _begin_compiling(self) -> None:
        observations = torch.from_numpy(self._grid.observations).to(self._device)
        programs.begin(self._greedy, self._learner.parameters, observations)
        if self._compiled:
            indices = torch.zeros(self._members, self._common.batch_size, dtype=torch.int64, device=self._device)
            weights = [indices.float()] if self._common.prioritised_replay else []
            moment = self._learner.moment(0.0, 0.0, 0)
            self._learner.begin_compiling(moment, self._target, self._replay.rows, indices, *weights)

    def train(self, until: int) -> list[Report]:
        """Act and learn until `until` environment steps are spent, then play the evaluation episodes greedily."""
        while self.steps < until and self._alive.any():
            self._act()
            if self.steps > self._common.learning_starts and self.steps % self._common.train_frequency == 0:
                self._learn()
            self._follow()
        self.steps = until
        return self._report()

    def _act(self) -> None:
        """One step of every member, epsilon-greedy, into its memory."""
        observations = self._grid.observations.copy()
        greedy = self._greedy(self._learner.parameters, torch.from_numpy(observations).to(self._device)).cpu().numpy()
        drawn = self._exploring.at(np.full(self._members, self.steps))
        explored = (drawn[:, 1:] * self._spec.outputs).astype(np.int64)
        actions = np.where(drawn[:, :1] < self._epsilon()[:, None], explored, greedy)
        rewards, terminated, truncated = self._grid.step(actions, self._alive)
        discounts = self._gamma * ~terminated[:, 0]
        self._replay.add(observations[:, 0], self._grid.observations[:, 0], actions[:, 0], rewards[:, 0], discounts)
        self._replay.grow(np.minimum(self._n_steps - 1, [len(taken) for taken in self._actions_taken]))
        for member in np.flatnonzero(self._alive):
            self._actions_taken[member].append(int(actions[member, 0]))
        self.steps += 1
        ended = (terminated | truncated) & self._alive
        if ended.any():
            self._begin_episodes(ended)

    def _learn(self) -> None:
        """A round of updates."""
        done, priorities = (self._common.rounds(self.steps) - 1) * self._common.gradient_steps, self._replay.priorities
        for step, batch in enumerate(self._batches()):
            moment = self._learner.moment((done + step) / self._updates_in_all, 1 / self._updates_in_all, self.steps)
            shown = self._learner.update(moment, self._target, self._replay.rows, *batch, compiled=self._compiled)
            if priorities is not None:
                priorities.update(batch[0], shown["errors"])

    def _batches(self) -> Iterator[tuple[Tensor, ...]]:
        """For each update of a round what is drawn from the memory, or the newest transitions that have grown up.

        Rows (M, B), and their weights (M, B) where they are drawn by priority, each time as the last update left it.
        """
        common, shape = self._common, (self._members, self._common.gradient_steps, self._common.batch_size)
        if not common.replay:
            newest = self._replay.newest(common.batch_size, self._n_steps - 1)
            yield from [(newest,)] * common.gradient_steps
            return
        uniforms = self._sampling.at(np.full(self._members, self._common.rounds(self.steps))).reshape(shape)
        if self._replay.priorities is None:
            indices = self._replay.indices(uniforms)
            yield from ((indices[:, step],) for step in range(common.gradient_steps))
            return
        betas = self._betas + (1 - self._betas) * (self.steps / common.budget)
        for step in range(common.gradient_steps):
            yield self._replay.priorities.draw(uniforms[:, step], self._replay.filled, betas)

    def _follow(self) -> None:
        """Move the target network of each member that is due its share of the way to the network that learns."""
        due = self.steps % self._targets_every == 0
        if not due.any():
            return
        shares = torch.from_numpy(self._tau * due).to(self._device, torch.float32)
        for name, tensor in self._target.items():
            share = shares.reshape(-1, *(1 for _ in tensor.shape[1:]))
            self._target[name] = torch.lerp(tensor, self._learner.parameters[name], share)

    def _epsilon(self) -> NDArray[np.float64]:
        """(M,), the share of random actions now."""
        return np.array(
            [
                exploration.epsilon(config.epsilon, self.steps, int(begun) - 1, config.budget)
                for config, begun in zip(self._configs, self._episodes, strict=True)
            ]
        )

    def _begin_episodes(self, where: NDArray[np.bool_]) -> None:
        self._grid.reset(self._seeds_of_episodes(), where)
        for member in np.flatnonzero(where):
            self._episodes[member] += 1
            self._actions_taken[member] = []

    def _seeds_of_episodes(self) -> NDArray[np.int64]:
        """(M, 1), the seed of the next episode of each member."""
        return random_streams.episode_seeds(self._episode_seeds.at(self._episodes), random_streams.TRAINING)

    def _report(self) -> list[Report]:
        figures, epsilon = self._learner.take_figures(), self._epsilon()
        shown = [
            {**each, **scored, "train/epsilon": float(share)}
            for each, scored, share in zip(figures, self._evaluation.score(self.steps), epsilon, strict=True)
        ]
        self._alive = self._learner.alive.cpu().numpy()[:, None].copy()
        return self._learner.reports(np.full(self._members, self.steps), [[(self.steps, each)] for each in shown])

    def confirm(self, episodes: int) -> list[float]:
        """Of each member the score of its best weights over fresh episodes, greedily; NaN without any."""
        return self._evaluation.confirm(episodes)

    def state(self) -> list[Tree]:
        """All that a member needs to go on, the way to where its episode stands included."""
        return [
            {
                **self._learner.member(index),
                "target": member_axis.member(self._target, index),
                "replay": self._replay.member(index),
                "steps": self.steps,
                "episodes": int(self._episodes[index]),
                "actions": torch.tensor(self._actions_taken[index], dtype=torch.int64),
            }
            for index in range(self._members)
        ]

    def load(self, states: Sequence[Tree]) -> None:
        """Go on from these: begin each member's current episode again and take the same actions."""
        self._learner.load(states)
        self._target = member_axis.to(member_axis.stack([state["target"] for state in states]), self._device)
        self._replay.load([state["replay"] for state in states])
        self.steps = states[0]["steps"]
        self._alive = self._learner.alive.cpu().numpy()[:, None].copy()
        self._episodes = np.array([state["episodes"] - 1 for state in states])
        taken = [state["actions"].tolist() for state in states]
        self._actions_taken = environments.retrace(self._grid, self._seeds_of_episodes(), taken)
        self._episodes += 1

    def best(self) -> list[Tree]:
        """Of each member the network with the best score."""
        return [
            {
                "network": networks.as_plain(self._spec),
                "state_dict": member_axis.member(self._learner.best, index)["parameters"],
            }
            for index in range(self._members)
        ]
