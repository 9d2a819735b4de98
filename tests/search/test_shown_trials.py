"""What samplers are shown of a study: its best and newest trials, and what is under way."""

from collections.abc import Sequence

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuning.rules.objective import Direction
from tuning.search.shown_trials import BEST_SEEN, MOST_RUNNING, ShownTrials, as_complete

COMPLETE, PRUNED, RUNNING, FAIL = TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING, TrialState.FAIL


def trial(
    number: int,
    values: Sequence[float] = (),
    state: TrialState = COMPLETE,
    curve: dict[int, float] | None = None,
    known: bool = True,
) -> FrozenTrial:
    made = create_trial(
        state=state,
        values=values or None,
        params={"rate": 0.5} if known else {},
        distributions={"rate": FloatDistribution(0, 1)} if known else {},
        intermediate_values=curve or {},
    )
    made.number = number
    return made


def numbers(trials: Sequence[FrozenTrial]) -> list[int]:
    return [each.number for each in trials]


def test_of_many_the_best_and_the_newest_are_shown() -> None:
    shown = ShownTrials({"rate"}, BEST_SEEN + 10, ["minimize"])
    # The first trials are the best ones.
    assert numbers(shown.of([trial(number, [number]) for number in range(200)])) == [*range(50), *range(190, 200)]


def test_what_was_looked_at_is_remembered() -> None:
    shown, trials = ShownTrials({"rate"}, BEST_SEEN + 10, ["maximize"]), list[FrozenTrial]()
    for number in range(200):
        trials.append(trial(number, [-number]))
        found = numbers(shown.of(trials))
    assert found == [*range(50), *range(190, 200)]


def test_of_pruned_trials_the_later_ones_are_better_and_the_diverged_are_worst() -> None:
    made = [trial(number, state=PRUNED) for number in range(60)]
    made += [trial(number, state=PRUNED, curve={10: 5.0}) for number in range(60, 90)]
    made += [trial(number, state=PRUNED, curve={30: 1.0}) for number in range(90, 120)]
    shown = ShownTrials({"rate"}, BEST_SEEN, ["maximize"])
    assert numbers(shown.of(made)) == [*range(60, 80), *range(90, 120)]


def test_with_two_objectives_the_best_are_those_on_the_first_fronts() -> None:
    poor = [trial(number, [1.0, number]) for number in range(60)]
    front = [trial(60 + number, [2.0 + number, -number]) for number in range(50)]
    shown = ShownTrials({"rate"}, BEST_SEEN, ["maximize", "maximize"])
    assert numbers(shown.of(poor + front)) == [*range(60, 110)]


def test_failed_trials_and_those_without_a_needed_parameter_are_not_shown() -> None:
    made = [trial(0, [1.0], known=False), trial(1, state=FAIL), trial(2, [1.0])]
    assert numbers(ShownTrials({"rate"}, BEST_SEEN, ["maximize"]).of(made)) == [2]


def test_of_those_under_way_the_newest_are_shown_and_one_at_a_rung_as_pruned_there() -> None:
    made = [trial(0, state=RUNNING, curve={10: 1.0}), *(trial(number, state=RUNNING) for number in range(1, 101))]
    shown = ShownTrials({"rate"}, BEST_SEEN, ["maximize"]).of(made)
    assert numbers(shown) == [0, *range(101 - MOST_RUNNING, 101)]
    assert [each.state for each in shown] == [PRUNED] + [RUNNING] * MOST_RUNNING
    assert made[0].state == RUNNING


@pytest.mark.parametrize(("direction", "worse"), [("maximize", -3.0), ("minimize", 9.0)])
def test_a_pruned_trial_counts_with_its_last_value_and_a_diverged_one_as_worse_than_all(
    direction: Direction, worse: float
) -> None:
    pruned, diverged = trial(1, state=PRUNED, curve={10: 3.0, 30: 1.0}), trial(2, state=PRUNED)
    shown = as_complete([trial(0, [5.0]), pruned, diverged, trial(3, state=RUNNING)], [direction])
    assert [each.values for each in shown] == [[5.0], [1.0], [worse], None]
    assert [each.state for each in shown] == [COMPLETE, COMPLETE, COMPLETE, RUNNING]
    # Of nothing but diverged trials nothing can be worse than others.
    assert as_complete([diverged], [direction]) == []
