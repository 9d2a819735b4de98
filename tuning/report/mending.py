"""What mends a training: for people, and for scripts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuning.diagnosis.wording import patch
from tuning.report.number_format import number
from tuning.rules.comparison import Difference, Estimate
from tuning.rules.mending import Mending, Tried, merged


@dataclass(frozen=True)
class Confirmed:
    """The mended configuration, on seeds that have chosen nothing.

    config: its settings, as a file has them.
    score, original: with it and without.
    over: the one against the other.
    sweep: the text of a file that begins with it.
    """

    config: Mapping[str, Any]
    score: Estimate
    original: Estimate
    over: Difference
    sweep: str

    @property
    def holds(self) -> bool:
        """Whether it is better on these seeds, too."""
        return self.over.towards > 0


@dataclass(frozen=True)
class Mended:
    """What `tuning mend` has found.

    shown: what was to be mended.
    study: that it was trained in.
    metric: of the scores.
    found: what was tried.
    confirmed: None where nothing helps.
    left_out: patches that could not be tried, and why.
    """

    shown: str
    study: str
    metric: str
    found: Mending
    confirmed: Confirmed | None
    left_out: list[str]

    @property
    def mended(self) -> Confirmed | None:
        """What it has come to, if it holds on fresh seeds."""
        return self.confirmed if self.confirmed is not None and self.confirmed.holds else None

    def as_json(self) -> dict[str, Any]:
        """The one object that `--json` prints; null stands for what is not finite."""
        original, mended = self.found.original, self.mended
        return {
            "original": {**_estimate(original), "diverged": original.diverged},
            "patches": [
                {
                    "verdict": ", ".join(verdict for each in tried.new for verdict in each.verdicts),
                    "patch": merged(tried.course),
                    **_estimate(tried.after),
                    "beats_original": tried.original.improvement,
                    "proved": tried.proved,
                }
                for tried in self.found.tried
            ],
            "mended": mended and {"config": dict(mended.config), **_estimate(mended.score)},
        }


def _estimate(found: Estimate) -> dict[str, float | None]:
    return {name: finite(getattr(found, name)) for name in ("score", "low", "high")}


def finite(value: float) -> float | None:
    """The value; None of one that JSON has no number for."""
    return value if math.isfinite(value) else None


def told(found: Mended) -> RenderableType:
    """The whole of it for a person."""
    original, mending = found.found.original, found.found
    heading = f"{found.shown}: {found.metric} {estimate(original)}{diverged(original)}"
    parts: list[RenderableType] = [Text(heading, style="bold"), Text()]
    for base, of_round in groupby(mending.tried, lambda tried: tried.course[: tried.base]):
        before = f"Tried over {patch(merged(base))}" if base else "Tried"
        parts += [Text(before, style="bold"), _table(list(of_round)), Text()]
    parts += [Text(line) for line in (*found.left_out, *_conclusion(found))]
    if found.mended is not None:
        parts += [Text(), Text(found.mended.sweep.rstrip())]
    return Group(*parts)


def _table(tried: Sequence[Tried]) -> Table:
    """A row for each; what was tried together is told by the numbers of its parts."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("", "verdict", "patch"):
        made.add_column(heading, overflow="fold")
    for heading in ("score", "difference"):
        made.add_column(heading, justify="right", no_wrap=True)
    made.add_column("", overflow="fold")
    alone = [each.new[0] for each in tried if len(each.new) == 1]
    for each in tried:
        single = len(each.new) == 1
        made.add_row(
            "+".join(str(alone.index(part) + 1) for part in each.new),
            "\n".join(verdict.replace("_", " ") for verdict in each.new[0].verdicts) if single else "together",
            "\n".join(patch({name: value}) for name, value in each.new[0].patch.items()) if single else "",
            rounded(each.after.score, each.after),
            interval(each.over, "\n"),
            "proved" if each.proved else "not the cause" if single else "",
            style="green" if each.proved else None,
        )
    return made


def _conclusion(found: Mended) -> Iterator[str]:
    confirmed, seeds = found.confirmed, found.found.original.seeds
    yield f"{found.found.trained} configurations were trained on {seeds} seeds each, in {found.study}."
    if not found.found.tried:
        yield "None of its verdicts has a patch that could be tried."
    elif confirmed is None:
        yield "Nothing that was tried mends it."
    elif not confirmed.holds:
        yield (
            f"What seemed best, {patch(merged(found.found.mended))}, does not hold on {seeds} fresh seeds: "
            f"{estimate(confirmed.score)}, against {estimate(confirmed.original)}."
        )
    else:
        yield f"Mended by {patch(merged(found.found.mended))}."
        yield (
            f"On {confirmed.score.seeds} fresh seeds: {estimate(confirmed.score)}, and without it "
            f"{estimate(confirmed.original)}; better in {confirmed.over.improvement:.0%} of pairs."
        )
        yield "`tuning run` begins with it, from this file:"


def estimate(found: Estimate) -> str:
    """A score with its interval."""
    return f"{rounded(found.score, found)} ({rounded(found.low, found)} to {rounded(found.high, found)})"


def interval(found: Difference, between: str = " ") -> str:
    """A difference, and its interval; between: them."""
    return f"{signed(found.difference, found)}{between}({signed(found.low, found)} to {signed(found.high, found)})"


def signed(value: float, found: Difference) -> str:
    """A number with its sign, rounded by the width of an interval."""
    return f"{'+' * (value > 0)}{rounded(value, found)}"


def rounded(value: float, found: Estimate | Difference) -> str:
    """A number with as many digits as its interval's width leaves a meaning: two of that."""
    width = found.high - found.low
    if not (math.isfinite(value) and math.isfinite(width) and width > 0):
        return number(value + 0.0)
    decimals = 1 - math.floor(math.log10(width))
    return f"{round(value, decimals) + 0.0:,.{max(0, decimals)}f}"


def diverged(found: Estimate) -> str:
    """How many of a configuration's trainings have no score, if any."""
    return f", {found.diverged} of {found.seeds} diverged" if found.diverged else ""
