"""Spaces: what Optuna is asked, that its answer and a finished trial's parameters agree, and the way back."""

import json
from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import PartialFixedSampler, RandomSampler
from optuna.trial import FixedTrial

from tuning.sweep import kept_sweep
from tuning.sweep.dimensions import Choices, FloatRange, IntRange, Options
from tuning.sweep.model import Sweep
from tuning.sweep.space import (
    Space,
    distributions,
    fitting,
    outside,
    params_of,
    shown,
    structural_names,
    suggest,
    suggest_known,
)

optuna.logging.set_verbosity(optuna.logging.WARNING)

SPACE = Space(
    {
        "learning_rate": FloatRange(low=1e-4, high=1e-2, log=True),
        "schedule": Options(choices={"fixed": {}, "cosine": {"floor": FloatRange(low=0.0, high=0.1)}}),
        "optimizer": Options(choices={"sgd": {"momentum": 0.9}, "adam": {"beta1": Choices(choices=(0.8, 0.9))}}),
        "target_interval": IntRange(low=100, high=500, step=100),
        "gradient_steps": IntRange(low=1, high=16, log=True),
        "hidden": Choices(choices=([64], [64, 64])),
        "max_norm": Choices(choices=(None, 1.0, 10.0)),
        "environment_args": Choices(choices=({}, {"n": 10})),
        "normalise": Choices(choices=(False, True)),
    },
    structural=frozenset({"optimizer", "gradient_steps", "hidden", "environment_args"}),
)
PARAMS = {
    "learning_rate": 1e-3,
    "schedule": "cosine",
    "schedule.cosine.floor": 0.03,
    "optimizer": "adam",
    "optimizer.adam.beta1": 0.8,
    "target_interval": 300,
    "gradient_steps": 4,
    "hidden": "[64, 64]",
    "max_norm": None,
    "environment_args": '{"n": 10}',
    "normalise": True,
}
CONFIGURATION = {
    "learning_rate": 1e-3,
    "schedule": {"cosine": {"floor": 0.03}},
    "optimizer": {"adam": {"beta1": 0.8}},
    "target_interval": 300,
    "gradient_steps": 4,
    "hidden": [64, 64],
    "max_norm": None,
    "environment_args": {"n": 10},
    "normalise": True,
}


def test_parameters_become_the_values_of_a_config_and_back() -> None:
    assert suggest(SPACE, FixedTrial(PARAMS)) == CONFIGURATION
    assert params_of(SPACE, CONFIGURATION) == PARAMS


def test_an_option_brings_its_plain_settings_along_and_no_others() -> None:
    params = {**PARAMS, "schedule": "fixed", "optimizer": "sgd"}
    found = suggest(SPACE, FixedTrial(params))
    assert (found["schedule"], found["optimizer"]) == ({"fixed": {}}, {"sgd": {"momentum": 0.9}})
    assert not {"schedule.cosine.floor", "optimizer.adam.beta1"} & params_of(SPACE, found).keys()


def test_optuna_is_asked_for_just_these_distributions() -> None:
    trial = optuna.create_study(sampler=RandomSampler(seed=0)).ask(
        {"schedule": CategoricalDistribution(["cosine"]), "optimizer": CategoricalDistribution(["adam"])}
    )
    narrow = {
        **SPACE.dimensions,
        "schedule": Options(choices={"cosine": {"floor": FloatRange(low=0.0, high=0.1)}}),
        "optimizer": Options(choices={"adam": {"beta1": Choices(choices=(0.8, 0.9))}}),
    }
    suggest(Space(narrow), trial)
    assert trial.distributions == {
        "learning_rate": FloatDistribution(1e-4, 1e-2, log=True),
        "schedule": CategoricalDistribution(["cosine"]),
        "schedule.cosine.floor": FloatDistribution(0.0, 0.1),
        "optimizer": CategoricalDistribution(["adam"]),
        "optimizer.adam.beta1": CategoricalDistribution([0.8, 0.9]),
        "target_interval": IntDistribution(100, 500, step=100),
        "gradient_steps": IntDistribution(1, 16, log=True),
        "hidden": CategoricalDistribution(["[64]", "[64, 64]"]),
        "max_norm": CategoricalDistribution([None, 1.0, 10.0]),
        "environment_args": CategoricalDistribution(["{}", '{"n": 10}']),
        "normalise": CategoricalDistribution([False, True]),
    }


def test_options_within_options_are_called_after_all_that_holds_them() -> None:
    inner = Options(choices={"b": {"x": IntRange(low=1, high=3)}, "c": {}})
    space = Space({"outer": Options(choices={"a": {"inner": inner}})})
    params = {"outer": "a", "outer.a.inner": "b", "outer.a.inner.b.x": 2}
    assert suggest(space, FixedTrial(params)) == {"outer": {"a": {"inner": {"b": {"x": 2}}}}}
    assert params_of(space, {"outer": {"kind": "a", "inner": {"kind": "b", "x": 2}}}) == params


