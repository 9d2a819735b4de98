"""Settings with which some trial would learn nothing."""

from collections.abc import Iterator

from tuning.errors import Problem
from tuning.sweep.draft import Draft
from tuning.sweep.field_values import FieldValues


def problems(draft: Draft) -> Iterator[Problem]:
    """A training that ends before it learns, and replay memories that hold no batch."""
    values = draft.field_values
    if draft.has("budget"):
        yield from _start_problems(values, draft.sweep.budget)
    if values.fixed.get("replay") is not False:
        yield from _room_problems(values)
    if True in values.of_any_trial("prioritised_replay") and False in values.of_any_trial("replay"):
        path = values.key_path("prioritised_replay")
        yield Problem(path, "needs a memory to draw from: should be false where replay is")


def _start_problems(values: FieldValues, budget: int) -> Iterator[Problem]:
    """Where learning_starts is searched, its default may lie beyond the budget."""
    if values.largest("learning_starts") < budget <= values.number_in_trial_0("learning_starts"):
        yield values.default_problem("learning_starts", f"below the budget, {budget:_}")


def _room_problems(values: FieldValues) -> Iterator[Problem]:
    """The smallest memory of trials after the first holds their largest batch, that of trial 0 its own."""
    # The two are not mixed: trial 0 alone has the defaults of what is searched, and has both.
    capacity, batch = values.smallest("replay_capacity"), values.largest("batch_size")
    if 0 < capacity < batch:
        given = {*values.fixed, *values.search}
        path = values.key_path("replay_capacity" if "replay_capacity" in given else "batch_size")
        yield Problem(path, f"leaves no room: replay_capacity, {capacity:_}, should be at least batch_size, {batch:_}")
        return
    capacity, batch = values.number_in_trial_0("replay_capacity"), values.number_in_trial_0("batch_size")
    if 0 < capacity < batch:
        if "batch_size" in values.search:
            yield values.default_problem("batch_size", f"at most replay_capacity, {capacity:_}")
        else:
            yield values.default_problem("replay_capacity", f"at least batch_size, {batch:_}")
