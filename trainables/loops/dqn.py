"""DQN (Mnih et al., 2015): its settings, and the loop of a whole pack of members in lockstep.

Axis letters: M members, E episodes side by side, B batch, F features.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.func import vmap

from trainables import environments
from trainables.base import member_axis, random_streams
from trainables.base.config_fields import tunable
from trainables.base.member_axis import Tree
from trainables.base.random_streams import Purpose
from trainables.base.report import Report
from trainables.base.trivial_answer import TrivialAnswer
from trainables.compilation import programs, when_it_pays
from trainables.environments import EnvironmentMisfit, action_spaces
from trainables.environments.action_spaces import Actions, Continuous, Discrete, Parts, Product
from trainables.loops import episode_limits, exploration, instruments, q_learning, replay, trivial_policies
from trainables.loops.config import EpisodicConfig, network
from trainables.loops.evaluation import DISCOUNTED, METRICS, SCORE, SCORES, Evaluation
from trainables.loops.exploration import LINEAR, Epsilon
from trainables.loops.learner import Learner
from trainables.networks import networks, specs

MOST_STEPS = 100
"""The most steps that a transition may span. Without a replay memory, so many are kept while they still grow."""


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
        """How many rounds of updates come within the first `steps` environment steps."""
        return max(0, steps // self.train_frequency - self.learning_starts // self.train_frequency)

    def calls(self) -> int:
        """How many updates the whole training makes."""
        return self.rounds(self.budget) * self.gradient_steps


MOST_ACTIONS = 256
"""The most combinations of parts that have a value each."""


def numbered(actions: Actions) -> Discrete | Product:
    """The actions as numbers, each of which has a value; several parts make as many as they have combinations.

    Raises EnvironmentMisfit if they are too many, or not to be counted.
    """
    instead = "should be trained with loop: reinforce"
    match actions:
        case Continuous():
            raise EnvironmentMisfit(f"dqn learns a value for each action, and continuous ones have no end: {instead}")
        case Parts():
            product = Product(actions)
            if product.n > MOST_ACTIONS:
                raise EnvironmentMisfit(
                    f"dqn learns a value for each action, of which {len(actions.counts)} parts make {product.n:_}, "
                    f"more than {MOST_ACTIONS}: {instead}"
                )
            return product
    return actions


class DQNLoop:
    """Trains a pack: every member acts once, then every member learns if it is time to, and so on."""

    Config: ClassVar[type[DQNConfig]] = DQNConfig
    score: ClassVar[str] = SCORE
    direction: ClassVar[Literal["maximize", "minimize"]] = "maximize"
    scores: ClassVar[tuple[str, ...]] = SCORES
    unit: ClassVar[str] = "environment steps"
    metrics: ClassVar[tuple[str, ...]] = (
        *METRICS,
        *("train/value_mean", "train/epsilon", DISCOUNTED),
        *(*instruments.OF_UNITS, *instruments.OF_VALUES, instruments.KINDS),
    )
    choices_of = staticmethod(numbered)

    def __init__(self, configs: Sequence[DQNConfig], device: torch.device) -> None:
        """Raises ValueError for settings that contradict each other, and EnvironmentMisfit for actions without
        values.
        """
        self._configs, self._device, self._members, self.steps = configs, device, len(configs), 0
        self._common = common = configs[0]
        if common.replay and common.replay_capacity < common.batch_size:
            raise ValueError(f"replay_capacity: {common.replay_capacity} is less than a batch of {common.batch_size}")
        if common.prioritised_replay and not common.replay:
            raise ValueError("prioritised_replay: should be false, since replay is")
        found = episode_limits.described(common)
        self._acted = numbered(found.actions)
        description = replace(found, actions=self._acted)
        self._spec = network(common, description.inputs, self._acted.outputs, description.image)

        # The networks that learn, and the target networks. These are copies, since torch.compile would make a version
        # of its own for an update whose two networks are one.
        seeds = [config.seed for config in configs]
        self._learner = Learner(
            configs,
            [
                networks.initial(
                    self._spec, random_streams.integer(config.seed, Purpose.WEIGHTS), config.initialisation
                )
                for config in configs
            ],
            q_learning.make_loss(self._spec, common.loss, common.reduction, common.double, common.target_network),
            ["value_mean"],
            maximize=self.direction == "maximize",
            device=device,
            numbers=[{"reward_scale": config.reward_scale} for config in configs],
        )
        copied = self._learner.parameters.items() if common.target_network else ()
        self._target = {name: tensor.clone() for name, tensor in copied}
        self._lags = np.full(self._members, np.nan)
        self._target_intervals = np.array([config.target_interval for config in configs])
        self._taus = np.array([config.target_tau for config in configs])

        # The memory.
        capacity = common.replay_capacity if common.replay else common.batch_size + MOST_STEPS
        alphas = torch.tensor([config.priority_alpha for config in configs]) if common.prioritised_replay else None
        self._betas = torch.tensor([config.priority_beta for config in configs], device=device)
        self._replay = replay.Replay(self._members, min(capacity, common.budget), description.inputs, device, alphas)
        self._gammas = np.array([config.gamma for config in configs])
        self._n_steps = np.array([config.n_steps for config in configs])

        # Random numbers.
        self._exploring = random_streams.Uniforms(seeds, Purpose.ACTIONS, 2)
        self._sampling = random_streams.Uniforms(seeds, Purpose.SAMPLING, common.gradient_steps * common.batch_size)
        self._episode_seeds = random_streams.Uniforms(seeds, Purpose.EPISODES, 1)

        # Programs.
        self._updates_in_all = common.calls()
        self._compiled = when_it_pays.compiles(common.compile, self._updates_in_all, device)
        greedy, compiled = (
            q_learning.packed_greedy(self._spec),
            when_it_pays.compiles(common.compile, common.budget, device),
        )
        self._greedy = programs.compiled_if(compiled, greedy)
        self._evaluation = Evaluation(
            description, common, self._learner, self.score, greedy, compiled, np.array(self._gammas)
        )
        self._units = instruments.of_units(self._spec)
        told = q_learning.bootstrapped(self._spec, common.double, common.target_network)
        self._told, self._q = vmap(told), vmap(networks.function(self._spec))

        # The environments. None of them can be saved, but the seed and the actions of its episode lead back to it.
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
            clock = self._learner.clock(0.0, 0.0, 0)
            self._learner.begin_compiling(clock, self._target, self._replay.rows, indices, *weights)

    @classmethod
    def trivial(cls, config: DQNConfig) -> list[TrivialAnswer]:
        """What policies score that see nothing. Raises whatever the environment does."""
        return trivial_policies.answers(config, cls.score, cls.direction == "maximize")

    def train(self, until: int) -> list[Report]:
        """Acts and learns until `until` environment steps are spent, then plays the evaluation episodes greedily."""
        while self.steps < until and self._alive.any():
            self._act()
            if self.steps > self._common.learning_starts and self.steps % self._common.train_frequency == 0:
                self._learn()
            self._update_targets()
        self.steps = until
        return self._report()

    def _act(self) -> None:
        """Takes one epsilon-greedy step of every member, and remembers it."""
        observations = self._grid.observations.copy()
        greedy = self._greedy(self._learner.parameters, torch.from_numpy(observations).to(self._device)).cpu().numpy()
        drawn = self._exploring.at(np.full(self._members, self.steps))
        explored = (drawn[:, 1:] * self._spec.outputs).astype(np.int64)
        actions = np.where(drawn[:, :1] < self._epsilons()[:, None], explored, greedy)
        rewards, terminated, truncated = self._grid.step(actions, self._alive)
        discounts = self._gammas * ~terminated[:, 0]
        self._replay.add(observations[:, 0], self._grid.observations[:, 0], actions[:, 0], rewards[:, 0], discounts)
        self._replay.grow(np.minimum(self._n_steps - 1, [len(taken) for taken in self._actions_taken]))
        for member in np.flatnonzero(self._alive):
            self._actions_taken[member].append(int(actions[member, 0]))
        self.steps += 1
        ended = (terminated | truncated) & self._alive
        if ended.any():
            self._begin_episodes(ended)

    def _learn(self) -> None:
        """Makes a round of updates."""
        done, priorities = (self._common.rounds(self.steps) - 1) * self._common.gradient_steps, self._replay.priorities
        for step, batch in enumerate(self._batches()):
            clock = self._learner.clock((done + step) / self._updates_in_all, 1 / self._updates_in_all, self.steps)
            shown = self._learner.update(clock, self._target, self._replay.rows, *batch, compiled=self._compiled)
            if priorities is not None:
                priorities.update(batch[0], shown["errors"])

    def _batches(self) -> Iterator[tuple[Tensor, ...]]:
        """The batch of each update in a round: rows (M, B) and, if drawn by priority, the weights (M, B) of their
        losses.

        Without a replay memory these are the newest transitions that span all of their steps. Priorities are read when
        the batch is asked for, as the last update left them.
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

    def _update_targets(self) -> None:
        """Moves target networks that are due by tau towards theirs: theta_target + tau (theta - theta_target)."""
        due = self.steps % self._target_intervals == 0
        if not due.any():
            return
        self._see_lags(due)
        taus = torch.from_numpy(self._taus * due).to(self._device, torch.float32)
        for name, tensor in self._target.items():
            tau = taus.reshape(-1, *(1 for _ in tensor.shape[1:]))
            self._target[name] = torch.lerp(tensor, self._learner.parameters[name], tau)

    def _see_lags(self, due: NDArray[np.bool_]) -> None:
        """Keeps how far target networks lag behind before they are moved, once between two reports."""
        if self._target and (due & np.isnan(self._lags)).any():
            lags = instruments.update_ratio(self._target, self._learner.parameters).cpu().numpy()
            self._lags = np.where(due & np.isnan(self._lags), lags, self._lags)

    def _look(self) -> list[dict[str, float]]:
        """What each member's network makes of some of what it remembers, and of the first states of its episodes."""
        self._see_lags(np.isnan(self._lags))
        lags, self._lags = torch.from_numpy(np.nan_to_num(self._lags)), np.full(self._members, np.nan)
        places = instruments.evenly(self._replay.filled, instruments.samples(self._spec.inputs))
        rows = self._replay.rows[:, places.to(self._device)]
        parameters, numbers, seen = self._learner.parameters, self._learner.numbers, rows[..., : self._spec.inputs]
        found = {**self._units(parameters, seen), **instruments.input_kinds(seen), "train/target_lag": lags}
        q_tm1, y = self._told(parameters, numbers, self._target, rows)
        found["train/td_error_share"] = instruments.left_over(y - q_tm1, y)
        found["train/common_action"] = instruments.most_common(self._q(parameters, seen).argmax(-1), self._spec.outputs)
        return instruments.listed(found, self._members)

    def _start_values(self) -> list[dict[str, float]]:
        """Of each member, what it believes an episode is worth, in the environment's own units."""
        assert self._evaluation.begun is not None
        first, episodes = (torch.from_numpy(each).to(self._device) for each in self._evaluation.begun)
        values = self._q(self._learner.parameters, first).amax(-1)
        counts = torch.arange(values.shape[1], device=self._device) < episodes[:, None]
        means = torch.where(counts, values, 0.0).sum(-1) / episodes / self._learner.numbers["reward_scale"]
        return instruments.listed({"evaluation/start_value": means}, self._members)

    def _epsilons(self) -> NDArray[np.float64]:
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
        """(M, 1), the seed of each member's next episode."""
        return random_streams.episode_seeds(self._episode_seeds.at(self._episodes), random_streams.TRAINING)

    def _report(self) -> list[Report]:
        figures, scored, looked = self._learner.take_figures(), self._evaluation.score(self.steps), self._look()
        started, epsilons = self._start_values(), [{"train/epsilon": float(each)} for each in self._epsilons()]
        shown = [
            each | score | looks | starts | epsilon
            for each, score, looks, starts, epsilon in zip(figures, scored, looked, started, epsilons, strict=True)
        ]
        self._alive = self._learner.alive.cpu().numpy()[:, None].copy()
        return self._learner.reports(np.full(self._members, self.steps), [[(self.steps, each)] for each in shown])

    def confirm(self, episodes: int) -> list[float]:
        """Of each member, the greedy score of its best weights on fresh episodes; NaN without any."""
        return self._evaluation.confirm(episodes)

    def state(self) -> list[Tree]:
        """All that each member needs to go on, with the way back to where its episode stands."""
        return [
            {
                **self._learner.member(index),
                "target": member_axis.member(self._target, index),
                "replay": self._replay.member(index),
                "steps": self.steps,
                "episodes": int(self._episodes[index]),
                "actions": torch.tensor(self._actions_taken[index], dtype=torch.int64),
                "evaluation": self._evaluation.member(index),
            }
            for index in range(self._members)
        ]

    def load(self, states: Sequence[Tree]) -> None:
        """Goes on from these states: begins each member's current episode again and takes the same actions."""
        self._learner.load(states)
        self._evaluation.load(states)
        self._target = member_axis.to(member_axis.stack([state["target"] for state in states]), self._device)
        self._replay.load([state["replay"] for state in states])
        self.steps = states[0]["steps"]
        self._alive = self._learner.alive.cpu().numpy()[:, None].copy()
        self._episodes = np.array([state["episodes"] - 1 for state in states])
        taken = [state["actions"].tolist() for state in states]
        self._actions_taken = environments.retrace(self._grid, self._seeds_of_episodes(), taken)
        self._episodes += 1

    def best(self) -> list[Tree]:
        """Of each member, the network with the best score."""
        return [
            {
                "network": specs.as_plain(self._spec),
                "state_dict": member_axis.member(self._learner.best, index)["parameters"],
                "actions": action_spaces.as_plain(self._acted),
            }
            for index in range(self._members)
        ]
