"""Every backend of an environment: ends, final observations, seeds, and who shares random numbers with whom."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import sweeps
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from numpy.typing import NDArray
from tiny_environments import CLOCK, SWITCHES, Clock, Moody, MoodyNumber, Switches

from trainables import environments
from trainables.base.member_failure import MemberFailed
from trainables.base.report import Report
from trainables.environments import Backend, EnvironmentMisfit, Grid, GymnasiumGrid, describe, make, problem
from trainables.environments.cartpole import CartPoleGrid
from trainables.environments.vector_grid import VectorGrid
from trainables.loops.dqn import DQNConfig, DQNLoop
from trainables.loops.reinforce import ReinforceConfig, ReinforceLoop
from tuning.errors import SweepError
from tuning.sweep.loading import load

SAME_STEP, NEXT_STEP, NO_RESET = "tests/SameStepClock-v0", "tests/NextStepClock-v0", "tests/NoResetClock-v0"
MOODY_TOGETHER, NUMBERS_TOGETHER = "tests/MoodyTogether-v0", "tests/NumbersTogether-v0"

SWITCHES_TOGETHER = "tests/SwitchesTogether-v0"


def together(single: Callable[..., Any], mode: AutoresetMode) -> Any:
    """What makes a vector environment of these that begins ended episodes again in this way."""

    def vector(num_envs: int, max_episode_steps: int | None = None, **arguments: Any) -> VectorEnv[Any, Any, Any]:
        return SyncVectorEnv([lambda: single(**arguments)] * num_envs, autoreset_mode=mode)

    return vector


class Uneven(Clock):
    """A clock that ends after `length` steps, or two more after every other of all resets."""

    resets = 0

    def reset(self, **more: Any) -> Any:
        Uneven.resets += 1
        self._length = 3 + 2 * (Uneven.resets % 2)
        return super().reset(**more)


gymnasium.register(SAME_STEP, entry_point=Clock, vector_entry_point=together(Uneven, AutoresetMode.SAME_STEP))
gymnasium.register(NEXT_STEP, entry_point=Clock, vector_entry_point=together(Uneven, AutoresetMode.NEXT_STEP))
gymnasium.register(NO_RESET, entry_point=Clock, vector_entry_point=together(Clock, AutoresetMode.DISABLED))
gymnasium.register(MOODY_TOGETHER, entry_point=Moody, vector_entry_point=together(Moody, AutoresetMode.SAME_STEP))
gymnasium.register(
    SWITCHES_TOGETHER, entry_point=Switches, vector_entry_point=together(Switches, AutoresetMode.SAME_STEP)
)
gymnasium.register(
    NUMBERS_TOGETHER, entry_point=MoodyNumber, vector_entry_point=together(MoodyNumber, AutoresetMode.SAME_STEP)
)


def steady(seen: NDArray[np.float32]) -> NDArray[np.int64]:
    """Balances a pole for a while."""
    return (seen[..., 2] + seen[..., 3] > 0).astype(np.int64)


@pytest.mark.parametrize(
    ("backend", "arguments", "kind"),
    [
        ("auto", {}, CartPoleGrid),
        ("auto", {"max_episode_steps": 9}, GymnasiumGrid),
        ("gymnasium", {}, GymnasiumGrid),
        ("vector", {}, VectorGrid),
    ],
)
def test_what_a_backend_is(backend: Backend, arguments: dict[str, Any], kind: type[Grid]) -> None:
    assert type(make(describe("CartPole-v1", arguments), 2, 3, backend)) is kind


def test_wrappers_leave_it_to_gymnasium() -> None:
    assert type(make(describe("CartPole-v1", {}, ["FlattenObservation"]), 1, 1)) is GymnasiumGrid


@pytest.mark.parametrize(
    ("environment", "wrappers", "backend", "key", "message"),
    [
        ("Acrobot-v1", [], "vector", "backend", "Acrobot-v1 comes without a vector environment: should be auto or gym"),
        ("CartPole-v1", ["FlattenObservation"], "vector", "backend", "vector takes no wrappers: should be auto or gym"),
        ("CartPole-v1", ["FlattenObservation"], "envpool", "backend", "envpool takes no wrappers"),
        (NO_RESET, [], "vector", "backend", "must begin ended episodes again by itself"),
        ("CartPole-v1", ["FlattenObservatio"], "auto", "wrappers", "no wrapper 'FlattenObservatio'; did you mean Flat"),
        ("CartPole-v1", ["qqqq"], "auto", "wrappers", "no wrapper 'qqqq'; one of your own is package.module:Wrapper"),
        ("CartPole-v1", ["no_such:One"], "auto", "wrappers", "no_such:One: no_such can't be imported"),
        ("CartPole-v1", [{"TimeLimit": {"x": 1}}], "auto", "wrappers", "TimeLimit can't wrap .*: TypeError: .*'x'"),
        (SWITCHES, [], "auto", "environment", "has actions Tuple"),
    ],
)
def test_what_is_refused(environment: str, wrappers: list[Any], backend: Backend, key: str, message: str) -> None:
    arguments: dict[str, Any] = {NO_RESET: {"length": 3}, SWITCHES: {"space": "tuple"}}.get(environment, {})
    misfit = problem(environment, arguments, wrappers, backend)
    assert misfit is not None
    assert misfit.key == key
    with pytest.raises(EnvironmentMisfit, match=message):
        raise misfit


def test_a_sweep_says_which_of_its_keys_is_to_blame(tmp_path: Path) -> None:
    for fixed, expected in (
        ({"backend": "vector"}, "fixed.backend: Acrobot-v1 comes without a vector environment"),
        (
            {"wrappers": ["FlatenObservation"]},
            "fixed.wrappers: there is no wrapper 'FlatenObservation'; did you mean",
        ),
        ({"wrappers": [{"TimeLimit": {}, "Autoreset": {}}]}, "fixed.wrappers[0]"),
        ({"backend": "jax"}, "fixed.backend: should be auto, gymnasium, vector or envpool"),
    ):
        path = sweeps.written(tmp_path, environment="Acrobot-v1", fixed={**fixed, "reports": 4})
        with pytest.raises(SweepError) as caught:
            load(path)
        (problem,) = caught.value.problems
        assert f"{problem.key_path}: {problem.message}".startswith(expected)


@pytest.mark.parametrize("environment", [SAME_STEP, NEXT_STEP])
def test_ends_and_final_observations_however_it_begins_again(environment: str) -> None:
    """Episodes of three steps beside such of five, which end while the others have begun again unseen."""
    grid, where = make(describe(environment, {"length": 3}), 2, 2, "vector"), np.ones((2, 2), dtype=np.bool_)
    nothing = np.zeros((2, 2), dtype=np.int64)
    for _ in range(3):
        grid.reset(nothing, where)
        assert not grid.observations.any()
        active, lengths = where.copy(), np.zeros((2, 2), dtype=np.int64)
        while active.any():
            rewards, terminated, truncated = grid.step(nothing, active)
            lengths += active
            assert (rewards == np.where(active, lengths, 0)).all()
            assert (grid.observations[..., 0] == lengths).all()
            assert not truncated.any()
            active = active & ~terminated
        assert sorted(lengths.ravel().tolist()) == [3, 3, 5, 5]


@pytest.mark.parametrize("backend", ["auto", "gymnasium", "vector", "envpool"])
def test_pole_by_backend(backend: Backend) -> None:
    """Falls are ends, the limit of 500 steps is a cut, rewards are 1, and the last observation is that of the end."""
    if backend == "envpool":
        pytest.importorskip("envpool")
    grid = make(describe("CartPole-v1", {}), 2, 3, backend)
    seeds, where = np.arange(6).reshape(2, 3), np.ones((2, 3), dtype=np.bool_)
    grid.reset(seeds, where)
    begun = grid.observations.copy()
    assert (np.abs(begun) <= 0.05).all()
    assert len(np.unique(begun[..., 0])) == 6
    for ways, falls in ((lambda seen: np.ones((2, 3), dtype=np.int64), True), (steady, False)):
        grid.reset(seeds, where)
        active, lengths = where.copy(), np.zeros((2, 3), dtype=np.int64)
        while active.any():
            rewards, terminated, truncated = grid.step(ways(grid.observations), active)
            assert (rewards == active).all()
            assert not (terminated | truncated)[~active].any()
            lengths += active
            fallen = (np.abs(grid.observations[..., 0]) > 2.4) | (np.abs(grid.observations[..., 2]) > 0.2094)
            assert (terminated == (fallen & active)).all()
            assert (truncated == (active & (lengths == 500))).all()
            active = active & ~(terminated | truncated)
        assert (lengths < 20).all() if falls else (lengths == 500).any()


@pytest.mark.parametrize("backend", ["auto", "gymnasium", "vector", "envpool"])
def test_what_a_member_sees_does_not_depend_on_its_neighbours(backend: Backend) -> None:
    if backend == "envpool":
        pytest.importorskip("envpool")
    seen = []
    for members, at in ((1, 0), (3, 1)):
        grid, seeds = make(describe("CartPole-v1", {}), members, 2, backend), np.full((members, 2), 99)
        seeds[at] = [5, 6]
        seen.append(
            [
                moment.observations[at]
                for _ in range(3)
                for moment in environments.play(grid, seeds, np.ones((members, 2), dtype=np.bool_), steady)
                if moment.active[at].any()
            ]
        )
    np.testing.assert_array_equal(*seen)


def trained(loop: str, backend: Backend, seeds: tuple[int, ...], halt: bool = False) -> list[Report]:
    """What a small training has come to, halted and gone on with from its state or not."""
    common = {"environment": "CartPole-v1", "budget": 300, "hidden": (8,), "backend": backend, "compile": "never"}
    kind: Any = DQNLoop if loop == "dqn" else ReinforceLoop
    config: Any = DQNConfig if loop == "dqn" else ReinforceConfig
    own = {"learning_starts": 50} if loop == "dqn" else {"batch_size": 4}

    def begun() -> Any:
        import torch

        configs = [config(**common, **own, seed=seed, evaluation_episodes=2) for seed in seeds]
        return kind(configs, torch.device("cpu"))

    training = begun()
    if halt:
        training.train(150)
        states, training = training.state(), begun()
        training.load(states)
    reports: list[Report] = training.train(300)
    return reports


@pytest.mark.parametrize("loop", ["dqn", "reinforce"])
@pytest.mark.parametrize("backend", ["vector", "envpool"])
def test_a_member_is_trained_as_it_would_be_alone(loop: str, backend: Backend) -> None:
    if backend == "envpool":
        pytest.importorskip("envpool")
    alone, packed = trained(loop, backend, (3,)), trained(loop, backend, (8, 3))
    assert packed[1].steps == alone[0].steps
    assert packed[1].points[-1][1] == pytest.approx(alone[0].points[-1][1], rel=1e-3)
    assert packed[0].points != packed[1].points


@pytest.mark.parametrize("loop", ["dqn", "reinforce"])
def test_a_vector_environment_leads_to_the_same_end_after_a_halt(loop: str) -> None:
    whole, halted = trained(loop, "vector", (3,)), trained(loop, "vector", (3,), halt=True)
    assert whole[0].steps == halted[0].steps
    assert whole[0].points[-1][1]["evaluation/return_mean"] == halted[0].points[-1][1]["evaluation/return_mean"]


def test_dqn_on_the_vector_backend_is_dqn_one_by_one() -> None:
    """With one episode at a time the seed of a vector environment is its episode's; only rounding differs."""
    ours, theirs = trained("dqn", "gymnasium", (3, 4)), trained("dqn", "vector", (3, 4))
    for one, other in zip(ours, theirs, strict=True):
        assert one.points[-1][1] == pytest.approx(other.points[-1][1], rel=1e-2)


