"""A trained network as one function of tensors, for programs that have nothing of this project.

It takes a batch as its person has it and returns what is to be done with it. All that it computes is torch's own, so
that `torch.export` makes a program of it: scaling, one-hot numbers and the form of actions are in that program.

Axis letters: B cases of a batch, F numbers of one input, A numbers that a network returns, K parts of an action, D
dimensions of a continuous one.
"""

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor, nn

from trainables.environments.action_spaces import LARGEST, Actions, Continuous, Discrete, Parts, Product
from trainables.loops import policies
from trainables.trained_network import TrainedNetwork


class DeployedNetwork(nn.Module):
    """Takes a batch, of the type and shape of `example`, and answers for each case of it.

    A policy takes observations (B, *shape) as its environment gives them, where these are vectors, images or numbers of
    a Discrete space; of any other space as rows (B, F), as Gymnasium's FlattenObservation makes them. It returns
    actions (B, *shape), of the shape and type that the environment takes.

    What was trained on data takes features (B, F) in the units of the data, in double precision. It returns targets
    (B, T) in theirs, or the probabilities of the classes (B, C).
    """

    def __init__(self, network: TrainedNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, given: Tensor) -> Tensor:
        """given: (B, ...), as `example`."""
        network, environment = self.network, self.network.environment
        if environment is not None and environment.one_hot_from is not None:
            given = nn.functional.one_hot(given.long() - environment.one_hot_from, network.inputs)
        outputs = network.of_rows(given.reshape(-1, network.inputs))
        if network.actions is not None:
            return _given(network.actions, policies.distribution_of(network.actions).mode(outputs))
        return torch.softmax(outputs, -1) if network.classes else network.in_units(outputs)

    def example(self) -> NDArray[np.generic]:
        """Two cases, so that the size of a batch is seen to be free: (2, ...).

        Observations of zeros, or as near to it as the environment's bounds allow; of a Discrete space its first two
        numbers; features at their mean, and a deviation above it.
        """
        network = self.network
        if not network.acts:
            mean, deviation = network.mean.numpy(), network.deviation.numpy()
            return np.stack([mean, mean + deviation])
        environment = network.environment
        if environment is None or environment.flattened is not None:
            return np.zeros((2, network.inputs), np.float32)
        space = environment.space
        if isinstance(space, spaces.Box):
            return np.stack([np.clip(np.zeros(space.shape), space.low, space.high).astype(space.dtype)] * 2)
        first = environment.one_hot_from or 0
        return np.array([first, first + min(1, network.inputs - 1)], np.int64)

    def answers(self, given: NDArray[np.generic]) -> NDArray[np.generic]:
        """The same of arrays: for a batch as `example`, (B, ...), what is to be done with it."""
        with torch.no_grad():
            answered: NDArray[np.generic] = self(torch.from_numpy(given)).numpy()
        return answered


def _given(actions: Actions, choices: Tensor) -> Tensor:
    """Choices (B, *axes) as the environment takes them, (B, *shape): what `actions.given` does, in torch alone."""
    match actions:
        case Discrete():
            return choices + actions.start
        case Product():
            return _given(actions.parts, _unravelled(choices, actions.parts.counts))
        case Parts():
            return _shaped(actions, choices + torch.tensor(actions.starts))
    middle, half = map(torch.from_numpy, actions.middle_and_half)
    sound = torch.nan_to_num(choices.double()).clamp(-LARGEST, LARGEST)
    within = torch.where(torch.tensor(actions.squashed), torch.tanh(sound), sound)
    low, high = (torch.tensor(end, dtype=torch.float64) for end in (actions.low, actions.high))
    done = torch.clamp(middle + half * within, low, high)
    return _shaped(actions, done.round() if np.issubdtype(np.dtype(actions.dtype), np.integer) else done)


def _shaped(actions: Parts | Continuous, done: Tensor) -> Tensor:
    """Actions (B, D) in the environment's own type and shape, (B, *shape)."""
    return done.to(torch.from_numpy(np.empty(0, actions.dtype)).dtype).reshape(-1, *actions.shape)


def _unravelled(choices: Tensor, counts: tuple[int, ...]) -> Tensor:
    """The places (B, K) among the values of each part that numbers of combinations (B,) tell."""
    places: list[Tensor] = []
    for count in reversed(counts):
        places.insert(0, choices % count)
        choices = choices // count
    return torch.stack(places, -1)
