"""The data set that a sweep names, read."""

from collections.abc import Iterator
from typing import Any

from trainables.data import datasets, flaws, split_notes
from trainables.loops.registry import LOOPS
from tuning.errors import Finding, Note, Problem
from tuning.sweep.checks import own_network
from tuning.sweep.draft import Draft
from tuning.sweep.field_values import UNKNOWN, FieldValues

OF_DATA = ("data_seed", "features", "targets", "validation_share", "split", "header", "missing", "text")
"""Fields that say what of a data set is learnt from."""


def problems(draft: Draft) -> Iterator[Finding]:
    """What is wrong with it as the fields that are fixed choose from it, and what was understood of it; nothing where
    the loop takes none."""
    values = draft.field_values
    if "data" not in draft.given or not draft.has("data") or "data" not in values.config.model_fields:
        return
    if draft.loop in LOOPS.values():
        yield from _problems(values, str(draft.sweep.data))


def _problems(values: FieldValues, data: str) -> Iterator[Finding]:
    fixed = {name: value for name, value in values.fixed.items() if name in (*OF_DATA, "loss")}
    if UNKNOWN in fixed.values():
        return
    try:
        config: type[Any] = values.config
        found = datasets.load(config(budget=1, data=data, **fixed).source)
    except datasets.Unusable as error:
        yield from (Problem(name if name == "data" else f"fixed.{name}", each) for name, each in error.problems)
        return
    yield from (Note("data", remark.message, warning=remark.warning) for remark in found.remarks)
    at = "fixed.split" if "split" in values.fixed else "data"
    yield from (Note(at, each) for each in split_notes.notes(found))
    wrong = flaws.flaws(found, standardised=values.fixed.get("standardise") is not False)
    # Rows in both parts are named already, however few.
    yield from (Note("data", each.sentence) for each in wrong if each.name != "duplicated_rows")
    rows, inputs = found.train_features.shape
    batch = values.largest("batch_size")
    if batch > rows:
        path = values.key_path("batch_size")
        yield Problem(path, f"should be at most {rows:_}, the rows to train on, is {batch:_}")
    elif values.number_in_trial_0("batch_size") > rows:
        yield values.default_problem("batch_size", f"at most {rows:_}, the rows to train on")
    yield from own_network.problems(values, [(inputs, len(found.classes) or found.train_targets.shape[1], None)])