def test_a_pool_goes_on_after_a_halt_with_another_episode() -> None:
    pytest.importorskip("envpool")
    (report,) = trained("dqn", "envpool", (3,), halt=True)
    assert report.steps == 300
    assert report.error is None


@pytest.mark.parametrize(
    ("environment", "message"),
    [("CartPole-v1", "EnvPool can't make CartPole-v1: TypeError"), (CLOCK, f"EnvPool has no {CLOCK}")],
)
def test_what_a_pool_refuses(environment: str, message: str) -> None:
    pytest.importorskip("envpool")
    arguments = {"length": 3} if environment == CLOCK else {"sutton_barto_reward": True}
    misfit = problem(environment, arguments, (), "envpool")
    assert misfit is not None
    assert misfit.key == "backend"
    assert str(misfit).startswith(message)


@pytest.mark.parametrize(
    ("environment", "way", "told"),
    [
        (MOODY_TOGETHER, "raises", "raised OSError"),
        (MOODY_TOGETHER, "observation", "observation that is not finite"),
        (NUMBERS_TOGETHER, "above", "not in its space, 10: should be a whole number from 1 to 9"),
    ],
)
def test_a_vector_environment_that_breaks_names_its_member(environment: str, way: str, told: str) -> None:
    description = describe(environment, {"breaks": [7], "way": way})
    grid, where = make(description, 2, 1, "vector"), np.ones((2, 1), dtype=np.bool_)
    grid.reset(np.array([[3], [7]]), where)
    nothing = np.zeros((2, 1), dtype=np.int64)
    for _ in range(2):
        grid.step(nothing, where)
    with pytest.raises(MemberFailed, match=f"environment: {environment} .*{told}.*in step 3") as failed:
        grid.step(nothing, where)
    assert failed.value.member == 1


