"""The report of a study, word for word: with room for a column a parameter, and without; confirmed, and not."""

from dataclasses import replace
from typing import Any

import pytest
from report_cases import CONFIRMED, SUMMARY, printed, trial
from sweep_cases import SUPERVISED

from trainables.base.trivial_answer import TrivialAnswer
from tuning.report.confirmation import verdict
from tuning.study.summary import Candidate
from tuning.sweep.model import Sweep

BEFORE = """\
tiny-1: finished after 1:40; 1,200 member-steps, 12 a second
3 trials: 3 complete
"""
WIDE = """\
                 return  learning
   trial           mean  rate      schedule
1      1  0.75 ± 0.3536  0.1       cosine 0.1
2      2            0.5  0.08      fixed
3     0*       0.25 ± 0  0.01      fixed
"""
TIGHT = """\
               return learning
  trial          mean rate     schedule
1     1 0.75 ± 0.3536 0.1      cosine 0.1
2     2           0.5 0.08     fixed
3    0*      0.25 ± 0 0.01     fixed
"""
NARROW = """\
                 return
   trial           mean  what differs
1      1  0.75 ± 0.3536  learning_rate
                         0.1, schedule
                         cosine 0.1
2      2            0.5  learning_rate
                         0.08, schedule
                         fixed
3     0*       0.25 ± 0  learning_rate
                         0.01, schedule
                         fixed
"""
AFTER = """\
* the default configuration
± the standard deviation over a trial's seeds

What mattered: learning_rate 81%, baseline 14%
learning_rate: the best is 0.1, at the edge of 0.001 to 0.1; try 0.01 to 1

Best: trial 1, evaluation/return_mean 0.75; the default configuration reaches 0.25.
  weights  /runs/1/best.pt
  MLflow   run-1
Next: `tuning ui` to compare the runs, `tuning show tiny-1 --json` for scripts."""


@pytest.mark.parametrize(("width", "table"), [(100, WIDE), (47, WIDE), (44, TIGHT), (40, NARROW)])
def test_parameters_have_columns_of_their_own_where_there_is_room(width: int, table: str) -> None:
    assert printed(SUMMARY, width) == "\n".join([BEFORE, table + AFTER])


def test_the_confirmed_are_a_table_and_a_verdict() -> None:
    assert """
Confirmed on 6 fresh seeds (interquartile means)
trial  searched  confirmed  95 % interval  wins against default
    1      0.75        0.5     0.4 to 0.6                   90%
   0*      0.25       0.25   0.25 to 0.25
1 of 6 trainings of trial 1 failed, and count as diverged until `tuning confirm` tries again: the worker died
Champion: trial 1.

To use by what fresh seeds say: trial 1, evaluation/return_mean 0.5 (0.4 to 0.6), 0.75 in the search; the default \
configuration reaches 0.25.
""" in printed(CONFIRMED, 100)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"champion": 0, "leader": 0}, "Champion: trial 0, the default configuration."),
        (
            {"champion": None, "tied": [2]},
            "Undecided: trial 1 leads, but can't be told from 2. About 7 more seeds might tell: "
            "`tuning confirm tiny-1 --seeds 13`.",
        ),
        (
            {"champion": None, "tied": [2, 3], "more_seeds": None},
            "Undecided: trial 1 leads, but can't be told from 2 and 3. "
            "No sensible number of seeds would tell them apart.",
        ),
        (
            {"champion": None, "tied": [0], "more_seeds": 1},
            "No winner: trial 1 leads, and can't be told from the default configuration. About 1 more seed might tell: "
            "`tuning confirm tiny-1 --seeds 7`.",
        ),
        (
            {"champion": None, "tied": [1, 2], "leader": 0},
            "No winner: the default configuration leads, and no trial is told apart from it.",
        ),
        (
            {
                "champion": None,
                "tied": [2],
                "kind": "equals",
                "equals": [2, 1],
                "use": 2,
                "margin": 0.01,
                "reason": "worst end",
            },
            "Equally good: trials 1 and 2, within 0.01 of each other. "
            "Use trial 2: its interval has the better worse end.",
        ),
        (
            {"champion": None, "unbeaten": "predicting the mean"},
            "No winner: trial 1 leads, and does not beat predicting the mean.",
        ),
        ({"champion": None}, "No winner: trial 1 leads, but too many of its trainings diverged."),
    ],
)
def test_a_verdict_in_words(changes: dict[str, Any], said: str) -> None:
    assert CONFIRMED.confirmation is not None
    assert verdict(replace(CONFIRMED.confirmation, **{"more_seeds": 7, **changes}), "tiny-1") == said


def test_values_of_the_search_that_misled_are_named() -> None:
    scores: list[float | None] = [-25.0, -24.0, -26.0, -23.0, -27.0]
    candidates = [
        Candidate(1, False, -2.5, scores, -25.0, (-27.0, -23.0), 0.5),
        Candidate(0, True, -24.0, scores, -25.0, (-27.0, -23.0), None),
    ]
    assert CONFIRMED.confirmation is not None
    found = replace(CONFIRMED.confirmation, candidates=candidates, champion=None, tied=[0], more_seeds=53)
    said = printed(replace(CONFIRMED, confirmation=found), 1_000)
    assert "\nFar outside what was searched: trial 1 had -2.5, has -25. What trials were compared by says" in said
    assert "\nNo winner: trial 1 can't be told from 0, and values of the search misled.\n" in said
    assert "53 more" not in said


