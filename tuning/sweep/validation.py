"""All that is wrong with a sweep, at once, and what a person should know of one that can be run."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from trainables.loops.contract import Loop
from tuning.errors import Finding, Note, Problem, SweepError
from tuning.sweep import draft as drafts
from tuning.sweep import plain_data
from tuning.sweep.checks import data_set, environment, learning, limits, objectives, sampler, subject, unused_fields
from tuning.sweep.draft import Draft
from tuning.sweep.key_paths import in_order, notes_in_order
from tuning.sweep.model import MOST_TRIALS, Sweep
from tuning.sweep.plain_data import shown


@dataclass(frozen=True)
class Checked:
    """A sweep that can be run, and what a person should know of it before."""

    sweep: Sweep
    notes: list[Note]


def to_begin(data: Any) -> Sweep:
    """The sweep of some data, for a new study. Raises SweepError with all that is wrong."""
    return _checked(data).sweep


def to_begin_here(data: Any) -> Sweep:
    """The same, for this machine: with the environment, the data set and the networks that it has to have."""
    return checked_here(data).sweep


def checked_here(data: Any) -> Checked:
    """The same, with what a person should know of it. Raises SweepError with all that is wrong."""
    return _checked(data, here=True)


def to_go_on(data: Any) -> Sweep:
    """The sweep of a study that was begun, perhaps before settings that are of no use were refused."""
    return _checked(data, begun=True).sweep


def _checked(data: Any, here: bool = False, begun: bool = False) -> Checked:
    plain, found = plain_data.plain(data)
    if not isinstance(plain, dict):
        raise SweepError([Problem("", f"a sweep should be a mapping of its settings, is {shown(data)}")])
    draft, findings = drafts.read(plain), list[Finding]()
    if draft.loop is not None:
        findings += _impossible(draft, draft.loop)
        findings += [] if begun else _useless(draft, draft.loop)
    found += [*_problems(findings), *draft.problems]
    if not found and draft.sweep.sampler == "grid":
        draft, found = _as_grid(draft)
    if here:
        available = [*data_set.problems(draft), *environment.problems(draft)]
        findings, found = [*findings, *available], [*found, *_problems(available)]
    if found:
        raise SweepError(in_order(found, plain))
    return Checked(draft.sweep, notes_in_order((each for each in findings if isinstance(each, Note)), plain))


def _problems(findings: Iterable[Finding]) -> list[Problem]:
    return [each for each in findings if isinstance(each, Problem)]


def _impossible(draft: Draft, loop: type[Loop]) -> Iterator[Finding]:
    """Why no study of this could be run."""
    yield from subject.problems(draft, loop)
    yield from objectives.problems(draft, loop)
    yield from limits.problems(draft, loop)
    yield from sampler.problems(draft, loop)


def _useless(draft: Draft, loop: type[Loop]) -> Iterator[Finding]:
    """What of it would be of no use."""
    yield from learning.problems(draft)
    yield from unused_fields.problems(draft, loop)


def _as_grid(draft: Draft) -> tuple[Draft, list[Problem]]:
    """A grid has as many trials as points, if it is not said how many; never more."""
    points = draft.sweep.points
    trials = draft.sweep.trials if "trials" in draft.given else points
    most = min(points, MOST_TRIALS)
    too_many = Problem("trials", f"should be at most {most:_}: the grid has {points:_} points")
    return replace(draft, values={**draft.values, "trials": trials}), [too_many] if trials > most else []
