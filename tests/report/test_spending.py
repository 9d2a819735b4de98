"""What a study has spent, and whether more would pay, as people read it."""

import io
from dataclasses import replace

import pytest
from report_cases import CONFIRMED, SUMMARY, trial
from rich.console import Console

from tuning.report.spending import outlooks, spending
from tuning.rules.ledger import Spent
from tuning.study.summary import StudySummary

SPENT = replace(
    SUMMARY,
    trials=[
        replace(trial(0, 1.0, []), steps=500_000, worker_s=120.0),
        replace(trial(1, 2.0, []), steps=500_000, worker_s=130.0, lost_steps=20_000, lost_s=10.0),
        replace(trial(2, 0.0, []), value=None, state="pruned", steps=4_000, worker_s=1.0),
        replace(trial(3, 0.0, []), value=None, state="pruned", diverged_at=9, steps=9),
    ],
    confirm_spent=Spent(20, 1_000_000, 300.0),
)


def shown(summary: StudySummary, width: int = 80) -> list[str]:
    said = io.StringIO()
    Console(file=said, width=width).print(spending(summary))
    return [line.rstrip() for line in said.getvalue().splitlines()]


def test_each_purpose_has_a_row() -> None:
    assert shown(SPENT) == [
        "spent on                 trials  member-steps  share  worker time",
        "complete                      2     1,000,000    49%         4:00",
        "pruned                        1         4,000    <1%         0:01",
        "diverged                      1             9    <1%            -",
        "lost, and trained again       1        20,000    <1%         0:10",
        "confirming                          1,000,000    49%         5:00",
    ]


def test_where_all_was_spent_on_one_purpose_there_is_nothing_to_tell() -> None:
    assert spending(SUMMARY) is None


RISING = replace(SUMMARY, trials=[trial(number, float(number), []) for number in range(1, 13)])


def test_the_chance_of_more_trials_is_said_with_its_model() -> None:
    # Each of fifteen values is as likely to be the best: that of three is it one time in five.
    assert outlooks(RISING) == [
        "Going on: a chance of about 20% that 3 more trials beat the best value, judged by the newest 12 values."
    ]


def test_the_best_is_to_be_beaten_by_its_interval_where_it_was_confirmed() -> None:
    (said,) = outlooks(replace(RISING, confirmation=CONFIRMED.confirmation))
    assert "beat the best value by more than 0.1 (its interval on fresh seeds), judged by" in said


def test_trials_that_come_to_no_value_bring_none_and_seeds_that_differ_count() -> None:
    pruned = [replace(trial(number, 0.0, []), value=None, state="pruned") for number in range(13, 25)]
    best = replace(RISING.trials[-1], values=[11.0, 13.0])
    (said,) = outlooks(replace(RISING, trials=[*RISING.trials[:-1], best, *pruned]))
    # 1.5 of 3 more: 1.5 / 13.5 times (1 + 1.414 / 15)**-5.
    assert said.startswith("Going on: a chance of about 7% that 3 more trials beat the best value by more than 1.414 ")
    assert "(its seeds' standard deviation)" in said


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0] * 5, []),
        ([*range(12), 11], ["Going on: 2 trials share the best value, which may be the highest there is."]),
    ],
)
def test_where_nothing_can_be_told(values: list[float], said: list[str]) -> None:
    assert outlooks(replace(SUMMARY, trials=[trial(n, float(v), []) for n, v in enumerate(values)])) == said
