"""What is prescribed to policies that do not learn: baselines, and entropy weights beside the size of returns."""

import math

import pytest
from made import curve, names, training

from tuning.diagnosis.diagnosis import of_training


def patch_of(name: str, **config: object) -> dict[str, object]:
    """The patch of a verdict on a policy that collapses at once, at returns of -4."""
    one = training(
        {"learning_rate": 0.01, **config},
        train__entropy=curve(lambda x: 2.3 * math.exp(-90 * x)),
        evaluation__return_mean=curve(lambda x: -4.0 + x),
    )
    return next(verdict.patch for verdict in of_training(one).verdicts if verdict.name == name)


@pytest.mark.parametrize(
    ("config", "weight"),
    [
        ({}, 0.4),
        ({"reward_scale": 0.1}, 0.04),
        ({"entropy_weight": 0.1}, 1.0),
        ({"normalise_advantages": True}, 0.01),
    ],
)
def test_the_entropy_weight_goes_by_the_returns(config: dict[str, object], weight: float) -> None:
    assert patch_of("policy_collapsed", **config) == {
        "entropy_weight": pytest.approx(weight, rel=0.05),
        "entropy_schedule": "cosine",
    }


def test_returns_of_one_sign_ask_for_a_baseline() -> None:
    def one(baseline: str, low: float) -> list[str]:
        return names(
            training(
                {"baseline": baseline, "learning_rate": 0.01},
                train__entropy=curve(lambda x: 2 - x),
                evaluation__return_mean=curve(lambda x: low + 3 * x),
            )
        )

    assert "baseline_missing" in one("none", -4.0)
    assert "baseline_missing" in one("none", 1.0)
    assert "baseline_missing" not in one("none", -1.0)
    assert "baseline_missing" not in one("batch_mean", -4.0)
