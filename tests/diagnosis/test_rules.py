"""Each rule on trainings that went its way, and on those that nearly did."""

import math
from typing import Any

import pytest
from made import curve, faults, names, training

from tuning.diagnosis.curves import Curve
from tuning.diagnosis.diagnosis import of_training, of_trial
from tuning.diagnosis.training import Training


def falls(share: float) -> float:
    return math.exp(-6 * share) + 0.01


def losses(train: Any, validation: Any, noise: float = 0.0, **config: Any) -> Training:
    return training(
        config, train__loss=curve(train, noise=noise), validation__loss=curve(validation, noise=noise, seed=1)
    )


def test_the_two_printed_curves_of_the_lesson() -> None:
    overfit = losses(
        lambda x: 0.6 * math.exp(-4 * x) + 0.02,
        lambda x: 0.6 * math.exp(-5 * x) + 0.12 + max(0.0, 0.25 * (x - 0.58)),
        noise=0.002,
    )
    (first, *_) = of_training(overfit).verdicts
    assert first.name == "overfitting"
    assert first.step is not None
    assert 0.5 * 1_000 <= first.step <= 0.67 * 1_000
    assert of_training(losses(lambda x: 0.6, lambda x: 0.61, noise=0.004)).word == "underfitting"


@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_a_training_that_falls_and_settles_is_healthy(noise: float) -> None:
    well = losses(falls, lambda x: falls(x) + 0.01, noise)
    assert of_training(well).healthy, of_training(well).verdicts


def test_a_validation_loss_that_rises_with_the_training_loss_is_no_overfitting() -> None:
    both = losses(lambda x: 0.1 + (x - 0.5) ** 2, lambda x: 0.2 + (x - 0.5) ** 2)
    assert "overfitting" not in names(both)


def test_divergence_names_the_step_and_comes_with_what_allowed_it() -> None:
    grows = curve(lambda x: math.exp(20 * x))
    config = {
        "learning_rate": 0.1,
        "max_norm": None,
        "target_network": False,
        "reduction": "sum",
        "loss": "squared",
        "reward_scale": 1.0,
    }
    found = of_training(
        Training(
            {
                "train/loss": grows,
                "train/gradient_norm": grows,
                "train/epsilon": curve(lambda x: 0.1),
                "evaluation/return_mean": curve(lambda x: 100 * x),
            },
            config,
            "dqn",
            1_000,
            "evaluation/return_mean",
            "maximize",
            diverged_at=700,
            reason="the gradient is not finite",
        )
    )
    assert {"target_missing", "loss_summed", "reward_scale", "diverged", "gradients_unclipped"} <= set(faults(found))
    diverged = next(each for each in found.verdicts if each.name == "diverged")
    assert diverged.step == 700
    assert "the gradient is not finite" in diverged.sentence
    assert diverged.patch == {"learning_rate": 0.01}


@pytest.mark.parametrize("last", [math.nan, math.inf])
def test_a_curve_that_ends_in_no_number_has_diverged_there(last: float) -> None:
    found = of_training(Training({"train/loss": Curve.of([(1, 1.0), (2, 2.0), (3, 5.0), (4, last)])}))
    assert found.word == "diverged"
    assert found.verdicts[0].step == 4


def test_a_loss_that_blows_up_has_diverged_even_if_it_is_a_number() -> None:
    blown = Training({"train/loss": Curve.of((at, 10.0**at) for at in range(10))})
    assert of_training(blown).word == "diverged"
    once = Training({"train/loss": Curve.of((at, 1e6 if at == 4 else 1.0) for at in range(10))})
    assert "diverged" not in names(once)


@pytest.mark.parametrize(
    ("shape", "noise", "word"),
    [
        (lambda x: 100 * x, 1.0, "too_slow"),
        (lambda x: 100 * x**3, 1.0, "too_slow"),
        (lambda x: 100 * math.sqrt(x), 0.5, "still_improving"),
        (lambda x: 100 * (1 - math.exp(-8 * x)), 1.0, "healthy"),
        (lambda x: 30.0, 40.0, "oscillating"),
        (lambda x: -200.0, 0.0, "no_reward"),
    ],
)
def test_how_a_return_goes(shape: Any, noise: float, word: str) -> None:
    for seed in range(5):
        one = training(evaluation__return_mean=curve(shape, noise=noise, seed=seed))
        assert of_training(one).word == word, seed


def test_what_is_solved_has_nothing_wrong_with_its_course() -> None:
    one = training(evaluation__return_mean=curve(lambda x: 500 * x))
    solved = Training(one.curves, {}, "dqn", 1_000, "evaluation/return_mean", "maximize", solved=475)
    assert of_training(solved).healthy
    assert of_training(solved).bound == "It reaches what there is to reach."


@pytest.mark.parametrize(
    ("schedule", "expected"), [("fixed", "slightly_off"), ({"kind": "fixed"}, "slightly_off"), ("cosine", None)]
)
def test_an_end_below_the_best_is_laid_to_a_rate_that_stays(schedule: Any, expected: str | None) -> None:
    def course(x: float) -> float:
        return 100 * math.sin(3 * x) if x < 0.5 else 85.0

    one = training({"learning_rate": 1e-3, "schedule": schedule}, evaluation__return_mean=curve(course, noise=0.5))
    found = {verdict.name: verdict for verdict in of_training(one).verdicts}
    assert (found.get("slightly_off") is not None) == (expected is not None)
    assert of_training(one).healthy  # worth knowing, and no fault


