"""What ails the trials of a study: what has happened to most, what it went with, and what might mend the one to use."""

from collections import Counter
from collections.abc import Sequence

from tuning.diagnosis.verdict import CUT_SHORT, Diagnosis
from tuning.diagnosis.wording import in_words
from tuning.report.verdict_words import in_full
from tuning.rules.split import Split, best_split
from tuning.study.summary import StudySummary, TrialSummary
from tuning.sweep.plain_data import shown

MOST_VERDICTS = 4
"""Of more kinds of verdicts only the most frequent are counted."""


def ailments(summary: StudySummary) -> list[str]:
    """What has happened to trials, and which searched dimension that went with, where it is more than chance."""
    known = [(trial, trial.diagnosis) for trial in summary.trials if trial.diagnosis is not None]
    if not known:
        return []
    befell = [_happened(trial, found) for trial, found in known]
    counts = Counter(befell).most_common()
    others = sum(count for _, count in counts[MOST_VERDICTS:])
    told = [f"{count} {in_words(word)}{_blamed(word, known)}" for word, count in counts[:MOST_VERDICTS]]
    lines = [f"What ailed them: {', '.join(told + [f'{others} others'] * bool(others))}."]
    for word, _ in counts:
        if word not in ("healthy", CUT_SHORT):
            found = best_split([trial.params for trial, _ in known], [each == word for each in befell])
            return lines if found is None else [*lines, _went_with(word, found)]
    return lines


def _happened(trial: TrialSummary, found: Diagnosis) -> str:
    """What a trial is counted as: that it diverged, whatever that came from, else by its likeliest root cause."""
    return "diverged" if trial.diverged_at is not None else found.word


def _blamed(word: str, known: Sequence[tuple[TrialSummary, Diagnosis]]) -> str:
    """What most of the trials that diverged have in common beside that, in brackets."""
    if word != "diverged":
        return ""
    causes = Counter(found.word for trial, found in known if trial.diverged_at is not None)
    cause, count = causes.most_common(1)[0]
    if cause in ("diverged", "healthy", CUT_SHORT):
        return ""
    return f" ({in_words(cause)}{f' in {count}' if len(causes) > 1 else ''})"


def _went_with(word: str, found: Split) -> str:
    where = {"above": "above", "below": "at most"}.get(found.side, found.side.removeprefix("is").strip())
    at = f"{found.at:g}" if isinstance(found.at, float) else shown(found.at)
    there = f"{found.struck} of the {found.inside} with {' '.join(filter(None, [found.name, where, at]))}"
    others = f"{found.struck_in_all - found.struck} of the {found.known - found.inside} others"
    return f"That went with {found.name}: {in_words(word)} were {there}, and {others}."


def remedies(summary: StudySummary) -> list[str]:
    """What ails the trial to use, or else the default configuration, what it likely comes from, and what might mend it.

    Of one that diverged the step is said, whatever the likeliest cause.
    """
    chosen, default = summary.chosen, summary.default
    of = next((each for each in (chosen, default) if each and each.diagnosis and not each.diagnosis.healthy), None)
    if of is None or of.diagnosis is None:
        return []
    first = next(verdict for verdict in of.diagnosis.verdicts if verdict.fault)
    also = [v.sentence for v in of.diagnosis.verdicts if v.name == "diverged" and v is not first]
    what = ", the default" if of is default else ""
    told = [*also, *in_full(first, evidence=False)]
    tries = f", `tuning mend {summary.name} --trial {of.number}` tries what might mend it" if first.patch else ""
    further = f"Next: `tuning why {summary.name} --trial {of.number}` has all that was found{tries}."
    return [f"What ails trial {of.number}{what}: {in_words(first.name)}.", *(f"  {line}" for line in told), further]
