"""What runs say of themselves, as Markdown."""

from dataclasses import replace
from typing import Any

import pytest
from report_cases import CONFIRMED, SUMMARY

from tuning.diagnosis.verdict import Diagnosis, Verdict
from tuning.rules.trial_outcome import Outcome, pruned
from tuning.tracking.run_notes import fitting, leader_note, study_note, trial_note
from tuning.tracking.shared_view import MODE

AILS = Diagnosis([Verdict("x", "It chases its values.", "No target.", {}, {"target_network": True})], "")
RUNS = {number: f"run-{number}" for number in range(3)}


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (Outcome("complete", 1.0), None),
        (pruned(1_000), "**Given up by halving**: not among the best at 1,000, with 21.35."),
        (Outcome("failed", reason="the worker died"), "**Could not be trained**: the worker died."),
        (
            Outcome("pruned", diverged_at=1_234, reason="the loss is not finite"),
            "**Diverged at step 1,234**: the loss is not finite.\n\nIt chases its values. Likely cause: No target.\n\n"
            "What might mend it: `target_network=true`",
        ),
    ],
)
def test_a_trial_says_why_it_ended_before_its_time(found: Outcome, note: str | None) -> None:
    assert trial_note(found, AILS, 21.345678) == note


def test_a_study_has_a_leaderboard_with_links_and_says_how_to_go_on() -> None:
    table, goes_on = study_note(SUMMARY, "4", RUNS).split("\n\n")
    assert table.splitlines() == [
        "|  | trial | evaluation/return_mean | learning_rate | schedule | schedule.cosine.floor | baseline |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        f"| 1 | [#1](#/experiments/4/runs/run-1?{MODE}) | 0.75 | 0.1 | cosine | 0.1 | none |",
        f"| 2 | [#2](#/experiments/4/runs/run-2?{MODE}) | 0.5 | 0.08 | fixed | - | none |",
        f"| 3 | [#0](#/experiments/4/runs/run-0?{MODE}) (default) | 0.25 | 0.01 | fixed | - | none |",
    ]
    assert goes_on == "`tuning resume tiny-1 --trials +3` tries more; `tuning show tiny-1` says all of it."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "It is the champion: they tell it apart from all other candidates."),
        ({"champion": None, "tied": [0, 2]}, "It can't be told from 0, 2 yet."),
        ({"champion": None, "unbeaten": "a random policy"}, "That does not beat a random policy."),
    ],
)
def test_how_sure_it_is_is_said(changes: dict[str, Any], said: str) -> None:
    assert CONFIRMED.confirmation is not None
    summary = replace(CONFIRMED, confirmation=replace(CONFIRMED.confirmation, **changes))
    sentence = f"On 6 fresh seeds trial 1 has 0.5 (95 % interval 0.4 to 0.6). {said}"
    assert sentence in study_note(summary, "4", RUNS).split("\n\n")
    assert sentence in leader_note(summary, "run-1").split("\n\n")


def test_the_leader_says_how_it_is_loaded() -> None:
    note = leader_note(SUMMARY, "run-1")
    assert 'mlflow.artifacts.download_artifacts("runs:/run-1/checkpoint/best.pt")' in note
    assert note.count("```") == 2


def test_a_note_is_cut_at_a_line() -> None:
    assert fitting("one\ntwo\nthree", 8) == "one\ntwo"
    assert fitting("one", 8_000) == "one"
