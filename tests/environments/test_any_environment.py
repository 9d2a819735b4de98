"""Environments of any spaces, dtypes and lengths, with any habits: a trial run names a problem, or they train."""

from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trainables.environments import trial_run
from trainables.environments.description import EnvironmentMisfit, describe
from trainables.environments.trial_run import Wanted
from trainables.loops import registry
from trainables.loops.contract import choices_of
from trainables.tune import DQN, PackTrainable, Reinforce

ANY = "tests/Any-v0"
LOOPS: dict[str, tuple[type[PackTrainable], dict[str, Any]]] = {
    "dqn": (DQN, {"batch_size": 4, "learning_starts": 4, "budget": 24}),
    "reinforce": (Reinforce, {"batch_size": 2, "budget": 12}),
}
COMMON: dict[str, Any] = {
    "environment": ANY,
    "hidden": [4],
    "channels": [2],
    "reports": 2,
    "evaluation_episodes": 2,
    "compile": "never",
    "seed": 0,
}


def odd_number(reward: float) -> dict[str, Any]:
    """A reward in all the ways that people give it."""
    return {
        "plain": reward,
        "array": np.array([reward]),
        "float32": np.float32(reward),
        "whole": int(reward),
        "bool": reward > 0,
        "huge": 1e300 * reward,
        "none": None,
        "text": "much",
        "nan": np.nan,
        "pair": np.array([reward, reward]),
        "list": [reward],
    }


def odd_truth(over: bool) -> dict[str, Any]:
    """Whether an episode is over, likewise."""
    return {
        "plain": over,
        "numpy": np.bool_(over),
        "whole": int(over),
        "array": np.array([over]),
        "pair": np.array([over, over]),
        "text": "no",
    }


REWARDS, TRUTHS = list(odd_number(0.0)), list(odd_truth(False))
OBSERVATIONS = ["plain"] * 8 + ["float64", "list", "column", "none", "text", "nan", "huge", "elsewhere"]
METHODS = ["plain"] * 12 + ["four", "alone", "raises in step", "raises in reset", "no infos"]


@dataclass(frozen=True)
class Recipe:
    """How an environment is made.

    observations, actions: its spaces. elsewhere: where its observations come from, if not from there.
    length: of its episodes. reward, over, observation, method: the habits in each of them.
    """

    observations: spaces.Space[Any]
    actions: spaces.Space[Any]
    elsewhere: spaces.Space[Any]
    length: int
    reward: str
    over: str
    observation: str
    method: str


class Any_(gymnasium.Env[Any, Any]):
    """An environment by the recipe that was drawn last."""

    recipe: Recipe

    def __init__(self) -> None:
        recipe = self.recipe
        self.observation_space, self.action_space = recipe.observations, recipe.actions
        self._shown = recipe.elsewhere if recipe.observation == "elsewhere" else recipe.observations
        self._time = 0

    def _seen(self) -> Any:
        self._shown.seed(int(self.np_random.integers(2**31)))
        seen = self._shown.sample()
        habit = self.recipe.observation
        if habit == "none" or habit == "text":
            return None if habit == "none" else "left"
        if not isinstance(seen, np.ndarray):
            return seen
        return {
            "float64": lambda: seen.astype(np.float64),
            "list": seen.tolist,
            "column": lambda: seen[..., None],
            "nan": lambda: np.full(seen.shape, np.nan),
            "huge": lambda: np.full(seen.shape, 1e39),
        }.get(habit, lambda: seen)()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self._time = 0
        if self.recipe.method == "raises in reset":
            raise SystemExit(3)
        if self.recipe.method == "alone":
            return self._seen()
        return self._seen(), None if self.recipe.method == "no infos" else {}

    def step(self, action: Any) -> Any:
        assert self.action_space.contains(action), action
        self._time += 1
        if self.recipe.method == "raises in step":
            raise np.linalg.LinAlgError("singular")
        reward = odd_number(float(self.np_random.normal()))[self.recipe.reward]
        over = odd_truth(self._time >= self.recipe.length)[self.recipe.over]
        answer = (self._seen(), reward, over, False, {})
        return answer[:4] if self.recipe.method == "four" else answer


