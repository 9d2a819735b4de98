"""How a study has ended, how long it took and how to go on with it, in words and in seconds."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from commands import Said
from rich.console import Console

from tuning.report import study_report
from tuning.study.study import Study

QUICK: dict[str, Any] = {"trials": 8, "pack_size": 2, "tracking": "off", "workers": 1, "sampler": "random"}


class Clock:
    """The seconds that a study counts, turned by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_seconds_are_kept_with_each_leg_and_go_on_in_the_next_life(runs: Path, clock: Clock) -> None:
    sweeps.created(runs, **QUICK)
    study = sweeps.opened(runs, now=clock)
    life = study.clock.running()
    life.__enter__()  # and never left, as if it were killed
    search = legs_by_hand.Searching(study, 1, [])
    clock.seconds += 20
    leg = search.next("leg")
    assert sweeps.opened(runs).clock.seconds == 20
    clock.seconds += 5
    search.reported("leg", legs_by_hand.reports(leg))
    assert sweeps.opened(runs).clock.seconds == 20, "not with every report"
    clock.seconds += 6
    search.reported("leg", legs_by_hand.reports(leg))
    assert sweeps.opened(runs).clock.seconds == 31, "but with one now and then"
    clock.seconds += 1
    search.trained("leg", legs_by_hand.reports(leg))
    assert sweeps.opened(runs).summary().seconds == 32
    again = sweeps.opened(runs, now=clock)
    with again.clock.running():
        clock.seconds += 8
        assert again.clock.seconds == 40
    assert sweeps.opened(runs).clock.seconds == again.clock.seconds == 40
    clock.seconds += 100
    assert again.clock.seconds == 40


def test_the_speed_is_that_of_the_search(runs: Path, clock: Clock, tuning: Callable[..., Said]) -> None:
    sweeps.created(runs, **QUICK)
    study = sweeps.opened(runs, now=clock)
    legs_by_hand.driven(study)
    with study.clock.running():
        clock.seconds += 16
        with study.clock.confirming():
            clock.seconds += 84
            study.clock.keep_now_and_then()
            assert (sweeps.opened(runs).summary().seconds, sweeps.opened(runs).summary().confirm_seconds) == (100, 84)
    study.attributes.set_state("finished", study.clock.seconds)
    first = tuning("show", "--root", str(runs))[1].splitlines()[0]
    assert first == "tiny-1: finished after 1:40 (1:24 confirming); 1,600 member-steps, 100 a second"
    shown = json.loads(tuning("show", "--json", "--root", str(runs))[1])
    assert (shown["seconds"], shown["confirm_seconds"], shown["ended_by"]) == (100, 84, None)


@pytest.mark.parametrize(
    ("limit", "value", "why", "how"),
    [
        ("max_steps", 600, "its max_steps, 600, were taken", "--set max_steps=null` goes on without this limit"),
        ("target", -1.0, "its target, -1, was reached", "--set target=null` goes on without this limit"),
        ("time_limit", 1e-9, "its time limit, 0:00, was over", "` goes on for as long again"),
    ],
)
def test_a_limit_that_ended_a_study_is_named(
    runs: Path, tuning: Callable[..., Said], limit: str, value: float, why: str, how: str
) -> None:
    sweeps.created(runs, **QUICK, **{limit: value})
    out = tuning("resume", "--root", str(runs), hire=legs_by_hand.ByHand())[1]
    assert f"Ended before its last trial, since {why}." in out.splitlines()
    space = " " if how.startswith("--") else ""
    assert f"Next: `tuning resume tiny-1{space}{how}." in out.splitlines()
    assert json.loads(tuning("show", "--json", "--root", str(runs))[1])["ended_by"] == limit
    code, out, _ = tuning("resume", "--set", f"{limit}=null", "--root", str(runs), hire=legs_by_hand.ByHand())
    assert code == 0
    assert "8 trials: 8 complete" in out
    assert "Ended" not in out
    assert "tuning resume" not in out


def test_after_an_interruption_it_says_how_to_go_on(runs: Path, tuning: Callable[..., Said]) -> None:
    sweeps.created(runs, **QUICK)
    for legs in (0, 2):
        code, out, _ = tuning("resume", "--root", str(runs), hire=legs_by_hand.ByHand(legs))
        assert code == 130
        assert "Next: `tuning resume tiny-1` goes on with it." in out.splitlines()


@pytest.fixture
def out_of_time(runs: Path) -> Study:
    """A study whose time was over after its first leg, and whose confirmation has not begun."""
    study = sweeps.created(runs, **{**QUICK, "time_limit": 3_600, "confirm": {"top": 1, "seeds": 2, "episodes": 5}})
    search = legs_by_hand.Searching(study)
    search.trained("leg", legs_by_hand.reports(search.leg()))
    search.policy.put_back()
    study.attributes.set_ended_by("time_limit")
    return study


def test_of_a_study_whose_time_was_over_the_confirmation_is_gone_on_with_and_not_the_search(
    runs: Path, out_of_time: Study, tuning: Callable[..., Said]
) -> None:
    begun = len(out_of_time.summary().trials)
    for legs, code, state in ((0, 130, "interrupted"), (9, 0, "finished")):
        ended, out, _ = tuning("resume", "--json", "--root", str(runs), hire=legs_by_hand.ByHand(legs))
        shown = json.loads(out)
        assert (ended, shown["state"], len(shown["trials"])) == (code, state, begun)
    assert shown["ended_by"] == "time_limit"
    assert shown["confirmation"] is not None
    ended, out, _ = tuning("resume", "--json", "--root", str(runs), hire=legs_by_hand.ByHand())
    assert json.loads(out)["counts"]["complete"] == 8, "finished, it searches for as long again"


@pytest.mark.usefixtures("out_of_time")
def test_with_more_time_the_search_goes_on_though_a_confirmation_was_cut_off(
    runs: Path, tuning: Callable[..., Said]
) -> None:
    code, out, _ = tuning("resume", "--time", "2h", "--json", "--root", str(runs), hire=legs_by_hand.ByHand())
    assert (code, json.loads(out)["counts"]["complete"]) == (0, 8)


@pytest.mark.parametrize(("given_up", "words"), [(1, "of 1 pruned trial trained"), (2, "of 2 pruned trials trained")])
def test_what_was_audited_is_counted(runs: Path, given_up: int, words: str) -> None:
    study = sweeps.created(runs, **QUICK)
    legs_by_hand.driven(study)
    summary = study.summary()
    trials = [replace(trial, given_up_at=50 if trial.number < given_up else None) for trial in summary.trials]
    said = io.StringIO()
    study_report.show(replace(summary, trials=trials), Console(width=200, file=said))
    assert words in said.getvalue()
