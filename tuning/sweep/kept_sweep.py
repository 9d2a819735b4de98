"""The sweep that a study keeps as plain data: read to be shown or to be gone on with, changed, compared."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import trainables
from trainables.base.own_classes import Unimportable
from tuning.errors import Problem, SweepError
from tuning.sweep import dimensions, fields, overrides, yaml_text
from tuning.sweep.key_paths import flat
from tuning.sweep.model import Sweep
from tuning.sweep.overrides import Settings
from tuning.sweep.plain_data import shown
from tuning.sweep.yaml_text import Document

MAY_CHANGE = {"trials", "time_limit", "max_steps", "target", "workers", "tries", "confirm", "tracking"}
"""What may differ from the file when a study goes on, beside what is searched."""

_NO_LONGER_COMPARED = "the trials that are there could not be compared with those to come"
WHY_NOT = {
    **dict.fromkeys(("loop", "environment", "data", "metric", "direction", "second"), _NO_LONGER_COMPARED),
    **dict.fromkeys(("aggregate", "seeds"), _NO_LONGER_COMPARED),
    **dict.fromkeys(("budget", "halving"), "the trials that are there were compared at other budgets"),
    "fixed": "all trials that are there were trained with that; put under search, others are tried",
    "default": "trial 0 has been trained as it was",
}
"""Why what trials are judged by can't change, by key."""

FORMAT = 2
"""Of what is kept, from the version on in which defaults of fields were changed that studies had relied on."""

FORMER_DEFAULTS: Mapping[int, Mapping[str, Any]] = {
    1: {"evaluation_share": None, "standardise_targets": False, "split": "random"}
}
"""By format, the defaults that fields of the platform's configs had where they have others now."""

INDEX_LEFT_OUT_SINCE = 2
"""The format from which on pandas' index is learnt from only where `features` names it (former_columns.py)."""


def to_go_on(data: Any, kept_as: int = FORMAT) -> Sweep:
    """The sweep, held against its loop as it is now; raises SweepError where it can't be run here.

    kept_as: the format in which it was kept: what it left out goes by the defaults of its own time.
    """
    from tuning.sweep import validation  # imports torch

    return validation.to_go_on(_with_defaults_of(data, kept_as))


def _with_defaults_of(data: Any, kept_as: int) -> Any:
    former = {name: value for each in range(kept_as, FORMAT) for name, value in FORMER_DEFAULTS[each].items()}
    try:
        config = trainables.loop_of(str(data["loop"])).Config
    except Unimportable:
        return data
    said = {*data.get("fixed", {}), *data.get("search", {})}
    relied_on = {name: value for name, value in former.items() if name in config.model_fields and name not in said}
    return {**data, "fixed": {**data.get("fixed", {}), **relied_on}}


def to_show(data: Mapping[str, Any]) -> Sweep:
    """The sweep as it was when its study began and all of it was checked; neither the loop nor torch is needed."""
    typed = {key: _typed(key, value) for key, value in data.items() if key in Sweep.model_fields}
    return Sweep.model_construct(**typed)


def _typed(key: str, value: Any) -> Any:
    if key == "search":
        return {name: dimensions.read_as_kept(dimension) for name, dimension in value.items()}
    group = fields.groups(Sweep, key).get(key)
    if group is None:
        return value
    return None if value in (None, "off") else group.model_validate(value)


def flaw(sweep: Sweep) -> Problem | None:
    """Why a sweep that is shown could not be gone on with: a loop of one's own that can't be imported here.

    The loops of the platform are there; what else may have changed with them is known once the study goes on.
    """
    if ":" not in sweep.loop:
        return None
    try:
        _ = sweep.loop_type
    except Unimportable as error:
        return Problem("loop", str(error))
    return None


def changed(
    sweep: Sweep, trials: str | None, time_limit: str | None, settings: Settings = (), kept_as: int = FORMAT
) -> Sweep:
    """The sweep with what may change while its study rests. Raises SweepError as ever, and where it may not.

    trials: in all, or `+50` for so many more.
    time_limit: as a file has it.
    settings: what is put over the sweep, by key path.
    kept_as: the format in which it was kept.
    """
    given = sweep.model_dump(mode="json")
    if trials is not None:
        number = yaml_text.parse(trials.removeprefix("+"), "trials")
        more = trials.startswith("+") and isinstance(number, int)
        given["trials"] = sweep.trials + number if more else number
    if time_limit is not None:
        given["time_limit"] = yaml_text.parse(time_limit, "time_limit")
    put = overrides.put_over(Document(given), settings)
    # Of another loop or environment all else would be wrong as well.
    other = [
        Problem(key, f"is {shown(put.data.get(key))}, the study has {shown(given.get(key))}")
        for key in ("loop", "environment", "metric", "direction")
        if put.data.get(key) != given.get(key)
    ]
    if other:
        raise SweepError(map(_refused, other))
    if sweep.sampler == "grid" and trials is None and put.data.get("search") != given["search"]:
        # A grid has as many trials as points.
        put = replace(put, data={key: value for key, value in put.data.items() if key != "trials"})
    made = to_go_on(put.data)
    # What a study has learnt from may be named, if that was left out.
    named = kept_as < INDEX_LEFT_OUT_SINCE and "features" not in sweep.fixed
    differing = [each for each in differences(sweep, made) if not (named and each.key_path == "fixed.features")]
    fixed = [_refused(each) for each in differing if not _of_search(each.key_path, sweep, made)]
    if fixed:
        raise SweepError(fixed)
    return made


def _of_search(path: str, old: Sweep, new: Sweep) -> bool:
    """Whether a difference at this key path is one of what is searched: of a field that is, was, or will be."""
    key, _, rest = path.partition(".")
    field = rest.partition(".")[0]
    searched = (field in old.search, field in new.search)
    if path in ("fixed", "default"):
        return True  # one of them has no fields at all; those of the other are looked at by themselves
    return key == "search" or (key == "fixed" and any(searched)) or (key == "default" and not all(searched))


def _refused(difference: Problem) -> Problem:
    why = WHY_NOT.get(difference.key_path.partition(".")[0])
    reason = "" if why is None else f"; {why}"
    may = ", ".join(sorted({*MAY_CHANGE, "search"}))
    return Problem(difference.key_path, f"{difference.message}{reason}; only {may} can change")


def differences(sweep: Sweep, other: Sweep) -> list[Problem]:
    """Where another sweep differs from that of a study, by key path, but for what may change while the study rests."""
    one, two = (flat(each.model_dump(mode="json", exclude=MAY_CHANGE)) for each in (sweep, other))
    return [
        Problem(path, f"is {shown(two.get(path))}, the study has {shown(one.get(path))}")
        for path in dict.fromkeys([*one, *two])
        if one.get(path) != two.get(path)
    ]
