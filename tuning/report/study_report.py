"""The report of a study for people: what is printed when a sweep has ended, and when it is shown later."""

from rich.console import Console, Group, RenderableType
from rich.text import Text

from tuning.report import sentences
from tuning.report.ailments import ailments, remedies
from tuning.report.confirmation import confirmed
from tuning.report.leaderboard import leaderboard
from tuning.report.spending import outlooks, spending
from tuning.study.summary import StudySummary


def show(summary: StudySummary, console: Console) -> None:
    """Print the report; in a file or a pipe lines stay whole, so that a path can be taken from them."""
    console.print(study_report(summary, console.width), highlight=False, soft_wrap=not console.is_terminal)


def study_report(summary: StudySummary, width: int) -> RenderableType:
    """The whole report; width: of the console, in columns."""
    headline, *course = [*sentences.unbeaten(summary), *sentences.course(summary)]
    parts: list[RenderableType] = [Text(headline, style="bold"), *map(Text, course)]
    if not summary.ranked():
        last = [*sentences.why_no_value(summary), *ailments(summary), *remedies(summary), *sentences.going_on(summary)]
        return Group(*parts, *map(Text, last))
    parts += map(Text, [*sentences.audit(summary), *sentences.failures(summary), *ailments(summary)])
    parts += [Text(), leaderboard(summary, width), Text()]
    if hints := sentences.hints(summary):
        parts += map(Text, [*hints, ""])
    if summary.confirmation is not None:
        parts += [confirmed(summary.confirmation, summary.name), Text()]
    if (table := spending(summary)) is not None:
        parts += [table, Text()]
    last = [
        *sentences.winners(summary),
        *sentences.held_against(summary),
        *outlooks(summary),
        *remedies(summary),
        *sentences.going_on(summary),
        *sentences.looking_on(summary),
    ]
    return Group(*parts, *map(Text, last))
