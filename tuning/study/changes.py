"""What was changed in a search while its study rested: kept, so that earlier trials keep the values that they had."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tuning.study.legs import Plan
from tuning.sweep.model import Sweep

CHANGES = "changes"
"""The attribute of Optuna's study that has them, the earliest first."""


@dataclass(frozen=True)
class Change:
    """One change of the search.

    first: the number of the first trial that was proposed after it.
    had: values of fields that are searched since then, as all trials before it have had them.
    default: of all fields that are searched, before or after, the values of the trial of the default configuration.
    before, after: of each field that is changed what was to be tried, as plain data; None: the loop's own default.
    """

    first: int
    had: dict[str, Any]
    default: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


def between(old: Sweep, new: Sweep, first: int) -> Change | None:
    """What is changed from one sweep to the other; None where the search is the same, or no trial has begun.

    first: the number of the next trial.
    """
    before, after = _tried(old), _tried(new)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if not changed or not first:
        return None
    config = old.config().model_dump(mode="json")
    had = {name: config[name] for name in new.search if name not in old.search and name in config}
    default = {name: config[name] for name in {**old.search, **new.search} if name in config}
    at_first = {name: {"value": had[name]} for name in had}
    return Change(
        first,
        had,
        default,
        {name: before.get(name, at_first.get(name)) for name in changed},
        {name: after.get(name) for name in changed},
    )


def _tried(sweep: Sweep) -> dict[str, Any]:
    """What trials come to have in each field that the sweep names."""
    data = sweep.model_dump(mode="json")
    return {**{name: {"value": value} for name, value in data["fixed"].items()}, **data["search"]}


def read(attributes: Mapping[str, Any]) -> list[Change]:
    """The changes among a study's attributes, the earliest first."""
    return [Change(**each) for each in attributes.get(CHANGES, [])]


def as_data(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """The changes as an attribute."""
    return [asdict(each) for each in changes]


def completed(plan: Plan, changes: Sequence[Change]) -> Plan:
    """A plan with the values that its trial has had in fields that were not searched when it began."""
    values = dict(plan.values)
    for change in changes:
        if plan.number < change.first:
            values = {**(change.default if plan.default else change.had), **values}
    return replace(plan, values=values) if values != plan.values else plan
