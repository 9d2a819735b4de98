"""What ailed the trials of a study, and what might mend the one to use, word for word."""

from dataclasses import replace
from typing import Any

import pytest
from report_cases import SUMMARY, printed, trial

from tuning.diagnosis.verdict import Diagnosis, Verdict
from tuning.report.ailments import ailments, remedies
from tuning.study.summary import StudySummary, TrialSummary

HEALTHY = Diagnosis([], "Nothing in its curves says what bounds it.")
DIVERGED = Verdict(
    "diverged", "It diverged at step 100: the loss is not finite.", "Too large.", {"step": 100}, {"learning_rate": 0.1}
)
MISSING = Verdict("target_missing", "It chases its values.", "No target.", {}, {"target_network": True, "x": {"y": 1}})
SLOW = Verdict("too_slow", "It is slow.", "A low rate.", {}, {"learning_rate": 0.3}, 180.0)


def ending(number: int, *verdicts: Verdict, rate: float = 0.01, **changes: Any) -> TrialSummary:
    made = trial(number, 0.5, [], learning_rate=rate)
    return replace(made, diagnosis=Diagnosis(verdicts, HEALTHY.bound), **changes)


def diverging(number: int, rate: float, *causes: Verdict) -> TrialSummary:
    return ending(number, *causes, DIVERGED, rate=rate, state="pruned", value=None, diverged_at=100)


def study(*trials: TrialSummary) -> StudySummary:
    return replace(SUMMARY, trials=list(trials))


MOSTLY_DIVERGED = study(
    *(diverging(number, 0.004 + number / 1_000, *[MISSING] * (number < 15)) for number in range(20)),
    *(ending(number, rate=0.0029 - number / 100_000) for number in range(20, 30)),
    diverging(30, 0.001),
    ending(31, SLOW, rate=0.1),
)


def test_what_happened_to_most_and_what_it_went_with() -> None:
    assert ailments(MOSTLY_DIVERGED) == [
        "What ailed them: 21 diverged (target missing in 15), 10 healthy, 1 too slow.",
        "That went with learning_rate: diverged were 20 of the 21 with learning_rate above 0.003, and 1 of the 11 "
        "others.",
    ]


def test_what_may_be_chance_is_not_told() -> None:
    few = study(*(diverging(number, 0.1) for number in range(2)), *(ending(number) for number in range(2, 5)))
    assert ailments(few) == ["What ailed them: 3 healthy, 2 diverged."]


def test_of_trials_of_an_earlier_version_nothing_is_said() -> None:
    assert ailments(SUMMARY) == remedies(SUMMARY) == []
    assert "verdict" not in printed(SUMMARY, 100)


@pytest.mark.parametrize(
    ("trials", "first"),
    [
        ([ending(0, SLOW)], "What ails trial 0, the default: too slow."),
        ([diverging(0, 0.1, MISSING), ending(1)], "What ails trial 0, the default: target missing."),
        ([diverging(0, 0.1, MISSING), ending(1, SLOW)], "What ails trial 1: too slow."),
        ([ending(0), ending(1)], None),
        ([ending(0), replace(ending(1), diagnosis=None)], None),
    ],
)
def test_the_trial_to_use_is_spoken_of_where_it_ails_and_else_the_default(
    trials: list[TrialSummary], first: str | None
) -> None:
    said = remedies(study(*trials))
    assert said[:1] == ([] if first is None else [first])


def test_the_step_the_cause_and_the_patch_are_said() -> None:
    assert remedies(study(diverging(0, 0.1, MISSING))) == [
        "What ails trial 0, the default: target missing.",
        "  It diverged at step 100: the loss is not finite.",
        "  It chases its values.",
        "  Likely cause: No target.",
        '  What might mend it: target_network=true, x={"y": 1}',
        "Next: `tuning why tiny-1 --trial 0` has all that was found, `tuning mend tiny-1 --trial 0` tries what might "
        "mend it.",
    ]


def test_a_column_has_the_word_of_each_trial() -> None:
    rows = printed(study(ending(0), ending(1, SLOW)), 100).splitlines()
    (heading,) = (row.split() for row in rows if "verdict" in row)
    assert heading[-1] == "verdict"
    assert [row.split()[-2:] for row in rows if row[:2] in ("1 ", "2 ")] == [["0.5", "healthy"], ["too", "slow"]]


def test_of_a_default_that_diverged_beside_an_ailing_leader_cause_and_patch_are_told_too() -> None:
    leader = ending(1, SLOW, rate=0.001)
    shown = printed(study(diverging(0, 0.1, MISSING), leader), 200)
    assert "The default, trial 0, diverged at " in shown
    assert '  What might mend it: target_network=true, x={"y": 1}; `tuning mend tiny-1 --trial 0` tries it' in shown
