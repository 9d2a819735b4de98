"""What a model of a search believes, against a function that is known."""

import made_study
import numpy as np
import pytest
import sweeps

from tuning.report import beliefs
from tuning.report.axes import axes


def test_it_finds_the_best_rate_and_that_nothing_else_matters() -> None:
    summary = made_study.study(40)
    _, found = beliefs.compared(summary)
    known = axes(summary.sweep, [trial.params for trial, _ in found])
    model = beliefs.fitted(known, found)
    assert model is not None
    others = {"schedule": "fixed", "baseline": "none"}
    rates = 10 ** np.linspace(-3, -1, 41)
    mean, deviation = model.of([{**others, "learning_rate": rate} for rate in rates])
    assert np.log10(rates[mean.argmax()]) == pytest.approx(-2, abs=0.25)
    assert mean == pytest.approx([made_study.worth(rate) - 0.1 for rate in rates], abs=0.15)
    assert (deviation > 0).all()
    apart, _ = model.of(
        [{**others, "learning_rate": 0.01}, {"schedule": "cosine", "schedule.cosine.floor": 0.4, "learning_rate": 0.01}]
    )
    assert abs(apart[0] - apart[1]) < 0.15


@pytest.mark.parametrize("trials", [beliefs.FEWEST, 2])
def test_of_too_few_trials_or_equal_ones_it_believes_nothing(trials: int) -> None:
    summary = made_study.study(trials)
    _, found = beliefs.compared(summary)
    known = axes(summary.sweep, [trial.params for trial, _ in found])
    assert beliefs.fitted(known, found) is None
    alike = [(trial, 1.0) for trial, _ in found] * 20
    assert beliefs.fitted(known, alike) is None


def test_trials_are_compared_at_the_budget_that_most_came_to() -> None:
    at, found = beliefs.compared(made_study.study())
    assert (at, len(found)) == (100, 29)
    assert beliefs.compared(made_study.study(1)) == (None, [])
    assert axes(sweeps.tiny(), []) == []
