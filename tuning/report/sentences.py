"""A study in sentences: how it went, what failed, where to search next, which trial to use, how to go on.

Each function returns its lines, none where there is nothing to say.
"""

from typing import Any

from trainables.base.trivial_answer import TrivialAnswer
from tuning.diagnosis.wording import patch
from tuning.report.number_format import clock, number
from tuning.report.range_ends import range_ends
from tuning.study.summary import StudySummary
from tuning.sweep.plain_data import shown

MOST_FAILURES = 3
"""Of more failed trials only these are told why."""

MOST_IMPORTANCES, LEAST_IMPORTANCE = 4, 0.05
"""How many parameters are said to matter, and the share of the differences that each must have."""


def unbeaten(summary: StudySummary) -> list[str]:
    """That no trial is better than who has learnt nothing."""
    answer, yet = summary.unbeaten, "" if summary.state == "finished" else " yet"
    if answer is None:
        return []
    metric, values = summary.sweep.metric, [trial.value for trial in summary.trials if trial.value is not None]
    if summary.sweep.environment is not None and {*values} == {each.value for each in summary.trivial}:
        alike = f"{metric} is {number(answer.value)} in all of them, as it is of {answer.name}"
        return [f"{'No trial has reached the goal yet' if yet else 'No trial ever reached the goal'}: {alike}."]
    reached = max(values) if summary.sweep.direction == "maximize" else min(values)
    where = "at best"
    if summary.confirmation is not None:
        leader = summary.confirmation.leader
        reached = next(each.mean for each in summary.confirmation.candidates if each.number == leader)
        where = "on fresh seeds"
    compared = f"{metric} is {number(reached)} {where}, and {number(answer.value)} without learning"
    return [f"No trial beats {answer.name}{yet}: {compared}{_more_than_chance(summary, answer)}."]


def _more_than_chance(summary: StudySummary, answer: TrivialAnswer) -> str:
    """From which value on a trial would be better, where it takes more than a better one."""
    maximize = summary.sweep.direction == "maximize"
    if answer.beaten_from == answer.value:
        return ""
    # What is measured on rows is at most 1, and losses are at least 0.
    if summary.sweep.data is not None and (answer.beaten_from > 1 if maximize else answer.beaten_from < 0):
        return "; on so few rows whatever could be better may be chance"
    return f"; {'above' if maximize else 'below'} {number(answer.beaten_from)} is more than chance"


def held_against(summary: StudySummary) -> list[str]:
    """What is scored by who has learnt nothing."""
    told = [f"{each.name} {number(each.value)}" for each in summary.trivial]
    return [f"Without learning: {', '.join(told)}."] if told else []


def course(summary: StudySummary) -> list[str]:
    """How long the study took and what became of its trials; the speed is that of the search alone."""
    steps = sum(trial.steps for trial in summary.trials)
    searching = summary.seconds - summary.confirm_seconds
    confirming = f" ({clock(summary.confirm_seconds)} confirming)" if summary.confirm_seconds >= 0.5 else ""
    speed = f", {steps / searching:,.0f} a second" if searching > 0 else ""
    return [
        f"{summary.name}: {summary.state} after {clock(summary.seconds)}{confirming}; {steps:,} member-steps{speed}",
        _counts(summary),
        *_limit(summary),
        *changes(summary),
        *([summary.flaw] if summary.flaw else []),
        *(str(note) for note in summary.notes if note.warning),
    ]


def _counts(summary: StudySummary) -> str:
    diverged = sum(trial.diverged_at is not None for trial in summary.trials)
    states = ("complete", "pruned", "failed", "running", "waiting")
    words = [f"{summary.count(state)} {state}" for state in states if summary.count(state)]
    saved, _ = summary.saved or (0.0, 0)
    notes = [f"{diverged} diverged"] * bool(diverged) + [f"halving saved {saved:.0%} of the steps"] * (saved > 0.005)
    trials = f"{summary.sweep.trials} {'trial' if summary.sweep.trials == 1 else 'trials'}"
    return "; ".join([f"{trials}: {', '.join(words) or 'none begun'}", *notes])


def _limit(summary: StudySummary) -> list[str]:
    if summary.ended_by == "exhausted":
        return [_exhausted(summary)]
    limits = {
        "time_limit": f"its time limit, {clock(summary.sweep.time_limit or 0)}, was over",
        "max_steps": f"its max_steps, {summary.sweep.max_steps or 0:,}, were taken",
        "target": f"its target, {number(summary.sweep.target)}, was reached",
    }
    return [] if summary.ended_by is None else [f"Ended before its last trial, since {limits[summary.ended_by]}."]


def _exhausted(summary: StudySummary) -> str:
    sweep, tried = summary.sweep, len(summary.trials)
    wanted = f"the {sweep.trials} trials that were asked for would have tried some of them again"
    return f"All {tried} configurations were tried; {wanted}. `seeds` trains each of them several times."


def changes(summary: StudySummary) -> list[str]:
    """What was changed in the search, and from which trial on."""
    return [
        f"From trial {change.first} on: "
        + "; ".join(
            f"{name} {_tried(after)}, before that {_tried(change.before[name])}" for name, after in change.after.items()
        )
        + "."
        for change in summary.changes
    ]


def _tried(what: Any) -> str:
    """What was to be tried in a field, in a few words."""
    if what is None:
        return "as the loop has it"
    if "value" in what:
        return f"fixed to {shown(what['value'])}"
    if "choices" in what:
        return f"one of {', '.join(map(shown, what['choices']))}"
    return f"{number(what['low'])} to {number(what['high'])}"