def test_structural_are_the_fields_and_never_the_settings_of_an_option() -> None:
    assert structural_names(SPACE, PARAMS) == {"optimizer", "gradient_steps", "hidden", "environment_args"}
    assert structural_names(SPACE, {"learning_rate": 1e-3, "hidden": "[64]"}) == {"hidden"}
    search: dict[str, Any] = {"optimizer": {"choices": {"sgd": {"momentum": {"low": 0, "high": 0.9}}, "adam": {}}}}
    read = Sweep.model_validate({**DATA, "search": {**search, **DATA["search"]}})
    assert read.space.structural == {"optimizer", "batch_size", "hidden"}


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_pack_asked_under_its_structural_parameters_has_them_in_common() -> None:
    study = optuna.create_study(sampler=RandomSampler(seed=1))
    first = study.ask()
    suggest(SPACE, first)
    shared = {name: first.params[name] for name in structural_names(SPACE, first.params)}
    study.sampler = PartialFixedSampler(shared, RandomSampler(seed=2))
    rest = [study.ask() for _ in range(20)]
    values = [suggest(SPACE, trial) for trial in rest]
    assert all(trial.params[name] == shared[name] for trial in rest for name in shared)
    assert len({each["learning_rate"] for each in values}) == 20


@pytest.mark.parametrize(
    ("field", "value", "params"),
    [
        ("learning_rate", 1e-4, {"learning_rate": 1e-4}),
        ("learning_rate", 1e-2, {"learning_rate": 1e-2}),
        ("learning_rate", 9e-5, {}),
        ("learning_rate", 0.011, {}),
        ("target_interval", 100, {"target_interval": 100}),
        ("target_interval", 500, {"target_interval": 500}),
        ("target_interval", 250, {}),
        ("target_interval", 600, {}),
        ("hidden", [64], {"hidden": "[64]"}),
        ("hidden", [128], {}),
        ("max_norm", None, {"max_norm": None}),
        ("max_norm", 2.0, {}),
        ("schedule", "fixed", {"schedule": "fixed"}),
        ("schedule", {"kind": "cosine", "floor": 0.1}, {"schedule": "cosine", "schedule.cosine.floor": 0.1}),
        ("schedule", {"kind": "cosine", "floor": 0.2}, {"schedule": "cosine"}),
        ("schedule", {"kind": "step", "factor": 0.5}, {}),
    ],
)
def test_what_lies_outside_a_dimension_has_no_parameter(field: str, value: Any, params: dict[str, Any]) -> None:
    assert params_of(Space({field: SPACE.dimensions[field]}), {field: value}) == params


@pytest.mark.parametrize(
    ("params", "fits"),
    [
        (PARAMS, PARAMS),
        ({**PARAMS, "gamma": 0.9, "schedule.step.every": 0.1}, PARAMS),
        ({**PARAMS, "learning_rate": 1.0}, None),
        ({**PARAMS, "schedule.cosine.floor": 0.2}, None),
        ({**PARAMS, "schedule": "step"}, None),
        ({name: value for name, value in PARAMS.items() if name != "hidden"}, None),
        ({name: value for name, value in PARAMS.items() if name != "schedule.cosine.floor"}, None),
        (
            {**PARAMS, "schedule": "fixed", "schedule.cosine.floor": 9.0},
            {name: "fixed" if name == "schedule" else PARAMS[name] for name in PARAMS if "floor" not in name},
        ),
        ({}, None),
    ],
)
def test_parameters_fit_whole_or_not_at_all(params: dict[str, Any], fits: dict[str, Any] | None) -> None:
    assert fitting(SPACE, params) == fits


def test_what_can_be_drawn_is_what_optuna_is_asked_for() -> None:
    study = optuna.create_study(sampler=RandomSampler(seed=0))
    asked: dict[str, Any] = {}
    for _ in range(30):
        trial = study.ask()
        suggest(SPACE, trial)
        asked |= trial.distributions
    assert distributions(SPACE) == asked
    assert distributions(SPACE, conditional=False) == {name: asked[name] for name in SPACE.dimensions}


def test_what_lies_outside_is_named() -> None:
    assert outside(SPACE, CONFIGURATION) == {}
    config = {**CONFIGURATION, "learning_rate": 1.0, "schedule": {"cosine": {"floor": 0.5}}}
    assert outside(SPACE, config) == {"learning_rate": 1.0, "schedule.cosine.floor": 0.5}


def test_what_lies_outside_is_shown_all_the_same() -> None:
    outside = {**CONFIGURATION, "learning_rate": 1.0, "hidden": [128], "schedule": {"step": {"every": 0.5}}}
    without = {name: value for name, value in PARAMS.items() if not name.startswith("schedule.")}
    assert shown(SPACE, CONFIGURATION) == PARAMS
    assert shown(SPACE, outside) == {**without, "learning_rate": 1.0, "hidden": "[128]", "schedule": "step"}