@pytest.mark.parametrize("space", ["discrete", "binary", "box"])
@pytest.mark.parametrize("backend", ["gymnasium", "vector"])
def test_actions_are_handed_over_in_the_form_that_the_environment_checks(space: str, backend: Backend) -> None:
    description = describe(SWITCHES_TOGETHER, {"space": space})
    grid, where = make(description, 2, 3, backend), np.ones((2, 3), dtype=np.bool_)
    grid.reset(np.arange(6).reshape(2, 3), where)
    right = np.round((grid.observations[..., :2] + 1) / 2).astype(np.int64)
    if space == "box":
        right = np.stack([grid.observations[..., 0] / 2, 0.4 * grid.observations[..., 1]], -1)
    rewards, _, _ = grid.step(right, where)
    np.testing.assert_allclose(rewards, np.full((2, 3), 0.0 if space == "box" else 2.0), atol=1e-6)


def test_a_pool_takes_continuous_actions_as_gymnasium_does() -> None:
    pytest.importorskip("envpool")
    description, where = describe("Pendulum-v1", {}), np.ones((2, 3), dtype=np.bool_)
    pool = make(description, 2, 3, "envpool")
    pool.reset(np.arange(6).reshape(2, 3), where)
    _, sine, spin = np.moveaxis(pool.observations, -1, 0)
    choices = np.linspace(-2.0, 2.0, 6).reshape(2, 3, 1)
    pool.step(choices, where)
    torque = 2 * np.clip(choices[..., 0], -1, 1)
    np.testing.assert_allclose(
        pool.observations[..., 2], np.clip(spin + (15 * sine + 3 * torque) * 0.05, -8, 8), atol=1e-4
    )