def audit(summary: StudySummary) -> list[str]:
    """How halving judged the pruned trials that were trained to the end."""
    found = summary.audit
    if found is None:
        return []
    would = f"{found.missed} ({found.missed / found.trials:.0%}) would have been among the best {found.top}"
    better = f", {found.best} better than all" if found.best else ""
    trials = f"{found.trials} pruned {'trial' if found.trials == 1 else 'trials'}"
    return [f"Halving audited: of {trials} trained on to the end {would}{better}."]


def failures(summary: StudySummary) -> list[str]:
    """Why trials failed."""
    failed = [trial for trial in summary.trials if trial.state == "failed"]
    more = [f"and {len(failed) - MOST_FAILURES} more"] if len(failed) > MOST_FAILURES else []
    return [f"trial {trial.number}: {trial.reason}" for trial in failed[:MOST_FAILURES]] + more


def why_no_value(summary: StudySummary) -> list[str]:
    """Why no trial of a study has a value."""
    reasons = [f"trial {trial.number}: {trial.reason}" for trial in summary.trials if trial.reason]
    return ["No trial has a value: " + ("; ".join(reasons[:MOST_FAILURES]) or "none was finished.")]


def hints(summary: StudySummary) -> list[str]:
    """Which parameters mattered, and which ranges to try next; not where they made trials better at nothing."""
    if summary.unbeaten is not None:
        return []
    most = list(summary.importances.items())[:MOST_IMPORTANCES]
    matters = [f"{name} {share:.0%}" for name, share in most if share >= LEAST_IMPORTANCE]
    lines = [f"What mattered: {', '.join(matters)}"] if matters else []
    ranked = [] if summary.sweep.second else summary.ranked()
    return lines + [
        f"{end.name}: the best is {number(end.value)}, at the edge of {number(end.low)} to {number(end.high)}; "
        f"try {number(end.try_low)} to {number(end.try_high)}"
        for end in range_ends(summary.sweep, [trial.params for trial in ranked])
    ]


def winners(summary: StudySummary) -> list[str]:
    """The trial to use and where to find it, or the front of two objectives; and whether the default diverged."""
    second = summary.sweep.second
    return [*(_best(summary) if second is None else _front(summary, second.metric)), *_default_diverged(summary)]


def _front(summary: StudySummary, second: str) -> list[str]:
    numbers = [str(trial.number) for trial in summary.front]
    names = f"trial{'s' * (len(numbers) > 1)} {', '.join(numbers)}"
    beaten = f"what beats one of them in {summary.sweep.metric} is worse in {second}"
    return [f"Front: {names}; {beaten}."]


def _best(summary: StudySummary) -> list[str]:
    best, default = summary.chosen, summary.default
    if best is None:
        return []
    found = {} if summary.confirmation is None else {each.number: each for each in summary.confirmation.candidates}
    how, value = "Best", number(best.value)
    if best.number in found:
        how, fresh = "To use by what fresh seeds say", found[best.number]
        value = f"{number(fresh.mean)} ({' to '.join(map(number, fresh.interval))}), {value} in the search"
    compared = ""
    if default is not None and default.value is not None and default is not best:
        reaches = found[default.number].mean if default.number in found else default.value
        compared = f"; the default configuration reaches {number(reaches)}"
    lines = [f"{how}: trial {best.number}, {summary.sweep.metric} {value}{compared}."]
    later = summary.came_later
    if later is not None:
        lines.append(
            f"Trial {later.number} came later, with {number(later.value)} in the search, and is not confirmed yet: "
            f"`tuning confirm {summary.name}` does it."
        )
    lines += [f"  weights  {best.checkpoint}"] if best.checkpoint else []
    return lines + ([f"  MLflow   {best.run_id}"] if best.run_id else [])


def _default_diverged(summary: StudySummary) -> list[str]:
    default = summary.default
    if default is None or default.diverged_at is None:
        return []
    lines = [f"The default, trial {default.number}, diverged at {default.diverged_at:,}: {default.reason}."]
    chosen = summary.chosen
    if chosen is None or chosen.diagnosis is None or chosen.diagnosis.healthy or default.diagnosis is None:
        return lines  # what ails the default is told where nothing ails the one to use (ailments.py)
    first = next((each for each in default.diagnosis.verdicts if each.fault), None)
    if first is not None:
        lines.append(f"  Likely cause: {first.cause}")
    if first is not None and first.patch:
        tries = f"`tuning mend {summary.name} --trial {default.number}` tries it"
        lines.append(f"  What might mend it: {patch(first.patch)}; {tries}")
    return lines


def going_on(summary: StudySummary) -> list[str]:
    """How to go on with a study that was interrupted, or that one of its limits ended."""
    if summary.waits_for is not None:
        return [f"It waits: {summary.waits_for}.", f"Next: `tuning resume {summary.name}` goes on with it after that."]
    if summary.is_cut_off:
        return [f"Next: `tuning resume {summary.name}` goes on with it."]
    if summary.ended_by == "exhausted":
        return [f"Next: `tuning resume {summary.name} --set search.FIELD=...` widens the search."]
    if summary.ended_by is None:
        return []
    how = "" if summary.ended_by == "time_limit" else f" --set {summary.ended_by}=null"
    what = "for as long again" if summary.ended_by == "time_limit" else "without this limit"
    return [f"Next: `tuning resume {summary.name}{how}` goes on {what}."]


def looking_on(summary: StudySummary) -> list[str]:
    """Where there is more to see."""
    return [f"Next: `tuning ui` to compare the runs, `tuning show {summary.name} --json` for scripts."]
