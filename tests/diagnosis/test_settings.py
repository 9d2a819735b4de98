"""Settings far outside of what works, steps of the wrong size and idle units: named where there was more to gain."""

from typing import Any

import pytest
from made import curve, faults, training

from tuning.diagnosis.diagnosis import of_training, short_of_goal
from tuning.diagnosis.training import Loop, Training


def settled(x: float) -> float:
    return 100 * (1 - 2.718 ** (-8 * x))


def of(loop: Loop, config: dict[str, Any], solved: float | None = None, **curves: float) -> Training:
    """A training whose return rises and settles, with further curves that stay as they are."""
    named = {name.replace("__", "/"): curve(lambda x, value=value: value) for name, value in curves.items()}
    one = training(evaluation__return_mean=curve(settled, noise=0.3))
    return Training(
        {**one.curves, **named},
        config,
        loop,
        1_000,
        "evaluation/return_mean",
        "maximize",
        solved,
    )


@pytest.mark.parametrize(
    ("loop", "config", "curves", "expected", "patch"),
    [
        ("dqn", {"hidden": [64, 2]}, {}, "network_too_small", {"hidden": [64, 64]}),
        ("dqn", {"hidden": [64, 64], "initialisation": {"kind": "uniform", "bound": 5.0}}, {}, "first_weights", None),
        ("dqn", {"initialisation": {"kind": "uniform", "bound": 0.5}}, {}, None, None),
        ("supervised", {"dropout": 0.9}, {}, "dropout_too_strong", {"dropout": 0.0}),
        (
            "supervised",
            {"dropout": 0.3},
            {"train__loss": 1e-20, "validation__loss": 1e-21},
            "dropout_too_strong",
            {"dropout": 0.0},
        ),
        (
            "supervised",
            {"optimizer": {"kind": "adam", "weight_decay": 0.1}},
            {},
            "weight_decay_too_strong",
            {"optimizer": {"adam": {"weight_decay": 0.0}}},
        ),
        ("supervised", {"optimizer": {"kind": "adamw", "weight_decay": 0.1}}, {}, None, None),
        ("dqn", {"gamma": 0.5}, {"evaluation__episode_steps": 90.0}, "short_sighted", {"gamma": 0.99}),
        ("dqn", {"gamma": 0.5}, {"evaluation__episode_steps": 1.0}, None, None),
        ("dqn", {"gamma": 0.99}, {"evaluation__episode_steps": 500.0}, None, None),
        (
            "dqn",
            {"replay": False, "batch_size": 1, "reduction": "sum"},
            {},
            "replay_missing",
            {"replay": True, "batch_size": 64, "reduction": "mean"},
        ),
        ("dqn", {"replay": False, "batch_size": 1}, {}, "replay_missing", {"replay": True, "batch_size": 64}),
        ("dqn", {"optimizer": "sgd"}, {}, "plain_gradient_descent", {"optimizer": "adam", "learning_rate": 0.001}),
        ("dqn", {"optimizer": "adam"}, {}, None, None),
        ("dqn", {"replay": True, "replay_capacity": 20}, {}, "replay_too_small", {"replay_capacity": 1_000}),
        ("dqn", {"train_frequency": 200, "gradient_steps": 2}, {}, "updates_too_few", None),
        ("dqn", {"train_frequency": 4, "gradient_steps": 2}, {}, None, None),
        ("dqn", {"n_steps": 100}, {}, "n_steps_too_many", {"n_steps": 3}),
        ("dqn", {"reward_scale": 100.0}, {}, "reward_scale", {"reward_scale": 0.1}),
        ("dqn", {"reward_scale": 1e-4}, {}, "reward_scale", {"reward_scale": 1.0}),
        ("reinforce", {"batch_size": 200}, {"train__episode_steps": 1.0}, "updates_too_few", {"batch_size": 20}),
        ("reinforce", {"batch_size": 1}, {}, "batch_too_small", {"batch_size": 16}),
        ("supervised", {"warmup": 0.9}, {}, "warmup_too_long", {"warmup": 0.05}),
        ("supervised", {"learning_rate": 1e-6}, {"train__update_ratio": 1e-6}, "rate_too_low", {"learning_rate": 1e-3}),
        (
            "supervised",
            {"learning_rate": 1e-3, "optimizer": "sgd"},
            {"train__update_ratio": 1e-6},
            "rate_too_low",
            {"optimizer": "adam", "learning_rate": 1e-3},
        ),
        (
            "supervised",
            {"max_norm": 1e-4, "optimizer": "sgd"},
            {"train__update_ratio": 1e-6, "train__clipped_share": 1.0},
            "max_norm_too_low",
            {"max_norm": 1.0},
        ),
        ("supervised", {"learning_rate": 1.0}, {"train__update_ratio": 0.5}, "rate_too_high", {"learning_rate": 0.02}),
        ("supervised", {"learning_rate": 1e-3}, {"train__update_ratio": 1e-3}, None, None),
        ("supervised", {}, {"train__dead_units": 0.95}, "dead_units", None),
        ("supervised", {}, {"train__saturated_units": 0.9}, "saturated_units", None),
        ("supervised", {}, {"train__saturated_units": 0.1, "train__dead_units": 0.7}, None, None),
    ],
)
def test_what_is_far_from_usual(
    loop: Loop, config: dict[str, Any], curves: dict[str, float], expected: str | None, patch: dict[str, Any] | None
) -> None:
    found = of_training(of(loop, config, **curves))
    assert faults(found) == ([expected] if expected else [])
    if patch is not None:
        assert found.verdicts[0].patch == patch


