"""Environments that a sweep names and networks of a person's own: what is wrong with them, and what to know of them."""

from typing import Any

import pytest
from sweep_cases import DQN, changed, problems_here
from tiny_environments import CLOCK, FILM, PICTURE, SWITCHES, TALE

from tuning.sweep import validation

REINFORCE: dict[str, Any] = {
    "name": "any",
    "loop": "reinforce",
    "budget": 20_000,
    "search": {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
}


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ("CartPole-v2000", "CartPole"),
        ("Pendulum-v1", "continuous ones have no end: should be trained with loop: reinforce"),
        (TALE, "has observations Text(1, 10,"),
        ("CartPool-v1", "did you mean CartPole-v1"),
    ],
)
def test_an_environment_that_does_not_fit_is_named(environment: str, part: str) -> None:
    (message,) = problems_here({**DQN, "environment": environment}).values()
    assert part in message


@pytest.mark.parametrize(
    ("fixed", "part"),
    [
        ({"wrappers": ["Nowhere"]}, "fixed.wrappers"),
        ({"wrappers": 3}, "fixed.wrappers"),
        ({"backend": "vectr", "environment_args": {"sticks": 3}}, "fixed.backend"),
        ({"wrappers": ["FlattenObservation"], "backend": "vector"}, "fixed.backend"),
    ],
)
def test_what_is_wrong_with_its_settings_is_named_once(fixed: dict[str, Any], part: str) -> None:
    assert list(problems_here({**DQN, "fixed": fixed})) == [part]


def test_arguments_that_an_environment_does_not_take_are_named() -> None:
    found = problems_here(changed(DQN, "search.environment_args", {"choices": [{}, {"sticks": 3}]}))
    assert list(found) == ["environment"]
    assert found["environment"].startswith("CartPole-v1 can't be made: ")
    assert "sticks" in found["environment"]


@pytest.mark.parametrize(
    ("environment", "fixed", "expected"),
    [
        ("CartPole-v1", {"channels": [8]}, {"fixed.channels": "does nothing unless observations are images"}),
        (
            "CartPole-v1",
            {"hidden": [], "activation": "tanh"},
            {"fixed.activation": "does nothing unless hidden has a layer"},
        ),
        (
            PICTURE,
            {"network": "own_networks:Eye", "channels": [8]},
            {"fixed.channels": "does nothing unless network is standard"},
        ),
    ],
)
def test_what_counts_for_some_spaces_alone_is_named_elsewhere(
    environment: str, fixed: dict[str, Any], expected: dict[str, str]
) -> None:
    assert problems_here({**DQN, "environment": environment, "fixed": fixed}) == expected


@pytest.mark.parametrize("fixed", [{"channels": [8]}, {"hidden": [], "activation": "tanh"}])
def test_what_counts_for_images_counts_for_them(fixed: dict[str, Any]) -> None:
    validation.to_begin_here({**DQN, "environment": PICTURE, "fixed": fixed})


def test_arguments_of_trial_0_are_tried_too() -> None:
    needing = changed(DQN, "environment", CLOCK)
    searched = changed(needing, "search.environment_args", {"choices": [{"length": 3}, {"length": 4}]})
    (message,) = (found := problems_here(searched)).values()
    assert list(found) == ["search.environment_args"]
    assert message.startswith("trial 0 takes none of them: ")
    assert message.endswith("; `default: {environment_args: ...}` gives it others")
    assert "length" in message
    other = problems_here(changed(searched, "default.environment_args", {"size": 3}))
    assert list(other) == ["default.environment_args"]
    assert "size" in other["default.environment_args"]
    given = changed(searched, "default.environment_args", {"length": 5})
    assert validation.to_begin_here(given).config().environment_args == {"length": 5}


