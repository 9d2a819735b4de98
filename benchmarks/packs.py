"""The updates of a pack of DQN members, as DQNLoop makes them, without an environment."""

import numpy as np
import torch

from trainables.base import member_axis, random_streams
from trainables.base.random_streams import Purpose
from trainables.loops.dqn import DQNConfig
from trainables.loops.learner import Learner
from trainables.loops.q_learning import make_loss
from trainables.loops.replay import Replay
from trainables.networks import networks
from trainables.networks.specs import MLP

SPEC = MLP(inputs=4, outputs=2, hidden=(64, 64))
CONFIG = DQNConfig(environment="CartPole-v1", budget=20_000, hidden=(64, 64), batch_size=64, max_norm=10.0)
UPDATES_IN_ALL = 10_000
UPDATES_PER_TARGET = 250
"""Between two copies to the target network: of the default settings, 500 steps with 2 updates every 4."""

CPU = torch.device("cpu")


def transitions(count: int) -> list[np.ndarray]:
    """Observations and next observations (count, 4), actions, rewards and terminated (count,), all made up."""
    rng = np.random.default_rng(0)
    observations, next_observations = rng.standard_normal((2, count, SPEC.inputs), dtype=np.float32)
    return [observations, next_observations, rng.integers(0, 2, count), np.ones(count), rng.random(count) < 0.02]


class Packed:
    """A pack that learns from a full memory; each member has a learning rate of its own."""

    def __init__(self, members: int, compiled: bool) -> None:
        rates = np.geomspace(1e-4, 1e-2, members)
        configs = [
            CONFIG.model_copy(update={"seed": seed, "learning_rate": rate}) for seed, rate in enumerate(rates.tolist())
        ]
        seeds = [config.seed for config in configs]
        self.members, self._compiled, self._round = members, compiled, 0
        self._learner = Learner(
            configs,
            [networks.initial(SPEC, random_streams.integer(seed, Purpose.WEIGHTS)) for seed in seeds],
            make_loss(SPEC, CONFIG.loss),
            ["value_mean"],
            maximize=True,
            device=CPU,
            numbers=[{"reward_scale": config.reward_scale} for config in configs],
        )
        self._target = {name: tensor.clone() for name, tensor in self._learner.parameters.items()}
        self._sampling = random_streams.Uniforms(seeds, Purpose.SAMPLING, CONFIG.gradient_steps * CONFIG.batch_size)
        self._replay = Replay(members, CONFIG.budget, SPEC.inputs, CPU)
        for row in zip(*transitions(CONFIG.budget), strict=True):
            self._replay.add(*(np.stack([value] * members) for value in row))

    def round(self) -> int:
        """The updates between two stretches of acting. Returns how many, summed over members."""
        uniforms = self._sampling.at(np.full(self.members, self._round))
        indices = self._replay.indices(uniforms.reshape(self.members, CONFIG.gradient_steps, CONFIG.batch_size))
        for step in range(CONFIG.gradient_steps):
            done = self._round * CONFIG.gradient_steps + step
            clock = self._learner.clock(min(1.0, done / UPDATES_IN_ALL), 1 / UPDATES_IN_ALL, done)
            self._learner.update(clock, self._target, self._replay.rows, indices[:, step], compiled=self._compiled)
            if done % UPDATES_PER_TARGET == 0:
                everyone = torch.ones(self.members, dtype=torch.bool)
                self._target = member_axis.where(everyone, self._learner.parameters, self._target)
        self._round += 1
        return self.members * CONFIG.gradient_steps