@pytest.mark.parametrize(
    ("share", "limit", "expected"),
    [(1.0, 0.01, "max_norm_in_charge"), (0.0, 50.0, "max_norm_inert"), (0.3, 1.0, None), (0.0, None, None)],
)
def test_what_max_norm_does(share: float, limit: float | None, expected: str | None) -> None:
    one = training(
        {"max_norm": limit},
        train__loss=curve(falls),
        validation__loss=curve(falls),
        train__clipped_share=curve(lambda x: share),
    )
    assert {name for name in names(one) if name.startswith("max_norm")} == ({expected} if expected else set())


@pytest.mark.parametrize(
    ("entropy", "word"),
    [
        (lambda x: 0.69 * math.exp(-60 * x), "policy_collapsed"),
        (lambda x: 0.69 - 0.01 * x, "policy_never_settles"),
        (lambda x: 0.69 * (1 - 0.9 * x), "healthy"),
        (lambda x: 1.4 - 4 * x, "healthy"),  # of continuous actions, whose deviation shrinks
    ],
)
def test_what_becomes_of_the_entropy(entropy: Any, word: str) -> None:
    one = training(
        {"learning_rate": 0.01, "entropy_weight": 0.0},
        train__entropy=curve(entropy),
        evaluation__return_mean=curve(lambda x: 10 * (1 - math.exp(-8 * x))),
    )
    assert of_training(one).word == word


DQN = {
    "target_network": True,
    "target_interval": 10,
    "target_tau": 1.0,
    "gradient_steps": 2,
    "train_frequency": 1,
    "learning_starts": 20,
    "reward_scale": 1.0,
}


@pytest.mark.parametrize(
    ("changes", "epsilon", "value", "expected"),
    [
        ({}, lambda x: max(0.05, 1 - 3 * x), 10.0, None),
        ({"target_interval": 300}, lambda x: max(0.05, 1 - 3 * x), 10.0, "target_too_slow"),
        ({"target_interval": 1}, lambda x: max(0.05, 1 - 3 * x), 10.0, "target_too_fast"),
        ({"target_network": False}, lambda x: max(0.05, 1 - 3 * x), 10.0, "target_missing"),
        ({"learning_starts": 500}, lambda x: max(0.05, 1 - x), 10.0, "learning_starts_too_late"),
        ({}, lambda x: 0.9, 10.0, "exploration_never_over"),
        ({"learning_starts": 100}, lambda x: 0.05, 10.0, "exploration_too_short"),
        ({}, lambda x: max(0.05, 1 - 3 * x), 400.0, "values_overestimated"),
    ],
)
def test_dqn(changes: dict[str, Any], epsilon: Any, value: float, expected: str | None) -> None:
    one = training(
        {**DQN, **changes},
        train__epsilon=curve(epsilon),
        train__value_mean=curve(lambda x: value * x),
        evaluation__return_mean=curve(lambda x: 100 * (1 - math.exp(-8 * x)), noise=0.5),
    )
    assert faults(of_training(one)) == ([expected] if expected else [])


def test_a_trial_has_the_verdicts_that_half_of_its_seeds_have_and_every_divergence() -> None:
    well = training(validation__loss=curve(falls), train__loss=curve(falls))
    flat = losses(lambda x: 0.6, lambda x: 0.61, noise=0.004)
    broken = Training(well.curves, {}, "supervised", 1_000, "validation/loss", "minimize", diverged_at=3)
    assert of_trial([well, well, flat]).healthy
    assert of_trial([well, flat]).word == "underfitting"
    assert of_trial([well, well, broken]).word == "diverged"
    assert of_trial([well]).healthy


def test_seeds_that_end_far_apart_are_named() -> None:
    ends = [100.0, 95.0, 10.0, 98.0]
    trainings = [
        training(evaluation__return_mean=curve(lambda x, end=end: end * (1 - math.exp(-8 * x)), noise=0.3))
        for end in ends
    ]
    assert "seeds_disagree" in [verdict.name for verdict in of_trial(trainings).verdicts]
    assert "seeds_disagree" not in [verdict.name for verdict in of_trial(trainings[:2]).verdicts]


def test_a_training_without_curves_has_nothing_wrong_that_can_be_seen() -> None:
    assert of_training(Training({})).verdicts == []


def test_of_a_training_that_was_given_up_nothing_is_said_that_its_end_would_have_to_show() -> None:
    curves = {
        "train__epsilon": curve(lambda x: 1 - 0.9 * x, budget=300),
        "evaluation__return_mean": curve(lambda x: 10 * x, budget=300),
    }
    whole, given_up = training(DQN, 300, **curves), training(DQN, 1_000, **curves)
    assert {"exploration_never_over", "still_improving"} <= {"exploration_never_over", *names(whole)}
    assert "still_improving" in names(whole)
    assert names(given_up) == ["cut_short"]
    assert (of_training(given_up).healthy, of_training(given_up).word) == (True, "cut_short")
