"""The sections of a sweep: workers, halving, confirmation, a second objective; and how counts and times are written."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from trainables.base.config_fields import Frozen
from tuning.rules import halving
from tuning.rules.objective import Direction
from tuning.rules.silence import StallTimeout

MOST_SEEDS = 1_000


def _auto_or_count(value: Any) -> Any:
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError("should be auto or a whole number of at least 1")


def _auto_or_seeds(value: Any) -> Any:
    if value == "auto" or (type(value) is int and 2 <= value <= MOST_SEEDS):
        return value
    raise ValueError(f"should be auto or a whole number from 2 to {MOST_SEEDS:,}")


def _in_seconds(value: Any) -> Any:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([smh])", value) if isinstance(value, str) else None
    seconds = float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]] if match else value
    if seconds is None or (type(seconds) in (int, float) and seconds > 0):
        return seconds
    raise ValueError("should be null, seconds, or a time such as 90s, 10m or 2h")


def _stall_timeout(value: Any) -> Any:
    if value in ("auto", None) or value == "never" or value is False:
        return "auto" if value == "auto" else None
    try:
        return float(_in_seconds(value))
    except ValueError:
        raise ValueError("should be auto, never, seconds, or a time such as 90s, 10m or 2h") from None


Count = Annotated[Literal["auto"] | int, BeforeValidator(_auto_or_count)]
"""A whole number of at least 1, or auto."""

Seconds = Annotated[float | None, BeforeValidator(_in_seconds)]
"""A time: seconds, or text such as 90s, 10m, 2h; None: none."""


class Workers(Frozen):
    """How many packs train at a time, and what each of them gets of the machine."""

    model_config = ConfigDict(strict=True)

    count: Count = Field("auto", description="auto: as many as the machine or the cluster has room for")
    cpus: float = Field(1, description="processor cores of a worker", gt=0)
    gpus: float = Field(0, description="GPUs of a worker, or the part of one that it shares", ge=0, le=1)
    stall_timeout: Annotated[StallTimeout, BeforeValidator(_stall_timeout)] = Field(
        "auto",
        description="seconds, or 90s, 10m, 2h, after which a worker is ended that has neither reported nor trained; "
        "auto: 20 times the longest time between two reports, at least 2 minutes; never: none is",
    )


class Halving(Frozen):
    """Successive halving: at some budgets on the way trials are compared, and only the best go on."""

    model_config = ConfigDict(strict=True)

    reduction: int = Field(3, description="one of so many trials goes on", ge=2, le=100)
    rungs: Count = Field("auto", description="budgets at which trials are compared, the full one among them")
    minimum: int | None = Field(None, description="the least budget at which trials are compared", ge=1)
    hyperband: bool = Field(False, description="some trials are not compared early, so that slow ones have a chance")
    audit_fraction: float = Field(
        0,
        description="so many of the pruned trials, chosen by chance, are trained to the full budget all the same, to "
        "say at the end how many of them would have been among the best",
        ge=0,
        le=1,
    )

    def budgets(self, full: int) -> tuple[int, ...]:
        """Those at which trials are compared, up to the full one. Raises ValueError where there can't be so many."""
        return halving.rungs(full, self.reduction, self.minimum, None if self.rungs == "auto" else self.rungs)


class Confirm(Frozen):
    """The best trials and the default, trained afresh with seeds that no part of the search has used."""

    model_config = ConfigDict(strict=True)

    top: int = Field(3, description="how many of the best trials", ge=1, le=100)
    seeds: Annotated[Literal["auto"] | int, BeforeValidator(_auto_or_seeds)] = Field(
        "auto",
        description="trainings of each; auto: 5, and up to 20 for those of which it is not yet clear which is the best",
    )
    episodes: int = Field(100, description="fresh episodes that a training is scored on", ge=1, le=100_000)


class Second(Frozen):
    """What trials are compared by beside the metric; there is a front of them then, and no single best."""

    model_config = ConfigDict(strict=True)

    metric: str = Field(
        description="seconds: of training, a pack's shared out among its members; steps: until the trial was at its "
        "best, in the budget's unit; or another metric, as it was then"
    )
    direction: Direction = Field(
        "minimize", description="left out: minimize for seconds and steps, and known for a loss or an accuracy"
    )
