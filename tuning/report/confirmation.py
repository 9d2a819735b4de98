"""What fresh seeds say of the best trials: a table of them, and the verdict in words."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuning.report.number_format import number
from tuning.rules import statistics
from tuning.study.summary import Confirmation


def confirmed(found: Confirmation, study: str) -> RenderableType:
    """The confirmed candidates as a table, which trainings failed or diverged, and the verdict; study: its name."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    uneven = len({len(each.scores) for each in found.candidates}) > 1
    for heading in ("trial", "searched", "confirmed", "95 % interval", "wins against default", *["seeds"] * uneven):
        table.add_column(heading, justify="right")
    for each in found.candidates:
        table.add_row(
            f"{each.number}*" if each.default else str(each.number),
            number(each.searched),
            number(each.mean),
            " to ".join(number(end) for end in each.interval),
            "" if each.improvement is None else f"{each.improvement:.0%}",
            *[str(len(each.scores))] * uneven,
            style="bold green" if each.number == found.chosen and _has_winner(found) else None,
        )
    title = Text(f"Confirmed on {found.seeds_told} fresh seeds (interquartile means)", style="bold")
    notes = [*_failed(found), *_diverged(found), *_elsewhere(found)]
    return Group(title, table, *map(Text, notes), Text(verdict(found, study)))


def _has_winner(found: Confirmation) -> bool:
    return found.champion is not None or found.kind == "equals"


def verdict(found: Confirmation, study: str) -> str:
    """Which trial to use and why, or that there is none better than the default; study: its name."""
    default = next((each.number for each in found.candidates if each.default), None)
    if found.champion is not None:
        return f"Champion: trial {found.champion}{', the default configuration' if found.champion == default else ''}."
    if found.unbeaten is not None:
        return f"No winner: trial {found.leader} leads, and does not beat {found.unbeaten}."
    if not found.tied:
        return f"No winner: trial {found.leader} leads, but too many of its trainings diverged."
    others = _listed(found.tied)
    if found.kind == "equals":
        return _equals(found)
    if _elsewhere(found):
        return f"No winner: trial {found.leader} can't be told from {others}, and values of the search misled."
    if default == found.leader:
        return "No winner: the default configuration leads, and no trial is told apart from it."
    if default in found.tied:
        untold = f"No winner: trial {found.leader} leads, and can't be told from the default configuration."
        return f"{untold}{_more(found, study)}"
    return f"Undecided: trial {found.leader} leads, but can't be told from {others}.{_more(found, study)}"


def _equals(found: Confirmation) -> str:
    reasons = {
        "worst end": "its interval has the better worse end",
        "spread": "its seeds lie closest together",
        "seconds": "its trainings take the least time",
        "number": "it was found first",
    }
    within = "the same" if found.margin == 0 else f"within {number(found.margin)} of each other"
    return (
        f"Equally good: trials {_listed(sorted(found.equals))}, {within}. "
        f"Use trial {found.chosen}: {reasons[found.reason or 'number']}."
    )


def _more(found: Confirmation, study: str) -> str:
    """How many more seeds might tell, as a command."""
    if found.more_seeds is None:
        return " No sensible number of seeds would tell them apart."
    seeds = "seed" if found.more_seeds == 1 else "seeds"
    return (
        f" About {found.more_seeds} more {seeds} might tell: "
        f"`tuning confirm {study} --seeds {found.seeds + found.more_seeds}`."
    )


def _listed(numbers: Sequence[int]) -> str:
    """1, 2 and 3."""
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


def _diverged(found: Confirmation) -> list[str]:
    """How many trainings diverged, of each trial of which some did."""
    counts = [(each, sum(score is None for score in each.scores) - len(each.errors)) for each in found.candidates]
    told = [f"{count} of {len(each.scores)} of trial {each.number}" for each, count in counts if count > 0]
    return [f"Diverged, and counted as the worst that was seen: {', '.join(told)}."] if told else []


def _elsewhere(found: Confirmation) -> list[str]:
    """That values in the search were far from those on fresh seeds and fresh episodes, if they were."""
    far = [
        f"trial {each.number} had {number(each.searched)}, has {number(each.mean)}"
        for each in found.candidates
        if each.searched is not None and statistics.far_outside(each.searched, each.scores)
    ]
    if not far:
        return []
    return [
        f"Far outside what was searched: {'; '.join(far)}. What trials were compared by says little of fresh seeds and "
        "fresh episodes."
    ]


def _failed(found: Confirmation) -> list[str]:
    """How many trainings failed, of each trial of which some did, and why the first one did."""
    return [
        f"{len(each.errors)} of {len(each.scores)} trainings of trial {each.number} failed, and count as diverged"
        f" until `tuning confirm` tries again: {each.errors[0]}"
        for each in found.candidates
        if each.errors
    ]
