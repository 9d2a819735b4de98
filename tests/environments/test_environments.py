"""Environments: what is read of them, what is refused and how, and episodes that do not know their place."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from hypothesis import given
from hypothesis import strategies as st
from tiny_environments import CENSUS, CLOCK, CUT_CLOCK, FILM, OFFSET, SWITCHES, TALE, UNFURNISHED

from trainables import environments
from trainables.base import random_streams
from trainables.environments import Actions, Description, Grid, problem
from trainables.environments.action_spaces import Continuous, Discrete, Parts
from trainables.environments.description import MAX_EPISODE_STEPS, EnvironmentMisfit, describe
from trainables.environments.grid import GymnasiumGrid
from trainables.environments.number_match import NumberMatch, NumberMatchGrid

EVERYWHERE = np.ones((2, 3), dtype=np.bool_)


def described(environment: str, **arguments: Any) -> Description:
    return describe(environment, arguments)


class TestDescribe:
    """The spaces of an environment as inputs and actions, or a line that says why it does not fit."""

    @pytest.mark.parametrize(
        ("environment", "arguments", "inputs", "actions", "one_hot_from"),
        [
            ("CartPole-v1", {}, 4, Discrete(2), None),
            ("NumberMatch-v0", {}, 1, Discrete(10), None),
            ("NumberMatch-v0", {"n": 7, "one_hot": True}, 7, Discrete(7), None),
            ("FrozenLake-v1", {"is_slippery": False}, 16, Discrete(4), 0),
            ("Taxi-v4", {}, 500, Discrete(6), 0),
            (OFFSET, {}, 4, Discrete(3, -1), 3),
            (CUT_CLOCK, {"length": 9}, 1, Discrete(2), None),
            ("Blackjack-v1", {}, 32 + 11 + 2, Discrete(2), None),
            (FILM, {}, 4 * 8 * 8 * 3, Discrete(2), None),
            (SWITCHES, {}, 3, Parts((2, 3), (0, 1), (2,), "int64"), None),
            (SWITCHES, {"space": "binary"}, 3, Parts((2, 2), (0, 0), (2,), "int8"), None),
            ("Pendulum-v1", {}, 3, Continuous((-2.0,), (2.0,), (1,), "float32"), None),
        ],
    )
    def test_what_it_reads(
        self,
        environment: str,
        arguments: dict[str, Any],
        inputs: int,
        actions: Actions,
        one_hot_from: int | None,
    ) -> None:
        found = describe(environment, arguments)
        assert (found.inputs, found.actions) == (inputs, actions)
        assert found.one_hot_from == one_hot_from
        assert found.vector is (one_hot_from is None)
        assert problem(environment, arguments) is None

    def test_the_longest_episode(self) -> None:
        assert described("CartPole-v1").max_episode_steps == 500
        assert described(CUT_CLOCK, length=9).max_episode_steps == 3
        assert described(CLOCK, length=9).max_episode_steps == MAX_EPISODE_STEPS

    @pytest.mark.parametrize(
        ("environment", "arguments", "message"),
        [
            ("CartPol-v1", {}, r"there is no environment 'CartPol-v1'; did you mean CartPole-v1"),
            ("NumberMatch-v0", {"n": 1}, r"NumberMatch-v0 can't be made: .*n: 1 numbers leave nothing to choose"),
            ("NumberMatch-v0", {"m": 1}, r"NumberMatch-v0 can't be made: .*'m'"),
            ("FrozenLake-v1", {"map_name": "9x9"}, r"FrozenLake-v1 can't be made: .*9x9"),
            ("qqqqqqqqqqqq", {}, r"there is no environment 'qqqqqqqqqqqq'; see gymnasium.registry"),
            ("Nowhere/CartPole-v1", {}, r"there is no environment 'Nowhere/CartPole-v1'; did you mean CartPole-v1"),
            ("no_such_module:CartPole-v1", {}, r"no_such_module can't be imported: No module named 'no_such_module'"),
            (
                "tiny_environment:Clock-v0",
                {},
                r"tiny_environment can't be imported: No module named 'tiny_environment'",
            ),
            ("tiny_environments:Clok-v0", {}, r"; did you mean tiny_environments:tests/Clock-v0"),
            ("tiny_environments.py:Clock-v0", {}, r"'tiny_environments.py' should be the name of a module"),
            ("tests/tiny_environments:Clock-v0", {}, r"'tests/tiny_environments' should be the name of a module"),
            ("tiny_environments:", {}, r"there is no environment 'tiny_environments:'; tiny_environments registers "),
            (UNFURNISHED, {}, r"tests/Unfurnished-v0 can't be made: No module named 'no_such'"),
            ("", {}, r"there is no environment ''; see gymnasium.registry"),
            (SWITCHES, {"space": "tuple"}, r"tests/Switches-v0 has actions Tuple\(.*MultiDiscrete, MultiBinary or Box"),
            (TALE, {}, r"tests/Tale-v0 has observations Text\(.*; should be Box, .* or Dict or Tuple of them"),
            (
                CENSUS,
                {},
                r"tests/Census-v0 has observations Discrete\(.* 1,000,000,000 numbers; should be 1 to ",
            ),
        ],
    )
    def test_what_it_refuses_in_a_line(self, environment: str, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(EnvironmentMisfit, match=message) as raised:
            describe(environment, arguments)
        assert str(problem(environment, arguments)) == str(raised.value)
        assert "\n" not in str(raised.value)
        assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize("arguments", [{}, {"one_hot": True}, {"n": 2}, {"n": 100, "one_hot": True}])
def test_number_matching_is_clean_under_gymnasiums_check(arguments: dict[str, Any]) -> None:
    check_env(gymnasium.make("NumberMatch-v0", **arguments).unwrapped)


class TestNumberMatch:
    """One number shown, one named; the reward is minus their distance."""

    @pytest.mark.parametrize("action", range(5))
    def test_reward_and_end(self, action: int) -> None:
        environment = NumberMatch(n=5)
        observation, _ = environment.reset(seed=3)
        _, reward, terminated, truncated, _ = environment.step(np.int64(action))
        assert reward == -abs(action - observation[0])
        assert (terminated, truncated) == (True, False)

    @pytest.mark.parametrize("seed", range(10))
    def test_raw_and_one_hot_show_the_same_number(self, seed: int) -> None:
        raw, _ = NumberMatch(n=7).reset(seed=seed)
        one_hot, _ = NumberMatch(n=7, one_hot=True).reset(seed=seed)
        assert one_hot.tolist() == np.eye(7)[int(raw[0])].tolist()

    def test_all_numbers_are_shown_about_equally_often(self) -> None:
        environment = NumberMatch(n=5)
        environment.reset(seed=0)
        shown = [int(environment.reset()[0][0]) for _ in range(1_000)]
        assert np.bincount(shown, minlength=5) == pytest.approx([200] * 5, abs=50)

    @pytest.mark.parametrize("first", [0, 3, 2**31 - 6])
    def test_seeds_in_a_row_show_each_number_in_turn(self, first: int) -> None:
        environment = NumberMatch(n=5)
        shown = [int(environment.reset(seed=seed)[0][0]) for seed in range(first, first + 5)]
        assert sorted(shown) == [0, 1, 2, 3, 4]

    def test_of_seeds_that_training_draws_all_numbers_come_up_about_equally_often(self) -> None:
        uniforms = random_streams.Uniforms([7], random_streams.Purpose.EPISODES, 1_000).at(np.array([0]))[0]
        shown = NumberMatchGrid(described("NumberMatch-v0", n=5), 1, 1_000)
        shown.reset(
            random_streams.episode_seeds(uniforms, random_streams.TRAINING)[None], np.ones((1, 1_000), dtype=np.bool_)
        )
        assert np.bincount(shown.observations.ravel().astype(int), minlength=5) == pytest.approx([200] * 5, abs=50)

    def test_spaces(self) -> None:
        assert NumberMatch(n=5).observation_space == spaces.Box(0, 4, (1,), np.float32)
        assert NumberMatch(n=5, one_hot=True).observation_space == spaces.Box(0, 1, (5,), np.float32)
        assert NumberMatch(n=5).action_space == spaces.Discrete(5)


@given(data=st.data())
def test_the_grid_of_number_matching_in_one_piece_equals_single_ones(data: st.DataObject) -> None:
    how = data.draw(st.sampled_from([({}, []), ({"one_hot": True}, []), ({}, ["OneHotObservation"])]))
    description = environments.describe("NumberMatch-v0", {"n": 4, **how[0]}, how[1])
    assert environments.is_vectorised("NumberMatch-v0", how[0], how[1], "auto")
    grids: list[Grid] = [grid(description, 2, 3) for grid in (NumberMatchGrid, GymnasiumGrid)]
    assert type(environments.make(description, 2, 3)) is NumberMatchGrid
    chosen = EVERYWHERE
    for _ in range(data.draw(st.integers(1, 4))):
        seeds = np.array(data.draw(st.lists(st.integers(0, 2**31 - 1), min_size=6, max_size=6))).reshape(2, 3)
        actions = np.array(data.draw(st.lists(st.integers(0, 3), min_size=6, max_size=6))).reshape(2, 3)
        for grid in grids:
            grid.reset(seeds, chosen)
        assert (grids[0].observations == grids[1].observations).all()
        for one, other in zip(grids[0].step(actions, chosen), grids[1].step(actions, chosen), strict=True):
            assert one.dtype == other.dtype
            assert (one == other).all()
        assert (grids[0].observations == grids[1].observations).all()
        chosen = np.array(data.draw(st.lists(st.booleans(), min_size=6, max_size=6))).reshape(2, 3)


def walk(environment: str, members: int, episodes: int, place: tuple[int, int], others: int, **arguments: Any) -> Any:
    """An episode of seed 11 in a place of the grid; the other places take another seed and other actions."""
    grid = environments.make(described(environment, **arguments), members, episodes)
    seeds, everywhere = np.full((members, episodes), others), np.ones((members, episodes), dtype=np.bool_)
    here = np.zeros_like(everywhere)
    here[place] = True
    grid.reset(seeds, everywhere)
    grid.step(np.ones((members, episodes), dtype=np.int64), everywhere)
    grid.reset(np.where(here, 11, seeds + 1), everywhere)
    seen = [grid.observations[place].tolist()]
    going = everywhere
    for time in range(8):
        actions = np.where(here, time % 2, 1)
        rewards, terminated, truncated = grid.step(actions, going)
        going = going & ~(terminated | truncated)
        seen.append([*grid.observations[place].tolist(), rewards[place], terminated[place], truncated[place]])
    return seen


@pytest.mark.parametrize("environment", ["CartPole-v1", "FrozenLake-v1", "Acrobot-v1", "NumberMatch-v0"])
def test_an_episode_does_not_know_its_place_nor_what_was_before(environment: str) -> None:
    alone = walk(environment, 1, 1, (0, 0), 5)
    assert alone == walk(environment, 2, 3, (1, 2), 6)
    assert alone == walk(environment, 3, 2, (0, 1), 7)


class TestGymnasiumGrid:
    """Single environments in a grid, stepped where they are chosen."""

    def test_equal_to_the_environment_itself(self) -> None:
        grid, alone = GymnasiumGrid(described("CartPole-v1"), 1, 1), gymnasium.make("CartPole-v1")
        one = np.ones((1, 1), dtype=np.bool_)
        grid.reset(np.array([[4]]), one)
        observation, _ = alone.reset(seed=4)
        assert grid.observations[0, 0].tolist() == observation.tolist()
        ended = False
        while not ended:
            rewards, terminated, truncated = grid.step(np.ones((1, 1), dtype=np.int64), one)
            observation, reward, *ends, _ = alone.step(1)
            assert grid.observations[0, 0].tolist() == observation.tolist()
            assert (rewards[0, 0], terminated[0, 0], truncated[0, 0]) == (reward, *ends)
            ended = any(ends)

    def test_only_the_chosen_move(self) -> None:
        grid = GymnasiumGrid(described(CLOCK, length=9), 2, 3)
        grid.reset(np.zeros((2, 3), dtype=np.int64), EVERYWHERE)
        chosen = np.array([[True, False, True], [False, False, True]])
        for _ in range(2):
            rewards, _, _ = grid.step(np.zeros((2, 3), dtype=np.int64), chosen)
        assert grid.observations[:, :, 0].tolist() == [[2, 0, 2], [0, 0, 2]]
        assert rewards.tolist() == [[2, 0, 2], [0, 0, 2]]
        grid.reset(np.zeros((2, 3), dtype=np.int64), ~chosen | np.array([[True, False, False]] * 2))
        assert grid.observations[:, :, 0].tolist() == [[0, 0, 2], [0, 0, 2]]

    def test_nothing_chosen_changes_nothing(self) -> None:
        grid = GymnasiumGrid(described(CLOCK, length=9), 2, 3)
        grid.reset(np.zeros((2, 3), dtype=np.int64), EVERYWHERE)
        rewards, terminated, truncated = grid.step(np.ones((2, 3), dtype=np.int64), ~EVERYWHERE)
        assert not rewards.any()
        assert not terminated.any()
        assert not truncated.any()

    @pytest.mark.parametrize(
        ("environment", "ends_by_itself", "is_cut"),
        [(CLOCK, True, False), (CUT_CLOCK, True, True)],
    )
    def test_terminated_and_truncated_as_the_environment_says(
        self, environment: str, ends_by_itself: bool, is_cut: bool
    ) -> None:
        grid = GymnasiumGrid(described(environment, length=3), 1, 1)
        one = np.ones((1, 1), dtype=np.bool_)
        grid.reset(np.zeros((1, 1), dtype=np.int64), one)
        ends = [grid.step(np.zeros((1, 1), dtype=np.int64), one)[1:] for _ in range(3)]
        assert [(bool(terminated[0, 0]), bool(truncated[0, 0])) for terminated, truncated in ends] == [
            (False, False),
            (False, False),
            (ends_by_itself, is_cut),
        ]
        assert grid.observations.tolist() == [[[3.0]]]

    def test_numbers_are_shown_one_hot_and_actions_taken_from_the_start_of_their_spaces(self) -> None:
        grid = GymnasiumGrid(described(OFFSET), 1, 2)
        both = np.ones((1, 2), dtype=np.bool_)
        grid.reset(np.zeros((1, 2), dtype=np.int64), both)
        assert grid.observations.tolist() == [[[1, 0, 0, 0], [1, 0, 0, 0]]]
        rewards, _, _ = grid.step(np.array([[0, 2]]), both)
        assert rewards.tolist() == [[-1, 1]]
        assert grid.observations.tolist() == [[[0, 1, 0, 0], [0, 1, 0, 0]]]

    @pytest.mark.parametrize("environment", ["FrozenLake-v1", "Taxi-v4"])
    def test_the_one_hot_place_is_the_number(self, environment: str) -> None:
        description = described(environment)
        grid, alone = GymnasiumGrid(description, 1, 1), description.make()
        one = np.ones((1, 1), dtype=np.bool_)
        grid.reset(np.array([[5]]), one)
        numbers = [int(alone.reset(seed=5)[0])]
        places = [grid.observations[0, 0]]
        for action in (1, 2, 1):
            places = [*places, grid.observations[0, 0].copy()]
            grid.step(np.array([[action]]), one)
            numbers.append(int(alone.step(action)[0]))
        assert [int(np.flatnonzero(place)[0]) for place in places[1:]] == numbers[:-1]
        assert all(place.sum() == 1 for place in places[1:])


class TestPlay:
    """Complete episodes side by side."""

    def test_finished_ones_idle_until_the_last_has_ended(self) -> None:
        grid = environments.make(described("CartPole-v1"), 2, 2)
        where = np.array([[True, True], [True, False]])
        seeds = np.array([[1, 2], [3, 4]])
        moments = list(environments.play(grid, seeds, where, lambda seen: np.ones((2, 2), dtype=np.int64)))

        lengths = np.sum([moment.active for moment in moments], axis=0)
        for place in np.argwhere(where):
            alone = gymnasium.make("CartPole-v1")
            alone.reset(seed=int(seeds[tuple(place)]))
            steps = 1
            while not alone.step(1)[2]:
                steps += 1
            assert lengths[tuple(place)] == steps
        assert lengths[1, 1] == 0
        assert len(moments) == lengths.max()
        assert (np.sum([moment.rewards for moment in moments], axis=0) == lengths).all()

    def test_a_moment_holds_what_was_seen_before_the_action(self) -> None:
        grid = environments.make(described(CLOCK, length=3), 1, 1)
        moments = list(
            environments.play(
                grid,
                np.zeros((1, 1), dtype=np.int64),
                np.ones((1, 1), dtype=np.bool_),
                lambda seen: seen[:, :, 0].astype(int) % 2,
            )
        )
        assert [moment.observations[0, 0, 0] for moment in moments] == [0, 1, 2]
        assert [moment.choices[0, 0] for moment in moments] == [0, 1, 0]
        assert [moment.rewards[0, 0] for moment in moments] == [1, 2, 3]