@pytest.mark.parametrize("left_out", [{"learning_rate"}, {"schedule.cosine.floor", "hidden"}, set(PARAMS)])
def test_a_trial_is_asked_for_what_is_known_and_no_more(left_out: set[str]) -> None:
    known = {name: value for name, value in PARAMS.items() if name not in left_out}
    study = optuna.create_study(sampler=RandomSampler(seed=0))
    study.enqueue_trial(known)
    trial = study.ask()
    suggest_known(SPACE, trial, known)
    assert trial.params == known


DATA: dict[str, Any] = {
    "name": "any",
    "loop": "dqn",
    "environment": "CartPole-v1",
    "budget": 20_000,
    "search": {"batch_size": {"choices": [32, 64]}, "hidden": {"choices": [[64], [64, 64]]}},
}


@st.composite
def floats(draw: st.DrawFn, smallest: float, largest: float) -> dict[str, Any]:
    """A range of floats within these bounds, log where it may be."""
    low, high = sorted(draw(st.lists(st.floats(smallest, largest), min_size=2, max_size=2, unique=True)))
    return {"low": low, "high": high, "log": low > 0 and draw(st.booleans())}


@st.composite
def wholes(draw: st.DrawFn) -> dict[str, Any]:
    """A range of whole numbers, log or with steps that reach its end."""
    low, step, steps = draw(st.integers(1, 50)), draw(st.integers(1, 7)), draw(st.integers(1, 30))
    kind: dict[str, Any] = draw(st.sampled_from([{"step": step}, {"log": True}, {}]))
    return {"low": low, "high": low + step * steps, **kind}


def chosen(*values: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(st.sampled_from(values), min_size=2, unique_by=repr).map(lambda several: {"choices": several})


SCHEDULES = st.fixed_dictionaries(
    {"fixed": st.just({})},
    optional={
        "cosine": st.fixed_dictionaries({}, optional={"floor": floats(0, 1) | st.just(0.25)}),
        "step": st.fixed_dictionaries(
            {}, optional={"factor": floats(0.1, 1) | chosen(0.1, 0.3, 0.5), "every": st.just(0.5)}
        ),
        "exponential": st.fixed_dictionaries({}, optional={"final": floats(1e-3, 1)}),
    },
).filter(lambda options: len(options) > 1)
SEARCHES = st.fixed_dictionaries(
    {"learning_rate": floats(1e-5, 1.0)},
    optional={
        "schedule": SCHEDULES.map(lambda options: {"choices": options}),
        "optimizer": st.just({"choices": ["adam", "sgd"]}),
        "warmup": floats(0.0, 0.5),
        "max_norm": floats(0.1, 100.0) | chosen(None, 0.5, 1.0, 10.0),
        "target_interval": wholes(),
        "gradient_steps": wholes(),
        "hidden": chosen([], [8], [64, 64], [128]),
        "loss": chosen("huber", "squared"),
        "environment_args": chosen({}, {"sutton_barto_reward": True}, {"sutton_barto_reward": False}),
    },
)


@given(SEARCHES, st.integers(0, 2**32 - 1))
def test_what_is_suggested_is_rebuilt_from_the_parameters(search: dict[str, Any], seed: int) -> None:
    sweep = Sweep.model_validate({**DATA, "search": search})
    trial = optuna.create_study(sampler=RandomSampler(seed=seed)).ask()
    values = suggest(sweep.space, trial)
    assert values.keys() == search.keys()
    assert suggest(sweep.space, FixedTrial(trial.params)) == values
    # Every value is one that the loop takes, and its config leads back to the same parameters.
    assert params_of(sweep.space, sweep.config(values).model_dump(mode="json")) == trial.params


@given(SEARCHES)
def test_default_params_can_be_enqueued_and_give_the_default_config(search: dict[str, Any]) -> None:
    sweep = Sweep.model_validate({**DATA, "search": search})
    params = sweep.default_params()
    study = optuna.create_study(sampler=RandomSampler(seed=0))
    study.enqueue_trial(params)
    trial = study.ask()
    values = suggest(sweep.space, trial)
    assert params.items() <= trial.params.items()
    default, found = sweep.config(), sweep.config(values)
    for name in search.keys() & params.keys():
        assert getattr(found, name) == getattr(default, name)


@given(SEARCHES)
def test_a_sweep_survives_being_stored(search: dict[str, Any]) -> None:
    sweep = Sweep.model_validate({**DATA, "search": search})
    kept = json.loads(sweep.model_dump_json())
    assert Sweep.model_validate(kept) == kept_sweep.to_show(kept) == sweep
