"""What is shown of a study: its trials, the best of them and the one to use, for a person and as JSON."""

import json
import math
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from rich.console import Console

from trainables.base.trivial_answer import TrivialAnswer
from tuning.report import study_report
from tuning.rules.objective import Direction
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.summary import Candidate, Confirmation, strongest

DIVERGED, FAILED = Outcome("pruned", diverged_at=120), Outcome("failed", reason="the worker died")


def test_how_far_the_seeds_of_a_trial_lie_apart_is_shown(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = sweeps.created(runs, seeds=3, aggregate="median")
    diverged = legs_by_hand.results(7.0, diverged_at=120)
    for members in (legs_by_hand.results(1.0, 2.0, 4.0), legs_by_hand.results(1.0, 3.0) + diverged):
        study.records.finish(legs_by_hand.planned(study).number, Outcome("complete", 2.0), members)
    first, second = study.summary().as_json()["trials"]
    assert (first["values"], first["spread"]) == ([1.0, 2.0, 4.0], pytest.approx(math.sqrt(7 / 3)))
    assert (second["values"], second["spread"]) == ([1.0, 3.0, None], pytest.approx(math.sqrt(2)))
    study_report.show(study.summary(), Console(width=100))
    said = capsys.readouterr().out
    assert "2 ± 1.528" in said
    assert "± the standard deviation over a trial's seeds" in said


@pytest.mark.parametrize(("direction", "place"), [("maximize", 1), ("minimize", 2)])
def test_the_checkpoint_shown_is_that_of_the_best_member(runs: Path, direction: str, place: int) -> None:
    study = sweeps.created(runs, seeds=4, direction=direction)
    plan = legs_by_hand.planned(study)
    study.records.finish(plan.number, Outcome("complete", -2.0), legs_by_hand.results(None, -1.0, -3.0, -2.0))
    (trial,) = study.summary().trials
    assert trial.checkpoint == str(runs / "studies" / "tiny-1" / "trials" / "00000" / f"seed-{place}" / "best.pt")


@pytest.mark.parametrize(("direction", "number"), [("maximize", 2), ("minimize", 1)])
def test_the_best_is_the_first_of_the_best_complete_trials(runs: Path, direction: str, number: int) -> None:
    study = sweeps.created(runs, direction=direction)
    for value in (0.0, -5.0, 4.0, 4.0, -5.0):
        legs_by_hand.ended(study, value)
    legs_by_hand.ended(study, DIVERGED)
    legs_by_hand.planned(study)
    best = study.summary().best
    assert best is not None
    assert best.number == number


def test_json_has_the_shape_that_is_promised(runs: Path) -> None:
    study = sweeps.created(runs)
    plans = [legs_by_hand.ended(study, -2.0), legs_by_hand.ended(study, -1.0), legs_by_hand.ended(study, DIVERGED)]
    plans += [legs_by_hand.ended(study, FAILED), legs_by_hand.planned(study, learning_rate=0.02)]
    for plan in plans[:4]:
        study.attributes.set_run(plan.number, f"run-{plan.number}")
    with study.held():
        study.attributes.set_state("running", 7.0)
        shown = json.loads(json.dumps(study.summary().as_json()))

    def trial(number: int, state: str, value: float | None, diverged_at: int | None = None) -> dict[str, Any]:
        return {
            "number": number,
            "state": state,
            "value": value,
            "params": plans[number].params,
            "run_id": None if number == 4 else f"run-{number}",
            "seeds": plans[number].seeds,
            "steps": 0 if number == 4 else 200,
            "seconds": 0 if number == 4 else 1.0,
            "diverged_at": diverged_at,
            "second": None,
            "given_up_at": None,
            "error": "the worker died" if state == "failed" else None,
            "values": [] if number == 4 else [value],
            "checkpoint": None if value is None else str(runs / f"studies/tiny-1/trials/{number:05d}/seed-0/best.pt"),
            "spread": None,
            "verdict": None,
        }

    spent = {purpose: (each["count"], each["steps"]) for purpose, each in shown.pop("ledger").items()}
    assert spent == {
        "complete": (2, 400),
        "pruned": (0, 0),
        "diverged": (1, 200),
        "failed": (1, 200),
        "under_way": (1, 0),
        "lost": (0, 0),
        "confirmation": (0, 0),
    }
    assert shown == {
        "name": "tiny-1",
        "state": "running",
        "notes": [],
        "flaw": None,
        "trivial": [],
        "unbeaten": None,
        "metric": "evaluation/return_mean",
        "direction": "maximize",
        "second": None,
        "front": None,
        "counts": {"complete": 2, "pruned": 1, "failed": 1, "running": 1, "waiting": 0},
        "ended_by": None,
        "waits_for": None,
        "changes": [],
        "seconds": 7.0,
        "confirm_seconds": 0.0,
        "member_steps": 800,
        "halving": None,
        "default": {"number": 0, "value": -2.0},
        "chosen": 1,
        "champion": None,
        "confirmation": None,
        "best": {
            "number": 1,
            "value": -1.0,
            "params": {"learning_rate": 0.01},
            "run_id": "run-1",
            "checkpoint": str(runs / "studies" / "tiny-1" / "trials" / "00001" / "seed-0" / "best.pt"),
        },
        "trials": [
            trial(0, "complete", -2.0),
            trial(1, "complete", -1.0),
            trial(2, "pruned", None, 120),
            trial(3, "failed", None),
            trial(4, "running", None),
        ],
    }
    waiting = study.summary().as_json()["counts"]
    assert (waiting["running"], waiting["waiting"]) == (0, 1)


def test_json_of_a_study_in_which_nothing_has_happened(runs: Path) -> None:
    shown = sweeps.created(runs).summary().as_json()
    assert (shown["best"], shown["default"], shown["trials"], shown["member_steps"]) == (None, None, [], 0)
    assert shown["counts"] == {"complete": 0, "pruned": 0, "failed": 0, "running": 0, "waiting": 0}


def test_among_equals_the_one_that_was_better_throughout_is_best(runs: Path) -> None:
    study = sweeps.created(runs, trials=3)
    for average in (0.2, 0.7, 0.4):
        plan = legs_by_hand.planned(study, learning_rate=0.01)
        study.records.finish(
            plan.number, Outcome("complete", 1.0), [MemberResult(200, 1.0, 50, average=average, points=4)]
        )
    summary = sweeps.opened(runs).summary()
    assert [trial.number for trial in summary.ranked()] == [1, 2, 0]
    assert summary.best is not None
    assert summary.best.number == 1


def test_whoever_is_first_on_fresh_seeds_is_the_one_to_use(runs: Path) -> None:
    study = sweeps.created(runs, trials=2)
    for value in (1.0, 2.0):
        legs_by_hand.ended(study, value)
    assert study.summary().chosen == study.summary().best
    candidates = [Candidate(number, False, 1.0, [1.0], 1.0, (1.0, 1.0), None) for number in (1, 0)]
    study.attributes.set_confirmation(Confirmation(candidates, None, 0, [1], None, 1))
    summary = sweeps.opened(runs).summary()
    assert summary.best is not None
    assert summary.chosen is not None
    assert (summary.best.number, summary.chosen.number) == (1, 0)


@pytest.mark.parametrize(("direction", "name"), [("maximize", "b"), ("minimize", "a")])
def test_the_strongest_trivial_answer_is_what_counts(direction: Direction, name: str) -> None:
    found = strongest([TrivialAnswer("a", 1.0, 1.0), TrivialAnswer("b", 2.0, 2.0)], direction)
    assert found is not None
    assert found.name == name
    assert strongest([], direction) is None
