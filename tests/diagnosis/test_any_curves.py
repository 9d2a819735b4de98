"""Whatever curves and settings there are, a diagnosis is made of them, and can be kept."""

import json
import math

from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.diagnosis.curves import Curve
from tuning.diagnosis.diagnosis import of_training, of_trial
from tuning.diagnosis.training import Training

NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, math.inf, -math.inf, math.nan]),
    st.floats(-1e6, 1e6, allow_nan=False),
)
STEPS = st.lists(st.integers(0, 10_000), min_size=1, max_size=30, unique=True).map(sorted)
NAMES = (
    *("train/loss", "validation/loss", "validation/r2", "train/gradient_norm", "train/clipped_share"),
    *("train/learning_rate", "evaluation/return_mean", "train/entropy", "train/value_mean", "train/epsilon"),
    *("train/update_ratio", "train/updates", "train/dead_units", "train/saturated_units", "train/entropy_share"),
    *("train/common_action", "train/input_dependence", "train/input_kinds", "evaluation/start_value"),
    *("evaluation/discounted_return", "train/episode_steps", "evaluation/episode_steps"),
)
CONFIG = st.fixed_dictionaries(
    {},
    optional={
        "learning_rate": st.sampled_from([1e-6, 1e-3, 0.5, 10.0]),
        "max_norm": st.sampled_from([None, 1e-4, 1.0]),
        "optimizer": st.sampled_from(["adam", "sgd", {"kind": "sgd", "momentum": 0.9, "weight_decay": 0.1}]),
        "schedule": st.sampled_from(["fixed", {"kind": "cosine", "floor": 0.0}]),
        "batch_size": st.sampled_from([1, 32, 2_000]),
        "hidden": st.sampled_from([[], [1], [64, 64]]),
        "gamma": st.sampled_from([0.0, 0.5, 0.99, 1.0]),
        "reward_scale": st.sampled_from([1e-9, 1.0, 1e9]),
        "entropy_weight": st.sampled_from([0.0, 1.0]),
        "baseline": st.sampled_from(["none", "value"]),
        "replay": st.booleans(),
        "replay_capacity": st.sampled_from([1, 100_000]),
        "target_network": st.booleans(),
        "target_interval": st.sampled_from([1, 500, 10_000]),
        "learning_starts": st.sampled_from([0, 5_000]),
        "epsilon": st.sampled_from([{"kind": "linear", "start": 1.0, "end": 0.05, "share": 0.3}]),
        "n_steps": st.sampled_from([1, 100]),
        "train_frequency": st.sampled_from([1, 1_000]),
        "dropout": st.sampled_from([0.0, 0.9]),
        "warmup": st.sampled_from([0.0, 0.9]),
        "validation_share": st.sampled_from([0.2, 0.99]),
        "wrappers": st.just([]),
    },
)


@st.composite
def trainings(draw: st.DrawFn) -> Training:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=8))
    steps = draw(STEPS)
    curves = {name: Curve.of([(step, draw(NUMBERS)) for step in steps]) for name in names}
    return Training(
        curves,
        draw(CONFIG),
        draw(st.sampled_from(["dqn", "reinforce", "supervised", None])),
        draw(st.sampled_from([None, 100, 10_000])),
        draw(st.sampled_from([None, "evaluation/return_mean", "validation/loss"])),
        draw(st.sampled_from([None, "maximize", "minimize"])),
        draw(st.sampled_from([None, 0.0, 475.0])),
        draw(st.sampled_from([None, 50])),
        draw(st.sampled_from([None, "the loss is not finite"])),
    )


@settings(max_examples=150)
@given(trainings())
def test_a_diagnosis_is_made_of_any_curves(training: Training) -> None:
    found = of_training(training)
    for verdict in found.verdicts:
        assert verdict.name
        assert verdict.sentence
        json.dumps(verdict.as_json())
    assert of_trial([training, training]).word
