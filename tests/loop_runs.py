"""Trainings of the small cases of loops, one of which many tests look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import torch
from loop_cases import CASES

from trainables import Loop
from trainables.base.report import Report
from trainables.loops.registry import loop_of

CPU = torch.device("cpu")
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}
"""Of the same arithmetic in another order, over some hundred updates."""


def begin(name: str, members: Sequence[dict[str, Any]], **common: Any) -> Loop:
    fields = {**CASES[name].common, "compile": "never", **common}
    made = loop_of(name)
    return made([made.Config(**(fields | member)) for member in members], CPU)


def weights(name: str, states: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The weights of each member, which the case of the loop finds in its state."""
    return [CASES[name].weights(state) for state in states]


def assert_alike(reports: Sequence[Report], others: Sequence[Report]) -> None:
    """Equal but for rounding."""
    for report, other in zip(reports, others, strict=True):
        assert [steps for steps, _ in report.points] == [steps for steps, _ in other.points]
        for (_, metrics), (_, expected) in zip(report.points, other.points, strict=True):
            assert metrics == pytest.approx(expected, rel=1e-3, abs=1e-5)
        assert (report.steps, report.best_steps, report.reason) == (other.steps, other.best_steps, other.reason)
        assert report.best == pytest.approx(other.best, rel=1e-3)


@dataclass(frozen=True)
class Trained:
    """The members of a case trained as far as its middle, and from there to the end of their budget.

    to_middle, to_end: what was reported there.
    at_middle, at_end: their states.
    best: what they deploy in the end.
    halts: both budgets with what was reported there.
    """

    to_middle: list[Report]
    at_middle: list[dict[str, Any]]
    to_end: list[Report]
    at_end: list[dict[str, Any]]
    best: list[dict[str, Any]]
    halts: tuple[tuple[int, list[Report]], ...]


@cache
def trained(name: str) -> Trained:
    """Once for all tests of a process, which only look at it."""
    case = CASES[name]
    loop = begin(name, case.members)
    to_middle, at_middle = loop.train(case.middle), loop.state()
    to_end = loop.train(case.common["budget"])
    halts = ((case.middle, to_middle), (case.common["budget"], to_end))
    return Trained(to_middle, at_middle, to_end, loop.state(), loop.best(), halts)
