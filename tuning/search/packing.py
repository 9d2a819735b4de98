"""Who can share a pack, and how many: rules of the sweep alone."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from trainables.loops.registry import loop_of
from trainables.messages import MemberRequest
from tuning.study.legs import Leg, Plan
from tuning.sweep.model import Sweep

Item = TypeVar("Item")

SMALLEST_PACK, LARGEST_PACK, PACKS_A_WORKER = 8, 16, 4
LARGEST_OF_MANY, MANY_PACKS = 64, 32
"""With pack size auto: no larger than pays on a CPU core, and each worker gets several packs, so that Optuna learns
between them; but not smaller than it takes to have most of the speed, where there are as many trials. Where there are
so many that each worker gets many packs, larger ones spare the driver legs."""


def trials_in_pack(sweep: Sweep, workers: int) -> int:
    """How many trials a full pack has."""
    if loop_of(sweep.loop).Config.foreign:
        return 1
    if sweep.pack_size != "auto":
        return max(1, sweep.pack_size // sweep.seeds)
    share = sweep.trials * sweep.seeds / workers
    members = max(
        min(SMALLEST_PACK, math.ceil(share)),
        min(LARGEST_PACK, math.ceil(share / PACKS_A_WORKER)),
        min(LARGEST_OF_MANY, math.floor(share / MANY_PACKS)),
    )
    return max(1, members // sweep.seeds)


def member_request(sweep: Sweep, values: Mapping[str, Any], seed: int, folder: Path) -> MemberRequest:
    """One training as a member of a pack.

    values: of the fields that its trial sets.
    seed: that it is trained with.
    folder: where its checkpoints are kept.
    """
    return MemberRequest(sweep.config(values, seed).model_dump(mode="json"), str(folder))


def divided(pack: list[Item], place: int | None) -> tuple[list[Item], list[Item]]:
    """A pack of two or more in two parts: one of it alone and all others, or its halves.

    place: of that one; None: the pack is halved.
    """
    if place is not None:
        return pack[place : place + 1], [*pack[:place], *pack[place + 1 :]]
    return pack[: len(pack) // 2], pack[len(pack) // 2 :]


class Packing:
    """The structures of a search's trials, and of which of them there were full packs.

    A smaller pack may be filled up to the size of a full one of its structure, for which programs are compiled already.
    """

    def __init__(self, sweep: Sweep, workers: int) -> None:
        self._sweep, self.trials = sweep, trials_in_pack(sweep, workers)
        """trials: of a full pack."""
        self._structures: dict[int, str] = {}
        self._full: set[str] = set()
        self._split: set[int] = set()

    @property
    def members(self) -> int:
        """Of a full pack."""
        return self.trials * self._sweep.seeds

    def structure(self, plan: Plan) -> str:
        """What a trial must have in common with others to share a pack."""
        if plan.number not in self._structures:
            self._structures[plan.number] = self._sweep.structure_of(plan.values)
        return self._structures[plan.number]

    def note_begun(self, leg: Leg) -> None:
        """A leg was handed out."""
        if len(leg.plans) == self.trials:
            self._full.add(self.structure(leg.plans[0]))

    def note_split(self, leg: Leg) -> None:
        """A leg could not be trained as one: its worker may have died of the pack's size."""
        self._split |= {plan.number for plan in leg.plans}

    def fills_up_to(self, plans: Iterable[Plan]) -> int:
        """Members up to which a pack of these trials, all of one structure, may be filled; 0: it may not."""
        plans = list(plans)
        split = any(plan.number in self._split for plan in plans)
        return 0 if split or self.structure(plans[0]) not in self._full else self.members
