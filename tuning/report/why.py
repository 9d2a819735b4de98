"""What is wrong with trials, for people and for scripts."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tuning.diagnosis import diagnosis
from tuning.diagnosis.verdict import CUT_SHORT, Diagnosis, Verdict
from tuning.diagnosis.wording import in_words, patch
from tuning.report.verdict_words import in_full
from tuning.study import trainings
from tuning.study.study import Study
from tuning.study.summary import StudySummary


def of_trials(study: Study, summary: StudySummary, numbers: Sequence[int]) -> dict[int, Diagnosis]:
    """The diagnosis of these trials: as it is kept with the study, else by their checkpoints.

    Raises as trainings.of_trial does.
    """
    kept = {trial.number: trial.diagnosis for trial in summary.trials}
    return {each: kept.get(each) or diagnosis.of_trial(trainings.of_trial(study, each)) for each in numbers}


def as_json(trial: int | str, found: Diagnosis) -> dict[str, Any]:
    """What `--json` prints of a trial, or of a training from elsewhere, which goes by the name of its file or run."""
    return {
        "trial": trial,
        "healthy": found.healthy,
        "bound": found.bound if found.healthy else None,
        "verdicts": [verdict.as_json() for verdict in found.verdicts],
    }


def told(heading: str, found: Diagnosis, further: Sequence[str] = (), wraps: bool = True) -> RenderableType:
    """The verdicts on one training in full.

    heading: what it is of.
    further: sentences on what would tell more.
    wraps: whether lines are broken at the width of the console, indented; else each stays whole.
    """
    parts: list[RenderableType] = [Text(f"{heading}: {_first(found)}", style="bold")]
    for verdict in found.verdicts:
        parts += [Text(), _name(verdict), *(_indented(line, wraps) for line in in_full(verdict))]
    if further:
        parts += [Text(), Text("What would tell more:"), *(_indented(line, wraps) for line in further)]
    return Group(*parts)


def _indented(line: str, wraps: bool) -> RenderableType:
    return Padding(Text(line), (0, 0, 0, 2)) if wraps else Text(f"  {line}")


def _name(verdict: Verdict) -> Text:
    return Text(in_words(verdict.name), style="yellow" if verdict.fault else "dim")


def _first(found: Diagnosis) -> str:
    if found.word == CUT_SHORT:
        return "cut short, and up to there healthy."
    if found.healthy:
        return f"healthy. {found.bound}"
    faults = sum(verdict.fault for verdict in found.verdicts)
    return in_words(found.word) + (f", and {faults - 1} more" if faults > 1 else "")


def table(found: Mapping[int, Diagnosis]) -> RenderableType:
    """A row for each trial."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    made.add_column("trial", justify="right")
    for heading in ("verdict", "what might mend it"):
        made.add_column(heading, overflow="fold")
    for trial, each in found.items():
        mends = next((patch(verdict.patch) for verdict in each.verdicts if verdict.fault and verdict.patch), "")
        made.add_row(str(trial), in_words(each.word), mends, style=None if each.healthy else "yellow")
    return made
