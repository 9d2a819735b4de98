"""What the instruments cost: presets trained in turns with all of them and with none, in one process on one core."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any
from unittest import mock

import torch
from table import Goal, Result

from trainables.loops.contract import Loop
from trainables.loops.dqn import DQNLoop
from trainables.loops.learner import Learner
from trainables.loops.recent_steps import RecentSteps
from trainables.loops.registry import loop_of
from trainables.loops.reinforce import ReinforceLoop
from trainables.loops.supervised import SupervisedLoop
from tuning.sweep.loading import load

GOAL_PERCENT = 2.0
CASES: dict[str, tuple[str, ...]] = {
    # As many steps between two reports as the preset has.
    "cartpole-dqn": ("budget=9_000", "fixed.reports=6"),
    "cartpole-reinforce": (),
    "number-match": (),
    "conjunction-risk": (),
}


def measure(cases: Sequence[str] = tuple(CASES), members: int = 8, repetitions: int = 3, share: float = 1.0) -> Result:
    """Each preset is trained so often with and without, one report after the other, in turns; medians of the shares.

    members: of the pack. share: of the budget.
    """
    torch.set_num_threads(1)
    costs = {case: [_cost(case, members, share) for _ in range(repetitions)] for case in cases}
    middle = {case: 100 * median(each) for case, each in costs.items()}
    return Result(
        name="instruments",
        about=f"What a training takes longer for its instruments, in packs of {members} at each preset's default, by "
        "the processor's time. Without them no figure is reckoned at reports; the two numbers that an update hands "
        "back are in both.",
        headings=["", "percent"],
        rows=[[case, f"{percent:.1f}"] for case, percent in middle.items()],
        goals=[Goal(case, percent, GOAL_PERCENT, " %", most=True) for case, percent in middle.items()],
        notes=[f"Medians of {repetitions} trainings each."],
        figures={"percent": middle, "each": costs},
    )


def _cost(case: str, members: int, share: float) -> float:
    """The time that instruments take beside a training without them."""
    read = load(case, list(CASES[case]))
    config: Any = read.config()
    made = [
        loop_of(read.loop)([config.model_copy(update={"seed": seed}) for seed in range(members)], torch.device("cpu"))
        for _ in range(2)
    ]
    spent = [0.0, 0.0]
    reports = max(2, round(share * config.reports))
    for report in range(1, reports + 1):
        until = round(report * config.budget / config.reports)
        for place in (0, 1) if report % 2 else (1, 0):
            with _without() if place else _as_they_are():
                taken = _trained(made[place], until)
            # The first report has whatever is compiled and read.
            spent[place] += taken if report > 1 else 0.0
    return spent[0] / spent[1] - 1


def _trained(loop: Loop, until: int) -> float:
    began = time.process_time()
    loop.train(until)
    return time.process_time() - began


@contextmanager
def _as_they_are() -> Iterator[None]:
    yield


@contextmanager
def _without() -> Iterator[None]:
    """Within it a training has none of what instruments reckon."""

    def nothing(learner: Learner, watched: bool) -> list[dict[str, float]]:
        learner._forget()
        return [{} for _ in learner.alive]

    def nobody(loop: Any, *_: Any) -> list[dict[str, float]]:
        return [{} for _ in range(loop._members)]

    with (
        mock.patch.object(Learner, "_instruments", nothing),
        mock.patch.object(Learner, "_keep_ratios"),
        mock.patch.object(DQNLoop, "_look", nobody),
        mock.patch.object(DQNLoop, "_start_values", nobody),
        mock.patch.object(DQNLoop, "_see_lags"),
        mock.patch.object(ReinforceLoop, "_look", nobody),
        mock.patch.object(RecentSteps, "add"),
        mock.patch.object(SupervisedLoop, "_look", return_value={}),
    ):
        yield
