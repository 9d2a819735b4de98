"""The report of one study as a page: which trial to use, how sure that is, and what the search looked like."""

from collections.abc import Callable, Sequence

from tuning.diagnosis.wording import in_words
from tuning.report import sentences
from tuning.report.ailments import ailments
from tuning.report.confirmation import verdict
from tuning.report.material import Material, reached
from tuning.report.number_format import clock, number, setting
from tuning.report.page.page import Answer, Page, Table
from tuning.report.plots import (
    best_so_far,
    gradients,
    importance,
    intervals,
    learning_curves,
    parallel,
    rungs,
    slices,
    waterfall,
)
from tuning.report.plots.plot import Plot
from tuning.report.spending import NAMES, outlooks
from tuning.study.summary import StudySummary
from tuning.sweep import yaml_text

PLOTS: Sequence[Callable[[Material], Plot | None]] = (
    waterfall.plot,
    intervals.plot,
    best_so_far.plot,
    learning_curves.plot,
    parallel.plot,
    importance.plot,
    slices.slices,
    slices.contour,
    rungs.plot,
    lambda material: best_so_far.plot(material, by_seconds=True),
    gradients.plot,
)
"""In the order in which they are asked for: how sure, how it went, what was tried, what mattered, what it cost."""

MOST_ROWS = 300
"""Of trials in the table."""


def plots(material: Material) -> list[Plot]:
    """Those for which there is something to draw."""
    return [plot for make in PLOTS if (plot := make(material)) is not None]


def study_page(material: Material) -> Page:
    """The page of a study."""
    summary = material.summary
    return Page(
        title=f"{summary.name}, {summary.state}",
        answer=_answer(material),
        plots=plots(material),
        tables=[table for table in (_spending(summary), _trials(material)) if table is not None],
        source=yaml_text.write(summary.sweep.model_dump(mode="json", exclude_defaults=True)),
    )


def _answer(material: Material) -> Answer:
    summary, leader = material.summary, material.leader
    course = [*sentences.course(summary), *sentences.audit(summary), *sentences.failures(summary)]
    held = [*ailments(summary), *sentences.hints(summary), *sentences.held_against(summary), *outlooks(summary)]
    if leader is None:
        return Answer("No trial has a value.", [*course, *sentences.why_no_value(summary), *held], _commands(summary))
    unbeaten = sentences.unbeaten(summary)
    first = unbeaten[0] if unbeaten else _use(material)
    confirmed = [] if summary.confirmation is None else [verdict(summary.confirmation, summary.name)]
    settings = ", ".join(f"{name} {setting(value)}" for name, value in leader.params.items())
    return Answer(
        first, [*confirmed, f"Its settings: {settings}.", *course, *held], _commands(summary), _code(material)
    )


def _use(material: Material) -> str:
    summary, leader, default = material.summary, material.leader, material.summary.default
    if summary.front:
        return sentences.winners(summary)[0]
    found = summary.confirmation
    candidate = (
        None if found is None else next((c for c in found.candidates if leader and c.number == leader.number), None)
    )
    if leader is None:
        return "No trial has a value."
    if candidate is None or found is None:
        value = f"{material.metric} {number(leader.value)} in the search, on fresh seeds not yet known"
    else:
        low, high = map(number, candidate.interval)
        value = f"{material.metric} {number(candidate.mean)} ({low} to {high}) on {len(candidate.scores)} fresh seeds"
    against = ""
    if default is not None and default.value is not None and default.number != leader.number:
        confirmed = None if found is None else next((c for c in found.candidates if c.default), None)
        against = f"; the default {number(default.value if confirmed is None else confirmed.mean)}"
    return f"Use trial {leader.number}: {value}{against}."


def _commands(summary: StudySummary) -> list[tuple[str, str]]:
    found = [(f"tuning show {summary.name}", "the same in the terminal")]
    if summary.confirmation is None and summary.ranked() and summary.sweep.second is None:
        found.insert(0, (f"tuning confirm {summary.name}", "trains the best and the default on fresh seeds"))
    if summary.is_cut_off or summary.ended_by is not None:
        found.insert(0, (f"tuning resume {summary.name}", "goes on with it"))
    return found


def _code(material: Material) -> str:
    leader, name = material.leader, material.summary.name
    if leader is None or leader.checkpoint is None:
        return ""
    return (
        "from tuning import studies\n\n"
        f'study = next(each for each in studies() if each.name == "{name}")\n'
        f"network = study.load_best(trial={leader.number})  # a torch.nn.Module, ready to be called"
    )


def _spending(summary: StudySummary) -> Table | None:
    """What was spent on what; None where that is one purpose or none."""
    rows = [
        [NAMES[purpose], f"{spent.steps:,}", clock(spent.seconds) if spent.seconds else "-"]
        for purpose, spent in summary.spent.items()
        if spent.steps
    ]
    return Table("What it was spent on", ["", "member-steps", "worker time"], rows) if len(rows) > 1 else None


def _trials(material: Material) -> Table | None:
    ranks = material.ranks
    if not ranks:
        return None
    diagnosed = any(trial.diagnosis is not None for trial in material.summary.trials)
    shown = sorted((t for t in material.summary.trials if t.number in ranks), key=lambda t: ranks[t.number])[:MOST_ROWS]
    names = list(dict.fromkeys(name for trial in shown for name in trial.params))
    rows = [
        [
            str(ranks[trial.number]),
            str(trial.number) + ("*" if trial.default else ""),
            trial.state,
            number(reached(trial)),
            "-" if trial.last is None else number(trial.last[0]),
            clock(trial.seconds),
            *([in_words(trial.diagnosis.word) if trial.diagnosis else "-"] if diagnosed else []),
            *(setting(trial.params.get(name)) for name in names),
        ]
        for trial in shown
    ]
    more = f", the best {MOST_ROWS}" if len(ranks) > MOST_ROWS else ""
    headings = ["", "trial", "state", material.metric, "at", "time", *["verdict"] * diagnosed, *names]
    return Table(f"Trials, best first{more}", headings, rows)