RANDOM, CONSTANT = TrivialAnswer("a random policy", 0.5, 0.6), TrivialAnswer("always action 1", 0.25, 0.25)


def test_beside_the_best_stands_what_is_scored_without_learning() -> None:
    shown = printed(replace(SUMMARY, trivial=[RANDOM, CONSTANT]), 200)
    assert "\nWithout learning: a random policy 0.5, always action 1 0.25.\n" in shown
    assert shown.splitlines()[0] == BEFORE.splitlines()[0]


@pytest.mark.parametrize(
    ("changes", "answers", "said"),
    [
        ({}, [TrivialAnswer("a random policy", 0.8, 0.9)], "evaluation/return_mean is 0.75 at best, and 0.8 without"),
        # Better than chance is not enough where always the same is better yet.
        (
            {},
            [RANDOM, TrivialAnswer("always action 1", 0.75, 0.75)],
            "No trial beats always action 1: evaluation/return_mean is 0.75 at best, and 0.75 without learning.",
        ),
        (
            {},
            [TrivialAnswer("a random policy", 0.7, 0.8)],
            "No trial beats a random policy: evaluation/return_mean is 0.75 at best, and 0.7 without learning; "
            "above 0.8 is more than chance.",
        ),
        ({"state": "running"}, [TrivialAnswer("a random policy", 0.8, 0.9)], "No trial beats a random policy yet: "),
        # Fresh seeds come to 0.5, from 0.4 to 0.6.
        (
            {"confirmation": CONFIRMED.confirmation},
            [TrivialAnswer("a random policy", 0.45, 0.45)],
            "No trial beats a random policy: evaluation/return_mean is 0.5 on fresh seeds, and 0.45 without learning.",
        ),
        (
            {"trials": [replace(each, value=-200.0) for each in SUMMARY.trials]},
            [TrivialAnswer(name, -200.0, -200.0) for name in ("a random policy", "always action 0")],
            "No trial ever reached the goal: evaluation/return_mean is -200 in all of them, as it is of a random",
        ),
    ],
)
def test_that_no_trial_is_better_is_said_first_and_nothing_of_what_mattered(
    changes: dict[str, Any], answers: list[TrivialAnswer], said: str
) -> None:
    first, *rest = printed(replace(SUMMARY, trivial=answers, **changes), 200).splitlines()
    assert said in first
    assert not any("What mattered" in line for line in rest)


def test_where_rows_are_too_few_it_is_said() -> None:
    sweep = Sweep.model_validate({**SUPERVISED, "fixed": {"loss": "cross_entropy"}})
    trials = [replace(each, value=0.3) for each in SUMMARY.trials]
    summary = replace(SUMMARY, sweep=sweep, trials=trials, trivial=[TrivialAnswer("predicting shares", 0.5, -0.1)])
    assert printed(summary, 200).splitlines()[0].endswith("; on so few rows whatever could be better may be chance.")


def test_of_many_the_ten_best_and_the_default_are_shown() -> None:
    many = [trial(number, float(number), [], learning_rate=0.001 * (number + 1)) for number in range(20)]
    rows = [line.split()[:2] for line in printed(replace(SUMMARY, trials=many), 100).splitlines()]
    shown = [row for row in rows if len(row) == 2 and row[0].isdigit() and row[1].strip("*").isdigit()]
    assert shown == [*([str(rank), str(20 - rank)] for rank in range(1, 11)), ["20", "0*"]]


DIVERGED: dict[str, Any] = {"state": "pruned", "value": None, "diverged_at": 100, "reason": "the loss is not finite"}
FAILED: dict[str, Any] = {"state": "failed", "value": None, "reason": "no such thing"}


@pytest.mark.parametrize(
    ("befell", "said"),
    [
        ({}, "3 trials: 3 complete"),
        ({2: DIVERGED}, "3 trials: 2 complete, 1 pruned; 1 diverged"),
        ({0: DIVERGED}, "The default, trial 0, diverged at 100: the loss is not finite."),
        ({2: FAILED}, "3 trials: 2 complete, 1 failed"),
        ({2: FAILED}, "trial 2: no such thing"),
        (
            {0: DIVERGED, 1: FAILED, 2: FAILED},
            "No trial has a value: trial 0: the loss is not finite; trial 1: no such t",
        ),
    ],
)
def test_what_befell_trials_is_said(befell: dict[int, dict[str, Any]], said: str) -> None:
    trials = [replace(each, **befell.get(each.number, {})) for each in SUMMARY.trials]
    assert any(line.startswith(said) for line in printed(replace(SUMMARY, trials=trials), 200).splitlines())


def test_of_a_study_that_has_not_begun() -> None:
    shown = printed(replace(SUMMARY, trials=[], seconds=0.0), 200)
    assert "3 trials: none begun" in shown
    assert "No trial has a value" in shown


def test_where_there_is_no_terminal_lines_of_text_stay_whole() -> None:
    path = f"/a/folder/{'of a long name/' * 20}best.pt"
    failed = replace(SUMMARY.trials[2], **{**FAILED, "reason": f"it broke; {path}"})
    trials = [SUMMARY.trials[0], replace(SUMMARY.trials[1], checkpoint=path), failed]
    lines = printed(replace(SUMMARY, trials=trials), 60).splitlines()
    assert f"trial 2: it broke; {path}" in lines
    assert f"  weights  {path}" in lines
    assert max(len(line) for line in lines if line.split()[:1] in (["1"], ["2"])) <= 60
