"""What a study has found, for people: the best trials, what differs in them, where the winner lies, what to do next."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuning.report import importance
from tuning.report.number_format import clock, number
from tuning.study.summary import Confirmation, StudySummary, TrialSummary

ROWS, MOST_FAILURES = 10, 3


def leaderboard(summary: StudySummary, width: int) -> RenderableType:
    """The best trials and the default, each with what differs between them; in columns where the width has room.

    By two objectives all of the front, in the first one's order.
    """
    order, on_front = summary.ranked(), len(summary.front)
    shown = [(rank, trial) for rank, trial in enumerate(order, 1) if rank <= max(ROWS, on_front) or trial.default]
    params = {trial.number: _with_settings(trial.params) for _, trial in shown}
    names = list(dict.fromkeys(name for each in params.values() for name in each))
    differing = [name for name in names if len({each.get(name) for each in params.values()}) > 1]
    rows = [[params[trial.number].get(name, "") for name in differing] for _, trial in shown]
    headings = [name.replace("_", "\n") for name in differing]
    apart = any(trial.spread is not None for _, trial in shown)
    forms = [_table(summary, headings, padding) for padding in (2, 1)] + [_table(summary, ["what differs"], 2)]
    for (rank, trial), values in zip(shown, rows, strict=True):
        style = "bold green" if rank <= max(1, on_front) else None
        start = [str(rank), f"{trial.number}*" if trial.default else str(trial.number), _value(trial)]
        start += [number(trial.second)] if summary.sweep.second else []
        for table in forms[:-1]:
            table.add_row(*start, *values, style=style)
        text = ", ".join(f"{name} {value}" for name, value in zip(differing, values, strict=True) if value)
        forms[-1].add_row(*start, text, style=style)
    wide = Console(width=10 * width)
    form = next((table for table in forms[:-1] if wide.measure(table).maximum <= width), forms[-1])
    note = [Text("* the default configuration", style="dim")] if any(trial.default for _, trial in shown) else []
    note += [Text("± the standard deviation over a trial's seeds", style="dim")] if apart else []
    return Group(form, *note)


def _value(trial: TrialSummary) -> str:
    """The trial's value, and how far those of its seeds lie apart."""
    return number(trial.value) + (f" ± {number(trial.spread)}" if trial.spread is not None else "")


