"""Whether the budget is enough for what is to happen within it, and the limits of a sweep for its trials."""

from collections.abc import Iterator

from trainables.loops.contract import Loop
from tuning.errors import Problem
from tuning.sweep import fields
from tuning.sweep.draft import Draft


def problems(draft: Draft, loop: type[Loop]) -> Iterator[Problem]:
    """What is wrong with the budget, with its parts in halving, and with a limit that no first trial could keep."""
    if not draft.has("budget"):
        return
    found = list(_budget_problems(draft, loop))
    yield from found
    sweep = draft.sweep
    if draft.has("halving") and sweep.halving is not None and not found:
        try:
            sweep.halving.budgets(sweep.budget)
        except ValueError as error:
            yield Problem("halving", str(error))
    least = sweep.budget * sweep.seeds
    if draft.has("max_steps", "seeds") and sweep.max_steps is not None and sweep.max_steps < least:
        yield Problem("max_steps", f"should be at least {least:_}, what a single trial takes, is {sweep.max_steps}")


def _budget_problems(draft: Draft, loop: type[Loop]) -> Iterator[Problem]:
    budget, values = draft.sweep.budget, draft.field_values
    found = fields.problems(loop.Config, "budget", budget, "budget")
    yield from found
    reports, starts = values.largest("reports"), values.largest("learning_starts")
    too_few = []
    if budget < reports:
        too_few.append(f"at least {reports:_}, the number of reports")
    if budget <= starts:
        too_few.append(f"above {starts:_}, where learning starts")
    if too_few and not found:
        yield Problem("budget", f"should be {' and '.join(too_few)}, is {budget} {loop.unit}")