def test_wrappers_are_put_on_in_order() -> None:
    wrappers = ["FlattenObservation", {"TimeAwareObservation": {"normalize_time": False}}]
    description = describe("CartPole-v1", {}, wrappers)
    assert description.inputs == 5
    grid, one = make(description, 1, 1), np.ones((1, 1), dtype=np.bool_)
    grid.reset(np.array([[0]]), one)
    for step in range(3):
        assert grid.observations[0, 0, 4] == step
        grid.step(np.array([[0]]), one)
    cut = describe("CartPole-v1", {}, [{"TimeLimit": {"max_episode_steps": 2}}])
    grid = make(cut, 1, 1)
    grid.reset(np.array([[0]]), one)
    assert [bool(grid.step(np.array([[0]]), one)[2][0, 0]) for _ in range(2)] == [False, True]


class Upside(gymnasium.ActionWrapper[Any, Any, Any]):
    """A wrapper of one's own: actions the other way round."""

    action_space = spaces.Discrete(2)

    def action(self, action: int) -> int:
        return 1 - action


def test_a_wrapper_of_ones_own_by_name() -> None:
    one, seeds = np.ones((1, 1), dtype=np.bool_), np.array([[0]])
    upside = make(describe("CartPole-v1", {}, ["test_backends:Upside"]), 1, 1)
    plain = make(describe("CartPole-v1", {}), 1, 1)
    for grid, action in ((upside, 0), (plain, 1)):
        grid.reset(seeds, one)
        grid.step(np.array([[action]]), one)
    assert upside.observations == pytest.approx(plain.observations, abs=1e-6)


def test_an_environment_that_never_ends_is_cut() -> None:
    description = describe(CLOCK, {"length": 10**9})
    one = np.ones((1, 1), dtype=np.bool_)
    moments = environments.play(make(description, 1, 1), np.zeros((1, 1), dtype=np.int64), one, lambda seen: 0 * one)
    assert sum(1 for _ in moments) == description.max_episode_steps == 10_000
