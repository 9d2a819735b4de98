"""A replay memory whose rows tell when they were written, and of whom."""

import numpy as np
import torch

from trainables.loops.replay import Replay

CPU = torch.device("cpu")


def filled(writes: int, capacity: int, members: int = 2, alphas: list[float] | None = None) -> Replay:
    """Member m's write t: observation (t, m), next (t + 1, m), action t, reward t / 2, discount 0 at every third."""
    memory = Replay(members, capacity, 2, CPU, None if alphas is None else torch.tensor(alphas))
    places = np.arange(members)
    for time in range(writes):
        memory.add(
            np.stack((np.full(members, time), places), axis=1).astype(np.float32),
            np.stack((np.full(members, time + 1), places), axis=1).astype(np.float32),
            np.full(members, time),
            np.full(members, time / 2),
            np.full(members, float(time % 3 != 2)),
        )
    return memory