@pytest.mark.parametrize(
    ("environment", "notes"),
    [
        ("CartPole-v1", []),
        (
            "Blackjack-v1",
            ["observations of Tuple(Discrete(32), Discrete(11), Discrete(2)) are flattened to 45 numbers"],
        ),
        (FILM, ["observations of Box(0, 255, (4, 8, 8, 3), uint8) are flattened to 768 numbers"]),
    ],
)
def test_observations_that_are_flattened_are_noted(environment: str, notes: list[str]) -> None:
    found = validation.checked_here({**DQN, "environment": environment, "fixed": {"max_episode_steps": 9}}).notes
    assert [note.message for note in found if note.key_path == "environment"] == notes
    assert not any(note.warning for note in found if note.key_path == "environment")


@pytest.mark.parametrize(
    ("arguments", "fixed", "path"),
    [
        ({"n": 100}, {}, "fixed.evaluation_episodes"),
        ({"n": 10}, {}, None),
        ({"n": 100}, {"evaluation_episodes": 50}, None),
    ],
)
def test_evaluations_that_cover_few_cases_are_warned_of(
    arguments: dict[str, Any], fixed: dict[str, Any], path: str | None
) -> None:
    sweep = {**DQN, "environment": "NumberMatch-v0", "fixed": {"environment_args": arguments, **fixed}}
    found = validation.checked_here(sweep).notes
    assert [note.key_path for note in found] == ([] if path is None else [path])
    for note in found:
        assert note.warning
        assert note.message.startswith("the 10 evaluation episodes cover 10 of about 100 observations that ")


def test_a_network_of_one_s_own_that_does_not_fit_is_named() -> None:
    found = problems_here({**DQN, "fixed": {"network": "own_networks:Branching"}})
    assert found["fixed.network"].startswith("own_networks:Branching can't be used with inputs=4")
    names = ["standard", "own_networks:TwoHeads", "own_networks:Nowhere", "no_such_module:Class"]
    found = problems_here(changed(DQN, "search.network", {"choices": names}))
    assert list(found) == ["search.network.choices[2]", "search.network.choices[3]"]


@pytest.mark.parametrize(
    ("environment", "fixed", "expected"),
    [
        ("CartPole-v1", {"deviation": "by_state"}, {"fixed.deviation": "does nothing unless actions are continuous"}),
        (
            SWITCHES,
            {"initial_deviation": 0.2, "noise_correlation": 0.5},
            {
                f"fixed.{field}": "does nothing unless actions are continuous"
                for field in ("initial_deviation", "noise_correlation")
            },
        ),
    ],
)
def test_what_counts_for_continuous_actions_alone_is_named_elsewhere(
    environment: str, fixed: dict[str, Any], expected: dict[str, str]
) -> None:
    assert problems_here({**REINFORCE, "environment": environment, "fixed": fixed}) == expected


@pytest.mark.parametrize(
    ("loop", "environment", "fixed"),
    [
        ("reinforce", "Pendulum-v1", {"deviation": "by_state", "action_bounds": "clip", "initial_deviation": 0.2}),
        ("reinforce", SWITCHES, {}),
        ("reinforce", SWITCHES, {"environment_args": {"space": "wide"}}),
        ("reinforce", SWITCHES, {"environment_args": {"space": "box"}, "network": "own_networks:TwoHeads"}),
        ("dqn", SWITCHES, {}),
        ("dqn", SWITCHES, {"environment_args": {"space": "binary"}, "network": "own_networks:TwoHeads"}),
    ],
)
def test_action_spaces_that_a_loop_takes(loop: str, environment: str, fixed: dict[str, Any]) -> None:
    validation.to_begin_here({**REINFORCE, "loop": loop, "environment": environment, "fixed": fixed})


def test_too_many_combinations_of_parts_have_no_values() -> None:
    fixed = {"environment_args": {"space": "wide"}}
    (message,) = problems_here({**DQN, "environment": SWITCHES, "fixed": fixed}).values()
    assert message == (
        "dqn learns a value for each action, of which 9 parts make 512, more than 256: should be trained with loop: "
        "reinforce"
    )