gymnasium.register(ANY, entry_point=Any_, max_episode_steps=8)

shapes = st.lists(st.integers(1, 3), max_size=4).map(tuple)
boxes = st.one_of(
    st.builds(lambda shape, high, dtype: spaces.Box(-high, high, shape, dtype), shapes, st.sampled_from([1.0, 1e6]),
              st.sampled_from([np.float32, np.float64])),
    st.builds(lambda shape: spaces.Box(-np.inf, np.inf, shape, np.float32), shapes),
    st.builds(lambda shape: spaces.Box(0, 255, shape, np.uint8), shapes),
    st.builds(lambda shape: spaces.Box(-7, 9, shape, np.int64), shapes),
)  # fmt: skip
discrete = st.builds(lambda n, start: spaces.Discrete(n, start=start), st.integers(1, 6), st.integers(-3, 3))
counted: st.SearchStrategy[spaces.Space[Any]] = st.one_of(
    discrete,
    st.integers(1, 4).map(spaces.MultiBinary),
    st.lists(st.integers(1, 4), min_size=1, max_size=3).map(spaces.MultiDiscrete),
)
unreadable = st.sampled_from([spaces.Text(3), spaces.Sequence(spaces.Discrete(2))])
observed: st.SearchStrategy[spaces.Space[Any]] = st.recursive(
    st.one_of(boxes, boxes, boxes, counted, counted, counted, unreadable),
    lambda parts: st.one_of(
        st.dictionaries(st.sampled_from("abc"), parts, max_size=3).map(spaces.Dict),
        st.lists(parts, max_size=3).map(lambda each: spaces.Tuple(tuple(each))),
    ),
    max_leaves=4,
)
small = st.builds(lambda size: spaces.Box(-1.0, 1.0, (size,), np.float32), st.integers(1, 2))
acted: st.SearchStrategy[spaces.Space[Any]] = st.one_of(discrete, discrete, discrete, counted, small, unreadable)
recipes = st.builds(
    Recipe,
    observations=observed,
    actions=acted,
    elsewhere=observed,
    length=st.integers(1, 6),
    reward=st.sampled_from(["plain"] * 20 + REWARDS),
    over=st.sampled_from(["plain"] * 20 + TRUTHS),
    observation=st.sampled_from(OBSERVATIONS),
    method=st.sampled_from(METHODS),
)


def named_or_trained(recipe: Recipe, loop: str) -> None:
    Any_.recipe = recipe
    found = trial_run.tried(Wanted(ANY, {}))
    if found.misfit is not None:
        assert found.misfit[0] == "environment"
        assert found.misfit[1].startswith(ANY)
        assert "\n" not in found.misfit[1]
        return
    try:
        choices_of(registry.LOOPS[loop], describe(ANY, {}).actions)
    except EnvironmentMisfit:
        assert loop == "dqn", "REINFORCE chooses among all actions that can be described"
        return
    kind, fields = LOOPS[loop]
    trainable = kind({**COMMON, **fields})
    result = trainable.train()
    while not result["done"]:
        result = trainable.train()
    assert np.isfinite(result["evaluation/return_mean"])


def huge(*shape: int) -> Recipe:
    """Observations that single precision can't hold."""
    space = spaces.Box(-1.0, 1.0, shape, np.float32)
    return Recipe(space, spaces.Discrete(2), spaces.Dict(), 1, "plain", "plain", "huge", "plain")


@example(huge(1), "dqn")
@example(huge(), "dqn")
@given(recipes, st.sampled_from(list(LOOPS)))
@settings(max_examples=30, suppress_health_check=list(HealthCheck))
def test_a_trial_run_names_a_problem_or_it_trains(recipe: Recipe, loop: str) -> None:
    named_or_trained(recipe, loop)


@pytest.mark.slow
@given(recipes, st.sampled_from(list(LOOPS)))
@settings(max_examples=2_000, suppress_health_check=list(HealthCheck))
def test_whatever_it_is(recipe: Recipe, loop: str) -> None:
    named_or_trained(recipe, loop)
