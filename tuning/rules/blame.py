"""Whose fault it is that a leg could not be trained, and whether that counts as one of its tries. Pure."""

from typing import Literal, TypeAlias

Fault: TypeAlias = Literal["trial", "worker", "cluster"]
"""trial: its own, an exception that its training raised. worker: its process was killed, ran out of memory or hung.
cluster: a node was lost or drained, a worker was never begun, the folder of the checkpoints is away."""

CLUSTER_TRIES = 5
"""How often in a row the cluster may fail a leg that comes no further, before the leg is left for another time."""


class Blame:
    """Remembers how far each leg had come when it failed before.

    What the cluster does is never a leg's fault. A worker's death is, where the leg has come no further than at its
    death before: then it is likely that the leg kills its workers. Whoever comes further each time may go on for ever.
    """

    def __init__(self) -> None:
        self._furthest: dict[str, int] = {}
        """Steps, by the tickets of legs whose workers have died."""
        self._lost: dict[str, tuple[int, int]] = {}
        """Steps, and how often the cluster has failed a leg there."""

    def counts(self, ticket: str, fault: Fault, steps: int) -> bool:
        """Whether a failure is one of a leg's tries.

        ticket: of the leg.
        fault: whose it is.
        steps: how far the leg has ever come.
        """
        if fault != "worker":
            return fault == "trial"
        further = steps > self._furthest.get(ticket, 0)
        self._furthest[ticket] = max(steps, self._furthest.get(ticket, 0))
        return not further

    def is_hopeless(self, ticket: str, steps: int) -> bool:
        """Whether the cluster, which has failed a leg once more, has done so too often for it to be tried again."""
        at, times = self._lost.get(ticket, (steps, 0))
        times = times + 1 if at == steps else 1
        self._lost[ticket] = steps, times
        return times >= CLUSTER_TRIES