def test_nothing_is_held_against_what_reached_its_goal() -> None:
    config = {"gamma": 0.5, "hidden": [2], "batch_size": 1, "replay_capacity": 20}
    found = of("dqn", config, solved=90.0, evaluation__episode_steps=90.0, train__update_ratio=0.5)
    assert of_training(found).healthy


@pytest.mark.parametrize(("believed", "expected"), [(150.0, []), (450.0, ["values_overestimated"])])
def test_values_are_held_against_what_episodes_came_to(believed: float, expected: list[str]) -> None:
    one = of("dqn", {}, evaluation__start_value=believed, evaluation__discounted_return=100.0, train__value_mean=9e9)
    assert faults(of_training(one)) == expected


def test_how_far_weights_went_tells_a_rate_that_is_too_low() -> None:
    one = of("supervised", {"learning_rate": 1e-4}, train__update_ratio=5e-4)
    far, near = (
        Training({**one.curves, "train/updates": curve(lambda x, n=n: n * x)}, one.config) for n in (6_000, 400)
    )
    assert far.way == pytest.approx(3.0)
    assert faults(of_training(far)) == []
    (verdict,) = of_training(near).verdicts
    assert (verdict.name, verdict.patch) == ("rate_too_low", {"learning_rate": 1e-3})


@pytest.mark.parametrize(
    ("solved", "entropy", "expected"),
    [(200.0, 0.1, ["policy_settled_short"]), (200.0, 0.6, []), (90.0, 0.1, []), (None, 0.1, [])],
)
def test_a_policy_that_has_made_up_its_mind_short_of_its_goal(
    solved: float | None, entropy: float, expected: list[str]
) -> None:
    one = of("reinforce", {"entropy_weight": 0.0}, solved, train__entropy_share=entropy)
    flat = {**one.curves, "evaluation/return_mean": curve(lambda x: min(100.0, 400 * x))}
    assert (
        faults(of_training(Training(flat, one.config, one.loop, 1_000, one.score, one.direction, solved))) == expected
    )


@pytest.mark.parametrize(("entropy", "expected"), [(0.1, ["policy_blind"]), (1.0, [])])
def test_a_policy_that_still_acts_at_random_has_not_looked_away(entropy: float, expected: list[str]) -> None:
    one = of("reinforce", {}, train__entropy_share=entropy, train__input_dependence=0.01)
    assert faults(of_training(one)) == expected