def _table(summary: StudySummary, headings: list[str], padding: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, padding, 0, 0))
    objectives = [summary.sweep.metric, *([summary.sweep.second.metric] if summary.sweep.second else [])]
    for heading in ("", "trial", *(name.rpartition("/")[2].replace("_", "\n") for name in objectives)):
        table.add_column(heading, justify="right")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _with_settings(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as text, the settings of an option behind it: schedule.cosine.floor as part of `cosine 0.05`."""
    shown: dict[str, str] = {}
    for name, value in params.items():
        text = f"{value:.3g}" if isinstance(value, float) else str(value)
        field = name.partition(".")[0]
        shown[field] = f"{shown[field]} {text}" if name != field and field in shown else text
    return shown


def whole_report(summary: StudySummary, width: int) -> RenderableType:
    """The whole of what is printed when a sweep has ended, or when it is shown later."""
    parts: list[RenderableType] = [
        Text(_headline(summary), style="bold"),
        Text(_counts(summary)),
        *map(Text, _limit(summary)),
    ]
    parts += [Text(summary.flaw)] if summary.flaw else []
    if not summary.ranked():
        parts.append(Text("No trial has a value: " + _why_none(summary)))
        return Group(*parts, *map(Text, _going_on(summary)))
    parts += [
        *(Text(line) for line in [*_audit(summary), *_failures(summary)]),
        Text(),
        leaderboard(summary, width),
        Text(),
    ]
    parts += [Text(line) for line in _hints(summary)]
    if summary.confirmation is not None:
        parts += [confirmation(summary.confirmation), Text()]
    parts += [Text(line) for line in [*_winners(summary), *_default_diverged(summary)]]
    parts += map(Text, _going_on(summary))
    parts.append(Text(f"Next: `tuning ui` to compare the runs, `tuning show {summary.name} --json` for scripts."))
    return Group(*parts)


def _limit(summary: StudySummary) -> list[str]:
    """Which limit has ended the search, if one has."""
    limits = {
        "time_limit": f"its time limit, {clock(summary.sweep.time_limit or 0)}, was over",
        "max_steps": f"its max_steps, {summary.sweep.max_steps or 0:,}, were taken",
        "target": f"its target, {number(summary.sweep.target)}, was reached",
    }
    return [] if summary.ended_by is None else [f"Ended before its last trial, since {limits[summary.ended_by]}."]


def _going_on(summary: StudySummary) -> list[str]:
    """How to go on with a study that was interrupted, or that one of its limits has ended."""
    if summary.state == "interrupted":
        return [f"Next: `tuning resume {summary.name}` goes on with it."]
    if summary.ended_by is None:
        return []
    how = "" if summary.ended_by == "time_limit" else f" --set {summary.ended_by}=null"
    what = "for as long again" if summary.ended_by == "time_limit" else "without this limit"
    return [f"Next: `tuning resume {summary.name}{how}` goes on {what}."]


def _winners(summary: StudySummary) -> list[str]:
    """The best trial and where to find it; of two objectives the front."""
    best, default, second = summary.chosen, summary.default, summary.sweep.second
    if second is not None:
        numbers = [str(trial.number) for trial in summary.front]
        names = f"trial{'s' * (len(numbers) > 1)} {', '.join(numbers)}"
        beaten = f"what beats one of them in {summary.sweep.metric} is worse in {second.metric}"
        return [f"Front: {names}; {beaten}."]
    if best is None:
        return []
    compared = ""
    if default is not None and default.value is not None and default is not best:
        compared = f"; the default configuration reaches {number(default.value)}"
    how, where = ("First on fresh seeds", " in the search") if summary.confirmation else ("Best", "")
    lines = [f"{how}: trial {best.number}, {summary.sweep.metric} {number(best.value)}{where}{compared}."]
    lines += [f"  weights  {best.checkpoint}"] if best.checkpoint else []
    return lines + ([f"  MLflow   {best.run_id}"] if best.run_id else [])


def _default_diverged(summary: StudySummary) -> list[str]:
    default = summary.default
    if default is None or default.diverged_at is None:
        return []
    return [f"The default, trial {default.number}, diverged at {default.diverged_at:,}: {default.reason}."]


def _hints(summary: StudySummary) -> list[str]:
    """What mattered, and where the search might go on."""
    matters = [f"{name} {share:.0%}" for name, share in list(summary.importances.items())[:4] if share >= 0.05]
    lines = [f"What mattered: {', '.join(matters)}"] if matters else []
    ranked = [] if summary.sweep.second else summary.ranked()
    lines += [
        f"{edge.name}: the best is {number(edge.value)}, at the edge of {number(edge.low)} to {number(edge.high)}; "
        f"try {number(edge.try_low)} to {number(edge.try_high)}"
        for edge in importance.edges(summary.sweep, [trial.params for trial in ranked])
    ]
    return [*lines, ""] if lines else []


def confirmation(found: Confirmation) -> RenderableType:
    """The confirmed candidates as a table, and what it comes to in words."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("trial", "searched", "confirmed", "95 % interval", "beats the default"):
        table.add_column(heading, justify="right")
    for each in found.candidates:
        low, high = each.interval
        chance = "" if each.improvement is None else f"{each.improvement:.0%}"
        name, style = f"{each.number}*" if each.default else str(each.number), None
        if each.number == found.champion:
            style = "bold green"
        table.add_row(
            name, number(each.searched), number(each.mean), f"{number(low)} to {number(high)}", chance, style=style
        )
    title = Text(f"Confirmed on {found.seeds} fresh seeds (interquartile means)", style="bold")
    return Group(title, table, *map(Text, _untrained(found)), Text(verdict(found)))


def _untrained(found: Confirmation) -> Iterator[str]:
    """Of whom not all could be trained, and why."""
    for each in found.candidates:
        if each.errors:
            count = f"{len(each.errors)} of {len(each.scores)} trainings of trial {each.number}"
            yield f"{count} failed, and count as diverged until `tuning confirm` tries again: {each.errors[0]}"


def verdict(found: Confirmation) -> str:
    """Whether there is a champion, in words."""
    if found.champion is not None:
        default = any(each.default and each.number == found.champion for each in found.candidates)
        return f"Champion: trial {found.champion}{', the default configuration' if default else ''}."
    if not found.tied:
        return f"No winner: trial {found.leader} leads, but too many of its trainings diverged."
    others = " and ".join(str(number) for number in found.tied)
    more = (
        "no sensible number of seeds would tell them apart"
        if found.more_seeds is None
        else f"about {found.more_seeds} more seeds might tell"
    )
    return f"No winner: trial {found.leader} can't be told from {others}; {more}."


def show(summary: StudySummary, console: Console) -> None:
    """Print the report; in a file or a pipe lines stay whole, so that a path can be taken from them."""
    console.print(whole_report(summary, console.width), highlight=False, soft_wrap=not console.is_terminal)


def _headline(summary: StudySummary) -> str:
    """How long it took; the speed is that of the search, whose steps these are."""
    steps = sum(trial.steps for trial in summary.trials)
    searching = summary.seconds - summary.confirm_seconds
    confirming = f" ({clock(summary.confirm_seconds)} confirming)" if summary.confirm_seconds >= 0.5 else ""
    speed = f", {steps / searching:,.0f} a second" if searching > 0 else ""
    return f"{summary.name}: {summary.state} after {clock(summary.seconds)}{confirming}; {steps:,} member-steps{speed}"


def _counts(summary: StudySummary) -> str:
    diverged = sum(trial.diverged_at is not None for trial in summary.trials)
    states = ("complete", "pruned", "failed", "running", "waiting")
    words = [f"{summary.count(state)} {state}" for state in states if summary.count(state)]
    saved, _ = summary.saved or (0.0, 0)
    notes = [f"{diverged} diverged"] * bool(diverged) + [f"halving saved {saved:.0%} of the steps"] * (saved > 0.005)
    trials = f"{summary.sweep.trials} {'trial' if summary.sweep.trials == 1 else 'trials'}"
    return "; ".join([f"{trials}: {', '.join(words) or 'none begun'}", *notes])


def _audit(summary: StudySummary) -> list[str]:
    """What became of pruned trials that were trained on to the end."""
    found = summary.audit
    if found is None:
        return []
    would = f"{found.missed} ({found.missed / found.trials:.0%}) would have been among the best {found.top}"
    better = f", {found.best} better than all" if found.best else ""
    trials = f"{found.trials} pruned {'trial' if found.trials == 1 else 'trials'}"
    return [f"Halving audited: of {trials} trained on to the end {would}{better}."]


def _failures(summary: StudySummary) -> list[str]:
    """Why trials failed, of the first few."""
    failed = [trial for trial in summary.trials if trial.state == "failed"]
    more = [f"and {len(failed) - MOST_FAILURES} more"] if len(failed) > MOST_FAILURES else []
    return [f"trial {trial.number}: {trial.reason}" for trial in failed[:MOST_FAILURES]] + more


def _why_none(summary: StudySummary) -> str:
    reasons = [f"trial {trial.number}: {trial.reason}" for trial in summary.trials if trial.reason]
    return "; ".join(reasons[:MOST_FAILURES]) or "none was finished."
