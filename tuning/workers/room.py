"""What workers have room for, on the nodes of a Ray. Pure but for `found`, which asks Ray."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ray

from tuning.sweep.sections import Workers

GROUP = "ray.io/node-group"
"""The label of nodes that an autoscaler has begun, or could begin more of."""


@dataclass(frozen=True)
class Room:
    """What a Ray has in all, whether it is free or not.

    nodes: the cpus and gpus of each.
    grows: whether more nodes may come by themselves once work waits for them.
    """

    nodes: Sequence[tuple[float, float]]
    grows: bool = False

    def workers(self, wanted: Workers) -> int:
        """How many workers there is room for: each has all that it needs of one node."""
        return sum(
            math.floor(min(cpus / wanted.cpus, gpus / wanted.gpus if wanted.gpus else math.inf) + 1e-9)
            for cpus, gpus in self.nodes
        )

    def lack(self, wanted: Workers) -> str:
        """What workers need, and what there is, in words."""
        cpus, gpus = (sum(each[place] for each in self.nodes) for place in (0, 1))
        there = f"there are {cpus:g} cpus and {gpus:g} gpus in all"
        if len(self.nodes) > 1:
            most = max(each[0] for each in self.nodes)
            there += f" on {len(self.nodes)} nodes, none of which has more than {most:g} cpus"
        return f"each needs {wanted.cpus:g} cpus and {wanted.gpus:g} gpus; {there}"


def found() -> Room:
    """What the Ray that is initialised has now."""
    return of_nodes(ray.nodes())


def of_nodes(nodes: Sequence[Mapping[str, Any]]) -> Room:
    """What these nodes have, as `ray.nodes` tells of them."""
    alive = [each for each in nodes if each["Alive"]]
    has = [(each["Resources"].get("CPU", 0.0), each["Resources"].get("GPU", 0.0)) for each in alive]
    return Room(has, grows=any(GROUP in each.get("Labels", {}) for each in alive))
