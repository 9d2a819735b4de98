"""Studies held against each other: what each found, how sure that is, what it cost, how their sweeps differ."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuning.report.number_format import clock, number
from tuning.rules.objective import Direction, cost
from tuning.study.summary import StudySummary
from tuning.sweep.key_paths import flat
from tuning.sweep.plain_data import shown as as_text

APART = ("name", "tracking", "workers")
"""Keys of sweeps that say nothing of what was searched."""


@dataclass(frozen=True)
class Found:
    """What one study came to.

    trial: the one to use; None where there is none.
    value: its value in the search. confirmed, low, high: its interquartile mean on fresh seeds, with the 95 % interval.
    default: the value of the default configuration, on fresh seeds where that is known.
    """

    name: str
    state: str
    trial: int | None
    value: float | None
    confirmed: float | None
    low: float | None
    high: float | None
    default: float | None
    trials: int
    member_steps: int
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """Studies side by side.

    metrics: what each compares its trials by.
    differences: what differs in their sweeps: by key path, a text for each study.
    verdict: what follows, in a sentence.
    """

    studies: Sequence[Found]
    metrics: Sequence[str]
    differences: Mapping[str, Sequence[str]]
    verdict: str

    def as_json(self) -> dict[str, Any]:
        """Plain data, as `tuning compare --json` prints it."""
        return {
            "studies": [asdict(each) for each in self.studies],
            "metrics": list(self.metrics),
            "differences": {key: list(values) for key, values in self.differences.items()},
            "verdict": self.verdict,
        }


def compared(summaries: Sequence[StudySummary]) -> Comparison:
    """Hold these studies against each other, in this order."""
    found, metrics = [_found(each) for each in summaries], [each.sweep.metric for each in summaries]
    directions = {(each.sweep.metric, each.sweep.direction) for each in summaries}
    told = _verdict(found, summaries[0].sweep.direction) if len(directions) == 1 else _different(summaries)
    return Comparison(found, metrics, _differences(summaries), told)


def _found(summary: StudySummary) -> Found:
    chosen, default = summary.chosen, summary.default
    candidates = {} if summary.confirmation is None else {each.number: each for each in summary.confirmation.candidates}
    of_chosen = None if chosen is None else candidates.get(chosen.number)
    of_default = None if default is None else candidates.get(default.number)
    low, high = (None, None) if of_chosen is None else of_chosen.interval
    return Found(
        name=summary.name,
        state=summary.state,
        trial=None if chosen is None else chosen.number,
        value=None if chosen is None else chosen.value,
        confirmed=None if of_chosen is None else of_chosen.mean,
        low=low,
        high=high,
        default=of_default.mean if of_default is not None else None if default is None else default.value,
        trials=len(summary.trials),
        member_steps=sum(trial.steps for trial in summary.trials),
        seconds=summary.seconds,
    )


def _different(summaries: Sequence[StudySummary]) -> str:
    told = ", ".join(f"{each.name} by {each.sweep.metric}" for each in summaries)
    return f"They compare their trials by different metrics, so that their values say nothing of each other: {told}."


def _verdict(found: Sequence[Found], direction: Direction) -> str:
    """Which study has the better trial, if intervals tell."""
    unknown = [each.name for each in found if each.confirmed is None]
    if unknown:
        commands = " and ".join(f"`tuning confirm {name}`" for name in unknown)
        return f"Not known on fresh seeds of all of them: {commands} would tell more than values of a search can."
    ordered = sorted(found, key=lambda each: cost(each.confirmed or 0.0, direction))
    first, others = ordered[0], ordered[1:]
    tied = [each for each in others if _overlap(first, each)]
    if tied:
        names = " and ".join(each.name for each in tied)
        return f"{first.name} has the best trial on fresh seeds, but its interval overlaps that of {names}."
    return f"{first.name} has the best trial: its interval on fresh seeds lies apart from the others'."


def _overlap(one: Found, other: Found) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return True
    return one.low <= other.high and other.low <= one.high


def _differences(summaries: Sequence[StudySummary]) -> dict[str, list[str]]:
    sweeps = [flat(each.sweep.model_dump(mode="json", exclude=set(APART))) for each in summaries]
    keys = dict.fromkeys(key for each in sweeps for key in each)
    texts = {key: ["-" if key not in each else as_text(each[key]) for each in sweeps] for key in keys}
    return {key: values for key, values in texts.items() if len(set(values)) > 1}


def shown(found: Comparison, width: int) -> RenderableType:
    """For people; width: of the console, in columns."""
    metric = found.metrics[0].rpartition("/")[2] if len(set(found.metrics)) == 1 else "value"
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("study", overflow="fold")
    for heading in ("use", f"{metric}\nin search", "on fresh seeds", "default", "trials", "steps", "time"):
        table.add_column(heading, justify="right")
    for each in found.studies:
        fresh = (
            "-" if each.confirmed is None else f"{number(each.confirmed)}\n{number(each.low)} to {number(each.high)}"
        )
        table.add_row(
            each.name,
            "-" if each.trial is None else str(each.trial),
            number(each.value),
            fresh,
            number(each.default),
            str(each.trials),
            _short(each.member_steps),
            clock(each.seconds),
        )
    parts: list[RenderableType] = [table, Text(), Text(found.verdict, style="bold")]
    if found.differences:
        parts += [Text(), Text("What differs in their sweeps", style="bold"), _side_by_side(found, width)]
    else:
        parts += [Text(), Text("Their sweeps are the same.")]
    return Group(*parts)


def _side_by_side(found: Comparison, width: int) -> RenderableType:
    names = [each.name for each in found.studies]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("key", *names):
        table.add_column(heading, overflow="fold")
    for key, values in found.differences.items():
        table.add_row(key, *values)
    if Console(width=10 * width).measure(table).maximum <= width or len(names) == 2:
        return table
    lines = [
        Text(f"{key}\n" + "\n".join(f"  {n}: {v}" for n, v in zip(names, values, strict=True)))
        for key, values in found.differences.items()
    ]
    return Group(*lines)


def _short(steps: int) -> str:
    """Steps in three digits: 443k."""
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if steps >= factor:
            return f"{steps / factor:.3g}{unit}"
    return str(steps)
