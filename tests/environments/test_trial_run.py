"""Environments tried before anything is trained: what is found, and that what is accepted trains."""

import re

import pytest
from odd_environments import ODD

from trainables.environments import trial_run
from trainables.environments.trial_run import Found, Wanted

OLD = "as Gym had it before version 0.26"
OF_RESET, OF_STEP = "should return observation, info", "should return observation, reward, terminated, truncated, info"
OUTSIDE = "gave an observation that is not in its space"

REFUSED = {
    "observation alone": f"returned an array of shape (2,) from reset, {OLD}; {OF_RESET}",
    "observation in a tuple": f"returned a tuple of 1 from reset, {OLD}; {OF_RESET}",
    "observation and time": f"returned 0 as info from reset; {OF_RESET}, a dictionary",
    "raises in reset": "raised RuntimeError: no licence (tests/odd_environments.py:",
    "four": f"returned 4 values from step, {OLD}; {OF_STEP}",
    "three values": f"returned 3 values from step; {OF_STEP}",
    "dict from step": f"returned {{'observation': array([...] from step; {OF_STEP}",
    "no reward": "returned the reward None from step; should be a number (in step 1 of the episode of seed 0)",
    "reward of two": "returned the reward an array of shape (2,) from step; should be a number",
    "reward in words": "returned the reward 'much' from step; should be a number",
    "endless reward": "gave a reward that is not finite, inf",
    "immense reward": "gave a reward that is larger than 1e+30, -1e+300",
    "truths of two": "returned terminated an array of shape (2,) from step; should be True or False",
    "over in words": "returned terminated 'no' from step; should be True or False",
    "raises": "raised KeyError: 'joint' (tests/odd_environments.py:",
    "exits": "raised SystemExit: the licence is lost (tests/odd_environments.py:",
    "raises when made": "can't be made: OSError: the simulator is away (tests/odd_environments.py:",
    "a key too few": f"{OUTSIDE}, {{'pair': array([...]: should be a mapping of 'pair', 'time'",
    "number too high": f"{OUTSIDE}, 8: should be a whole number from 0 to 7 (in step 8 of the episode of seed 0)",
    "three": f"{OUTSIDE}, of shape (3,): should be numbers of shape (2,) (at the beginning of the episode of seed 0)",
    "words": f"{OUTSIDE}, ['left', 'right']: should be numbers of shape (2,)",
    "nothing": f"{OUTSIDE}, None: should be numbers of shape (2,)",
    "not finite": "gave an observation that is not finite, [...] (in step 5 of the episode of seed 0)",
}

TAKEN = [
    *("", "dict", "tuple", "bits", "numbers", "bytes", "whole", "number", "list", "double", "column"),
    *("no infos", "reward in an array", "whole reward"),
]

WARNED = {
    "same reward": "has given the reward 0.5 in all of 1,000 random steps: nothing can be learnt until chance finds",
    "beyond": "gives observations outside Box(-1.0, 1.0, (2,), float32), such as ",
    "draws elsewhere": "does not follow its seed: the same seed and actions have led to other observations; resumed",
    "draws its reward": "does not follow its seed: the same seed and actions have led to other rewards; resumed",
    "draws its length": "does not follow its seed: the same seed and actions have led to ",
}


def odd(way: str) -> Found:
    return trial_run.tried(Wanted(ODD, {"way": way}))


def pattern(message: str) -> str:
    """A pattern of a message with gaps, `[...]`."""
    return ".*".join(re.escape(part) for part in message.split("[...]"))


@pytest.mark.parametrize(("way", "message"), REFUSED.items(), ids=REFUSED)
def test_what_can_not_work_is_refused_in_a_line(way: str, message: str) -> None:
    misfit = odd(way).misfit
    assert misfit is not None
    key, said = misfit
    assert key == "environment"
    assert re.match(re.escape(ODD) + " " + pattern(message), said), said
    assert "\n" not in said


@pytest.mark.parametrize("way", TAKEN)
def test_what_means_the_same_is_taken_without_a_word(way: str) -> None:
    assert odd(way) == Found()


@pytest.mark.parametrize(("way", "message"), WARNED.items(), ids=WARNED)
def test_what_is_likely_not_meant_is_a_warning(way: str, message: str) -> None:
    found = odd(way)
    assert found.misfit is None
    (warning,) = found.warnings
    assert warning.startswith(f"{ODD} {message}")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ("tests/Unseeded-v0", f"has a reset without seed, {OLD}; should be reset(self, *, seed=None, options=None)"),
        ("tests/Spaceless-v0", "has no observation_space; should be one of gymnasium.spaces"),
        ("tests/Raising-v0", "raised ValueError: not calibrated (tests/odd_environments.py:"),
        ("tests/Wordy-v0", "has the observation_space (2,); should be one of gymnasium.spaces"),
        ("tests/Foreign-v0", "can't be made: TypeError: "),
    ],
)
def test_what_is_no_environment_of_gymnasiums_is_refused(environment: str, message: str) -> None:
    misfit = trial_run.tried(Wanted(f"odd_environments:{environment}", {})).misfit
    assert misfit is not None
    assert message in misfit[1]


@pytest.mark.parametrize(
    ("environment", "warned"),
    [("CartPole-v1", False), ("FrozenLake-v1", False), ("Blackjack-v1", False), ("MountainCar-v0", True)],
)
def test_rewards_that_are_all_the_same_are_no_wonder_where_lengths_differ(environment: str, warned: bool) -> None:
    assert bool(trial_run.tried(Wanted(environment, {})).warnings) is warned


@pytest.mark.parametrize(
    ("environment", "arguments", "covered", "cases"),
    [
        ("NumberMatch-v0", {"n": 100}, (10, 10), (100, 100)),
        ("NumberMatch-v0", {"n": 10}, (10, 10), (10, 10)),
        ("CliffWalking-v1", {}, (1, 1), (1, 1)),
        ("Taxi-v4", {}, (8, 10), (270, 330)),
    ],
)
def test_how_many_cases_evaluations_cover(
    environment: str, arguments: dict[str, int], covered: tuple[int, int], cases: tuple[int, int]
) -> None:
    found = trial_run.tried(Wanted(environment, arguments, starts=range(2**30, 2**30 + 10)))
    assert covered[0] <= found.covered <= covered[1]
    assert found.cases is not None
    assert cases[0] <= found.cases <= cases[1]


def test_cases_without_number_are_not_counted() -> None:
    assert trial_run.tried(Wanted("CartPole-v1", {}, starts=range(10))).cases is None
