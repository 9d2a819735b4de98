"""From nothing but an environment or a table to a whole sweep."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from trainables import environments
from trainables.data import datasets, encoding
from trainables.data.encoding import MOST_VALUES
from trainables.data.table_files import Table
from trainables.environments import EnvironmentMisfit, watched_trial
from trainables.environments.first_look import first_look
from trainables.environments.trial_run import Wanted
from trainables.loops.contract import choices_of
from trainables.loops.registry import LOOPS
from trainables.loops.supervised import SupervisedConfig
from tuning.errors import Problem, SweepError
from tuning.sweep import draft as drafts
from tuning.sweep import overrides
from tuning.sweep.checks import data_set
from tuning.sweep.field_values import UNKNOWN
from tuning.sweep.overrides import Settings
from tuning.sweep.plain_data import shown
from tuning.sweep.suggestions import acting, predicting
from tuning.sweep.suggestions.columns import Column, columns
from tuning.sweep.suggestions.suggestion import Suggestion
from tuning.sweep.wording import nearest, one_of, unknown
from tuning.sweep.yaml_text import Document

ACTING = {"dqn": acting.dqn, "reinforce": acting.reinforce}
"""What can be suggested for an environment, by loop."""


@dataclass(frozen=True)
class Beginning:
    """All that is said of a sweep so far: an environment, or a data set.

    environment: its id.
    data: the name of a data set or the path of a file.
    target: the column to predict; None: the last.
    loop: what trains; None: what fits.
    """

    environment: str | None = None
    data: str | None = None
    target: str | None = None
    loop: str | None = None

    def __str__(self) -> str:
        return self.environment or self.data or ""


def suggestion(beginning: Beginning, settings: Settings = ()) -> Suggestion:
    """The sweep that is suggested, by a look at the environment or the table; the same each time.

    beginning: what is known.
    settings: of the sweep, by key path; those that say how environment or table are read count for the look.
    Raises SweepError with what is wrong with what is known.
    """
    known = {"environment": beginning.environment, "data": beginning.data, "loop": beginning.loop}
    stated: dict[str, Any] = {key: value for key, value in known.items() if value is not None}
    if beginning.target is not None:
        stated["fixed"] = {"targets": [beginning.target]}
    stated = overrides.put_over(Document(stated), settings).data
    if ("environment" in stated) == ("data" in stated):
        raise SweepError([Problem("", "should train either on an environment or on data")])
    if beginning.target is not None and "environment" in stated:
        raise SweepError([Problem("target", "is a column of data, not of an environment: should be left out")])
    return _for_environment(stated) if "environment" in stated else _for_data(stated, beginning.target)


def _for_environment(stated: Mapping[str, Any]) -> Suggestion:
    loop = stated.get("loop")
    if loop is not None and loop not in ACTING:
        raise SweepError([Problem("loop", _no_such_loop(loop, ACTING))])
    values = drafts.read({"loop": "dqn", **stated}).field_values
    arguments, wrappers = values.in_trial_0("environment_args"), values.in_trial_0("wrappers")
    asked = (
        str(stated["environment"]),
        {} if arguments is UNKNOWN else dict(arguments),
        () if wrappers is UNKNOWN else tuple(wrappers),
    )
    # Who does not answer, or not as it should, is found out there.
    if (misfit := watched_trial.tried(Wanted(*asked)).misfit) is not None:
        raise _unsuitable(*misfit)
    try:
        seen = environments.describe(*asked)
        look = first_look(seen)
    except EnvironmentMisfit as flaw:
        raise _unsuitable(flaw.key, flaw.message) from flaw
    try:
        choices_of(LOOPS[loop or "dqn"], seen.actions)
    except EnvironmentMisfit as flaw:
        if loop is not None:
            raise _unsuitable(flaw.key, flaw.message) from flaw
        loop = "reinforce"
    return ACTING[loop or "dqn"](seen, look)


def _unsuitable(key: str, message: str) -> SweepError:
    return SweepError([Problem(key if key == "environment" else f"fixed.{key}", " ".join(message.split()))])


def _for_data(stated: Mapping[str, Any], target: str | None) -> Suggestion:
    loop = stated.get("loop")
    if loop not in (None, "supervised"):
        raise SweepError([Problem("loop", _no_such_loop(loop, ["supervised"]))])
    values = drafts.read({"loop": "supervised", **stated}).field_values
    chosen = {name: value for name, value in values.fixed.items() if name in data_set.OF_DATA}
    sound = {name: value for name, value in chosen.items() if value is not UNKNOWN}
    data = str(stated["data"])
    source = SupervisedConfig(budget=1, data=os.path.expanduser(data), **sound).source
    try:
        table = datasets.read(source)
    except datasets.Unusable as error:
        raise SweepError([Problem(key, message) for key, message in error.problems]) from None
    usual = datasets.usual(table)
    names = source.targets or usual[-1:]
    key = "fixed.targets" if target is None else "target"
    absent = [each for each in names if each not in table.arrays]
    if absent:
        known = table.arrays
        raise SweepError([Problem(key, unknown(each, known, f"there is no column {each!r}", 3)) for each in absent])
    seen = columns(table)
    used = [seen[name] for name in seen if name in (*(source.features or usual), *names)]
    unfit = [] if source.features else [each.name for each in used if each.name not in names and not _fit(table, each)]
    return predicting.supervised(data, table.rows, used, names, unfit)


def _fit(table: Table, column: Column) -> bool:
    """Whether a column can be learnt from, with what is missing filled and text a number for each of its values."""
    singles = [table.columns[each] for each in table.arrays[column.name]]
    return not any(problem for each in singles for problem in encoding.problems("", each, "fill", MOST_VALUES))


def _no_such_loop(loop: object, known: Collection[str]) -> str:
    own = (
        "; what a loop of your own takes is not known here, so its sweep is yours to write" if ":" in str(loop) else ""
    )
    return f"should be {one_of(known)}, is {shown(loop)}{own or nearest(str(loop), known)}"
