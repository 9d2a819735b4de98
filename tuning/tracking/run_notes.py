"""What runs say of themselves in MLflow, as Markdown (`mlflow.note.content`). Nothing is asked or written here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tuning.diagnosis.verdict import Diagnosis
from tuning.diagnosis.wording import in_words, patch
from tuning.rules.trial_outcome import Outcome
from tuning.study.summary import StudySummary, TrialSummary
from tuning.tracking.run_names import digits
from tuning.tracking.shared_view import MODE

NOTE = "mlflow.note.content"

ROWS = 10
"""Trials that the leaderboard of a study's description has."""


def trial_note(found: Outcome, ails: Diagnosis | None, value: float | None = None) -> str | None:
    """Why a trial ended before its time, and what might mend it; None of one that is complete.

    ails: what ails it, if that is known. value: of the last rung that it came to.
    """
    if found.state == "complete":
        return None
    if found.diverged_at is not None:
        first = next((v for v in ails.verdicts if v.fault), None) if ails else None
        told = [] if first is None else [f"{first.sentence} Likely cause: {first.cause}"]
        told += [f"What might mend it: `{patch(first.patch)}`"] if first is not None and first.patch else []
        return "\n\n".join([f"**Diverged at step {found.diverged_at:,}**: {found.reason}.", *told])
    if found.state == "failed":
        return f"**Could not be trained**: {found.reason}."
    return f"**Given up by halving**: {found.reason}" + ("." if value is None else f", with {digits(value)}.")


def study_note(summary: StudySummary, experiment_id: str, runs: Mapping[int, str]) -> str:
    """The leaderboard with links to the runs, how sure it is, and the command to go on.

    runs: the ids of the runs of trials.
    """
    names = list(dict.fromkeys(name for trial in summary.ranked()[:ROWS] for name in trial.params))
    second = summary.sweep.second
    objectives = [str(summary.sweep.metric), *([] if second is None else [second.metric])]
    verdicts = any(trial.verdict for trial in summary.trials)
    heading = ["", "trial", *objectives, *["verdict"] * verdicts, *names]
    rows = [heading, ["---"] * len(heading)]
    for rank, trial in enumerate(summary.ranked()[:ROWS], 1):
        run_id = runs.get(trial.number)
        link = "" if run_id is None else f"[#{trial.number}](#/experiments/{experiment_id}/runs/{run_id}?{MODE})"
        what = f"{link or f'#{trial.number}'}{' (default)' * trial.default}"
        values = [digits(trial.value), *([] if second is None else [digits(trial.second)])]
        verdict = [in_words(trial.verdict or "")] * verdicts
        rows.append([str(rank), what, *values, *verdict, *(_cell(trial, name) for name in names)])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    parts = [table] if len(rows) > 2 else ["No trial has a value."]
    parts += [] if summary.confirmation is None else [sure(summary)]
    goes_on = "goes on with it" if summary.is_cut_off else "tries more"
    more = "" if summary.is_cut_off else f" --trials +{summary.sweep.trials}"
    parts.append(f"`tuning resume {summary.name}{more}` {goes_on}; `tuning show {summary.name}` says all of it.")
    return "\n\n".join(parts)


@dataclass(frozen=True)
class Address:
    """Where a model is found: in which MLflow, and there under which address."""

    tracking_uri: str
    model: str


def leader_note(summary: StudySummary, run_id: str, model: Address | None = None) -> str:
    """That a trial is the one to use, how sure that is, and how to load its network.

    run_id: of its run.
    model: where its model is registered, if it is.
    """
    parts = [f"**The trial to use** of {summary.name}."]
    parts += [] if summary.confirmation is None else [sure(summary)]
    code = _by_registry(summary, model) if model is not None else _by_weights(run_id)
    ours = f"`tuning.studies()` finds {summary.name}, whose `load_best()` is the network itself."
    return "\n\n".join([*parts, "\n".join(["```python", *code, "```"]), ours])


def _by_registry(summary: StudySummary, found: Address) -> list[str]:
    takes, gives = ("observations", "actions") if summary.sweep.environment else ("rows", "predictions")
    return [
        "import mlflow",
        f'mlflow.set_tracking_uri("{found.tracking_uri}")  # or the address of the server that shows this',
        f'model = mlflow.pyfunc.load_model("{found.model}")',
        f"{gives} = model.predict({takes})  # a batch of them, as model.metadata.signature says",
    ]


def _by_weights(run_id: str) -> list[str]:
    return [
        "import mlflow, torch",
        "",
        f'file = mlflow.artifacts.download_artifacts("runs:/{run_id}/checkpoint/best.pt")',
        "best = torch.load(file, weights_only=True)",
        'network, weights = best["network"], best["state_dict"]  # how it is built, and what it has learnt',
    ]


def sure(summary: StudySummary) -> str:
    """What fresh seeds say of the trial to use, which were asked."""
    found = summary.confirmation
    assert found is not None
    chosen = next(each for each in found.candidates if each.number == found.chosen)
    low, high = (digits(end) for end in chosen.interval)
    interval = f"95 % interval {low} to {high}"
    said = f"On {len(chosen.scores)} fresh seeds trial {chosen.number} has {digits(chosen.mean)} ({interval})."
    if found.champion is not None:
        return f"{said} It is the champion: they tell it apart from all other candidates."
    if found.unbeaten is not None:
        return f"{said} That does not beat {found.unbeaten}."
    others = [str(number) for number in [found.leader, *found.tied] if number != chosen.number]
    return f"{said} It can't be told from {', '.join(others)} yet." if others else said


def _cell(trial: TrialSummary, name: str) -> str:
    return digits(trial.params[name]).replace("|", "\\|") if name in trial.params else "-"


def fitting(note: str, longest: int) -> str:
    """As many whole lines of a note as MLflow takes."""
    lines: Sequence[str] = note.split("\n")
    while len("\n".join(lines)) > longest:
        lines = lines[:-1]
    return "\n".join(lines)