@pytest.mark.parametrize(
    ("solved", "dependence", "wrappers", "expected"),
    [
        (1e6, 0.6, (), True),
        (None, 0.2, ["TimeAwareObservation"], True),
        (None, 0.6, (), False),  # it may be a count
        (1e6, 0.6, ["OneHotObservation"], False),
        (-1_000.0, 0.6, (), False),  # solved
    ],
)
def test_whole_numbers_that_a_policy_takes_for_sizes(
    solved: float | None, dependence: float, wrappers: list[str], expected: bool
) -> None:
    settings = {"wrappers": wrappers}
    one = of("reinforce", settings, solved, train__input_kinds=10.0, train__input_dependence=dependence)
    found = {verdict.name: verdict.patch for verdict in of_training(one).verdicts}
    assert ("input_as_number" in found) == expected
    if expected:
        assert found["input_as_number"] == {"wrappers": [*wrappers, "OneHotObservation"]}


@pytest.mark.parametrize(
    ("config", "curves", "expected"),
    [
        ({"hidden": []}, {}, ["network_too_small"]),
        ({"hidden": [64]}, {}, []),
        ({"validation_share": 0.98}, {}, ["training_part_too_small"]),
        ({"validation_share": 0.5}, {}, []),
        ({"batch_size": 1_600}, {"train__updates": 20.0}, ["updates_too_few"]),
        ({"batch_size": 64}, {"train__updates": 500.0}, []),
        ({"optimizer": "adam", "learning_rate": 1.0}, {}, ["rate_too_high"]),
        ({"optimizer": "sgd", "learning_rate": 1.0}, {}, []),
        ({"optimizer": {"kind": "adam"}, "learning_rate": 0.3}, {}, []),
    ],
)
def test_supervised_settings_that_are_far_from_usual(
    config: dict[str, Any], curves: dict[str, float], expected: list[str]
) -> None:
    flat = {name: curve(lambda _, value=value: value) for name, value in curves.items()}
    losses = {"train__loss": curve(lambda x: 2 - x), "validation__loss": curve(lambda x: 2 - x)}
    found = {verdict.name: verdict.patch for verdict in of_training(training(config, **losses, **flat)).verdicts}
    seen = {"network_too_small", "training_part_too_small", "updates_too_few", "rate_too_high"} & set(found)
    assert sorted(seen) == expected
    assert all(found[name] for name in seen)


@pytest.mark.parametrize(("solved", "expected"), [(200.0, ["goal_missed"]), (90.0, []), (None, [])])
def test_a_goal_that_is_missed_with_nothing_else_wrong_asks_for_more_budget(
    solved: float | None, expected: list[str]
) -> None:
    found = of_training(of("dqn", {}, solved))
    named = [verdict for verdict in found.verdicts if verdict.name == "goal_missed"]
    assert [verdict.name for verdict in named] == expected
    assert found.healthy
    assert all(verdict.patch == {"budget": 3_000} and "where 200 is the goal" in verdict.sentence for verdict in named)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"baseline": "value", "value_weight": 1e4}, ["value_weight_too_large"]),
        ({"baseline": "value", "value_weight": 1.0}, []),
        ({"baseline": "batch_mean", "value_weight": 1e4}, []),
    ],
)
def test_values_that_weigh_more_than_the_policy(config: dict[str, Any], expected: list[str]) -> None:
    assert [name for name in faults(of_training(of("reinforce", config))) if name.startswith("value_")] == expected


def test_a_goal_that_most_members_miss_asks_for_more_budget_whatever_else_ails_them() -> None:
    misses, reaches, aimless = (of("dqn", {"replay": False}, goal) for goal in (200.0, 90.0, None))
    found = short_of_goal([misses, misses, reaches])
    assert found is not None
    assert found.patch == {"budget": 3_000}
    assert short_of_goal([misses, reaches]) is None
    assert short_of_goal([aimless]) is None


@pytest.mark.parametrize(
    ("hidden", "bound", "expected"),
    [([24, 24], 0.5, True), ([8], 0.5, False), ([64, 64], 0.1, False), ([64, 64], 5e-4, True)],
)
def test_first_weights_are_held_against_the_width_of_their_layers(
    hidden: list[int], bound: float, expected: bool
) -> None:
    config = {"hidden": hidden, "initialisation": {"kind": "uniform", "bound": bound}}
    assert ("first_weights" in faults(of_training(of("dqn", config)))) == expected
