"""Single configurations as plain data: their differences, what can't be compared, and the file that begins with one."""

from typing import Any

import pytest
import yaml

from tuning.errors import SweepError
from tuning.sweep import configurations
from tuning.sweep.model import Sweep

DQN: dict[str, Any] = {
    "name": "poles",
    "loop": "dqn",
    "environment": "CartPole-v1",
    "budget": 2_000,
    "search": {"learning_rate": {"low": 1e-4, "high": 1e-1, "log": True}},
}


def dqn(**fixed: Any) -> tuple[Sweep, dict[str, Any]]:
    """A sweep, and a config of its loop with these fields."""
    sweep = Sweep.model_validate(DQN)
    return sweep, configurations.plain(sweep, fixed)


def changes(a: dict[str, Any], b: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """From one config to another, by their names, what each sets."""
    found = configurations.changes(dqn(**a)[1], dqn(**b)[1])
    return {each.name: {".".join(path): value for path, value in each.values.items()} for each in found}


def test_each_field_is_a_change() -> None:
    found = changes({}, {"learning_rate": 0.1, "loss": "squared", "hidden": [24, 24]})
    assert found == {
        "learning_rate": {"learning_rate": 0.1},
        "loss": {"loss": "squared"},
        "hidden": {"hidden": [24, 24]},
    }


def test_what_counts_in_one_of_the_two_alone_moves_with_what_it_belongs_to() -> None:
    off = {"target_network": False, "replay": False}
    found = changes(off, {"target_interval": 100, "replay_capacity": 500, "batch_size": 8})
    assert found == {
        "target_network": {"target_network": True, "target_interval": 100},
        "replay": {"replay": True, "replay_capacity": 500},
        "batch_size": {"batch_size": 8},
    }
    assert set(changes({"target_interval": 100}, {"target_interval": 200, "target_network": False})) == {
        "target_network"
    }
    assert set(changes({"target_interval": 100}, {"target_interval": 200})) == {"target_interval"}
    assert changes({**off, "target_interval": 100}, {**off, "target_interval": 200}) == {}, "it counts in neither"


def test_an_option_moves_as_a_whole_and_settings_of_the_same_one_by_themselves() -> None:
    found = changes({}, {"schedule": {"cosine": {"floor": 0.1}}})
    assert found["schedule"]["schedule"]["kind"] == "cosine"
    a, b = {"schedule": {"cosine": {"floor": 0.1}}}, {"schedule": {"cosine": {"floor": 0.3}}}
    assert changes(a, b) == {"schedule.cosine.floor": {"schedule.floor": 0.3}}
    (only,) = configurations.changes(dqn(**a)[1], dqn(**b)[1])
    assert only.made(dqn(**a)[1]) == dqn(**b)[1]


def test_all_changes_made_are_the_other_configuration() -> None:
    a = dqn(optimizer={"sgd": {"momentum": 0.5}}, replay=False, batch_size=1, epsilon={"linear": {"share": 0.2}})[1]
    b = dqn(optimizer="adam", epsilon={"linear": {"share": 0.4, "end": 0.1}}, target_interval=50)[1]
    made = a
    for change in configurations.changes(a, b):
        assert change.made(made) != made
        made = change.made(made)
    assert made == b
    sweep, _ = dqn()
    assert configurations.plain(sweep, configurations.values_over(sweep, b)) == b


def test_what_is_seen_of_a_training_is_no_difference() -> None:
    assert changes({}, {"reports": 20, "evaluation_episodes": 3, "compile": "never"}) == {}


@pytest.mark.parametrize(
    ("changed", "fields", "said"),
    [
        ({}, {"gamma": 0.5}, []),
        ({"environment": "Acrobot-v1"}, {}, ["environment: CartPole-v1 and Acrobot-v1"]),
        ({"metric": "evaluation/return_min"}, {}, ["metric: evaluation/return_mean and evaluation/return_min"]),
        (
            {},
            {"max_episode_steps": 50},
            ["max_episode_steps: None and 50; trials are compared on episodes that are cut alike"],
        ),
    ],
)
def test_what_can_not_be_compared(changed: dict[str, Any], fields: dict[str, Any], said: list[str]) -> None:
    one, two = Sweep.model_validate(DQN), Sweep.model_validate({**DQN, **changed})
    a, b = configurations.plain(one, {}), configurations.plain(two, fields)
    assert configurations.incomparable(one, two, a, b) == said


def test_a_loop_that_does_not_take_a_value_says_so() -> None:
    with pytest.raises(SweepError, match="learning_rate: should be above 0"):
        dqn(learning_rate=-1)


def test_a_file_that_begins_with_a_configuration() -> None:
    sweep, config = dqn(learning_rate=0.5, optimizer={"sgd": {"momentum": 0.5}}, target_network=False, loss="squared")
    made = configurations.as_sweep(sweep, config, "mended")
    text = configurations.text(made)
    again = Sweep.model_validate(yaml.safe_load(text))
    assert again == made
    assert configurations.plain(again, {}) == config
    assert yaml.safe_load(text) == {
        **DQN,
        "name": "mended",
        "fixed": {"optimizer": {"sgd": {"momentum": 0.5}}, "target_network": False, "loss": "squared"},
        "default": {"learning_rate": 0.5},
    }


def test_what_would_do_nothing_is_not_written() -> None:
    sweep, config = dqn(target_network=False, target_interval=7)
    assert "target_interval" not in configurations.as_sweep(sweep, config, "mended").fixed
