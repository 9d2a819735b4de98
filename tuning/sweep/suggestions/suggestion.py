"""A sweep as it is suggested: its keys, and what is said of them to whoever reads the file."""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Suggestion:
    """Plain data of a sweep, with comments.

    heading: lines above the file.
    data: by key.
    comments: by key path, of one line each.
    """

    heading: tuple[str, ...]
    data: Mapping[str, Any]
    comments: Mapping[str, str] = field(default_factory=dict)


def introduction(called: str, subject: str, loop: str) -> tuple[str, ...]:
    """The first lines of the file: what it is, and where its reader finds more.

    called: what trains, as people call it.
    subject: what it trains on.
    loop: its name in a sweep.
    """
    return (
        f"{called} on {subject}, as `tuning new` suggests it: change what you know better. `tuning fields` lists all "
        f"keys, `tuning fields {loop}` all that may stand under fixed and search.",
    )


def study_name(text: str, otherwise: str) -> str:
    """A name for studies, safe as a path, that is as near to the text as can be.

    text: what it comes from: an environment's id, a file's name.
    otherwise: the name where nothing of the text can be used.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:48].strip("-") or otherwise


def log_range(low: float, high: float) -> dict[str, Any]:
    """A range that is searched evenly by orders of magnitude."""
    return {"low": low, "high": high, "log": True}


def rounded(value: float) -> float:
    """The nearest of 1 and 3 times a power of ten."""
    power = math.floor(math.log10(value) + 1e-9)
    near = [digit * 10.0**place for place in (power, power + 1) for digit in (1, 3)]
    return min(near, key=lambda each: abs(math.log(each / value)))
