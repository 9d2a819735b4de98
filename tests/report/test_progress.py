"""What a person sees while a sweep runs, by a clock that is turned by hand."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from rich.console import Console

from trainables.messages import PackRequest
from tuning.report.progress import Progress
from tuning.study.study import Study


class Watched:
    """A search that is driven by hand, and what is shown of it; a leg takes ten seconds."""

    def __init__(self, study: Study) -> None:
        self.seconds, self.said = 0.0, io.StringIO()
        console = Console(file=self.said, width=200)
        self.progress = Progress(study, console, now=lambda: self.seconds)
        self.search = legs_by_hand.Searching(study, 1, [self.progress])
        self._legs = 0

    def begin(self) -> PackRequest:
        return self.search.leg(f"leg {self._legs}")

    def leg(self, wait: float = 10.0, score: float | None = None) -> None:
        leg = self.begin()
        self.seconds += wait
        scored = legs_by_hand.reports(leg, legs_by_hand.score_of if score is None else lambda member: score)
        self.search.trained(f"leg {self._legs}", replace(scored, train_s=wait))
        self._legs += 1

    def legs(self, count: int, wait: float = 10.0) -> None:
        for _ in range(count):
            self.leg(wait)

    def shown(self) -> str:
        text = io.StringIO()
        Console(file=text, width=200).print(self.progress)
        return text.getvalue()


@pytest.fixture
def packs() -> dict[str, Any]:
    return {"trials": 20, "pack_size": 2, "sampler": "random"}


def test_a_study_that_goes_on_is_shown_whole(runs: Path, packs: dict[str, Any]) -> None:
    first = Watched(sweeps.created(runs, **packs))
    first.legs(6)
    first.begin()
    first.search.policy.put_back()
    before = first.shown()
    best, default = sweeps.opened(runs).summary().best, sweeps.opened(runs).summary().default
    assert best is not None
    assert best.value is not None
    assert default is not None
    assert default.value is not None
    values = f"best {best.value:.4g} (trial {best.number}), default {default.value:.4g}"
    assert values in before
    again = Watched(sweeps.opened(runs))
    assert "12 of 20 trials done, 0 running" in again.shown()
    assert values in again.shown()
    assert "time left: -" in again.shown()
    # The leg that was cut off may go on from checkpoints, so it says nothing of the speed.
    again.leg(wait=2.0)
    again.legs(2)
    assert "18 of 20 trials done" in again.shown()
    # Two members of 200 steps are left; two such took ten seconds.
    assert "40 member-steps/s, 0:10 left" in again.shown()


def test_a_study_that_was_killed_is_shown_with_what_it_keeps(runs: Path, packs: dict[str, Any]) -> None:
    halved = {**packs, "halving": {"reduction": 2, "minimum": 50}}
    first = Watched(sweeps.created(runs, **halved))
    first.legs(7)
    again = Watched(sweeps.opened(runs))
    assert again.shown().splitlines()[2] == first.shown().splitlines()[2], "the same best and default"
    ended = set(sweeps.opened(runs).records.ends())
    assert f"{len(ended)} of 20 trials done, 0 running" in again.shown()
    standing = sweeps.opened(runs).records.standing()
    assert set(standing) == set(sweeps.opened(runs).records.plans()) - ended
    assert {member.steps for members in standing.values() for member in members} == {50}


def test_it_says_how_far_mlflow_is_behind_while_it_is(runs: Path, packs: dict[str, Any]) -> None:
    said: list[str | None] = [None]
    console = Console(file=(text := io.StringIO()), width=200)
    progress = Progress(sweeps.created(runs, **packs), console, lambda: said[-1])
    console.print(progress)
    assert "behind" not in text.getvalue()
    said.append("MLflow is 120 points behind: connection refused")
    console.print(progress)
    assert text.getvalue().endswith("\nMLflow is 120 points behind: connection refused\n")


def test_there_is_no_time_left_before_there_is_a_basis(runs: Path, packs: dict[str, Any]) -> None:
    watched = Watched(sweeps.created(runs, **packs))
    watched.leg(wait=60.0)
    assert "time left: -" in watched.shown()
    watched.leg()
    assert "40 member-steps/s, 1:20 left" in watched.shown()


def test_trials_that_ended_early_leave_nothing_to_be_trained(runs: Path, packs: dict[str, Any]) -> None:
    watched = Watched(sweeps.created(runs, **packs))
    for number in range(10):
        leg = watched.begin()
        watched.seconds += 10
        diverged = (0, 1) if number < 8 else ()
        watched.search.trained("leg 0", replace(legs_by_hand.reports(leg, diverged=diverged), train_s=10.0))
    assert "0:00 left" in watched.shown()


def test_limits_bound_the_time_left(runs: Path, packs: dict[str, Any]) -> None:
    limited = Watched(sweeps.created(runs, **packs, time_limit=60))
    assert "starting the workers; time left: -, at most 1:00" in limited.shown()
    limited.legs(4)
    assert "40 member-steps/s, 0:20 left" in limited.shown()
    few = Watched(sweeps.created(runs, **packs, max_steps=2_000))
    few.legs(4)
    assert "40 member-steps/s, 0:10 left" in few.shown()
    aimed = Watched(sweeps.created(runs, **packs, target=5.0))
    aimed.legs(4)
    assert "at most 1:00 left" in aimed.shown()
    aimed.leg(score=6.0)
    assert "40 member-steps/s, 0:00 left" in aimed.shown()


def test_without_a_terminal_there_is_a_line_now_and_then(runs: Path, packs: dict[str, Any]) -> None:
    watched = Watched(sweeps.created(runs, **packs))
    watched.legs(4, wait=4.0)
    (line,) = watched.said.getvalue().splitlines()
    assert line == "tiny-1: 4 of 20 trials done, 2 running; 100 member-steps/s, 0:28 left"


def test_of_several_seeds_the_trial_is_what_counts(runs: Path) -> None:
    watched = Watched(sweeps.created(runs, trials=4, pack_size=4, seeds=2, sampler="random"))
    leg = watched.begin()
    scores = iter([0.0, -3.0, -1.0, -1.0])
    watched.search.trained("leg 0", legs_by_hand.reports(leg, lambda member: next(scores)))
    assert "best -1 (trial 1), default -1.5" in watched.shown()
