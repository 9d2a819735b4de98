"""What fresh seeds say of the best trials: a table of them, and the verdict in words."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuning.report.number_format import number
from tuning.rules import statistics
from tuning.study.summary import Confirmation


def confirmed(found: Confirmation) -> RenderableType:
    """The confirmed candidates as a table, which trainings failed, and the verdict."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("trial", "searched", "confirmed", "95 % interval", "beats the default"):
        table.add_column(heading, justify="right")
    for each in found.candidates:
        table.add_row(
            f"{each.number}*" if each.default else str(each.number),
            number(each.searched),
            number(each.mean),
            " to ".join(number(end) for end in each.interval),
            "" if each.improvement is None else f"{each.improvement:.0%}",
            style="bold green" if each.number == found.champion else None,
        )
    title = Text(f"Confirmed on {found.seeds} fresh seeds (interquartile means)", style="bold")
    return Group(title, table, *map(Text, [*_failed(found), *_elsewhere(found)]), Text(verdict(found)))


def verdict(found: Confirmation) -> str:
    """Whether there is a champion."""
    if found.champion is not None:
        default = any(each.default and each.number == found.champion for each in found.candidates)
        return f"Champion: trial {found.champion}{', the default configuration' if default else ''}."
    if found.unbeaten is not None:
        return f"No winner: trial {found.leader} leads, and does not beat {found.unbeaten}."
    if not found.tied:
        return f"No winner: trial {found.leader} leads, but too many of its trainings diverged."
    others = " and ".join(map(str, found.tied))
    if _elsewhere(found):
        return f"No winner: trial {found.leader} can't be told from {others}, and values of the search misled."
    more = (
        "no sensible number of seeds would tell them apart"
        if found.more_seeds is None
        else f"about {found.more_seeds} more seeds might tell"
    )
    return f"No winner: trial {found.leader} can't be told from {others}; {more}."


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
