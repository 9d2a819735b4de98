"""Action spaces as plain values, and choices as their environments take them."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainables.environments import action_spaces
from trainables.environments.action_spaces import Continuous, Discrete, Parts, Product

INF = np.inf
BOX = spaces.Box(np.array([[-2.0, 0.0]], np.float32), np.array([[2.0, 10.0]], np.float32))

SPACES: dict[str, tuple[spaces.Space[Any], Any]] = {
    "discrete": (spaces.Discrete(3), Discrete(3)),
    "discrete from -1": (spaces.Discrete(3, start=-1), Discrete(3, -1)),
    "multi-discrete": (spaces.MultiDiscrete([2, 5]), Parts((2, 5), (0, 0), (2,), "int64")),
    "multi-discrete, two axes, with starts": (
        spaces.MultiDiscrete(np.array([[2, 5], [3, 1]]), start=np.array([[0, -1], [7, 2]])),
        Parts((2, 5, 3, 1), (0, -1, 7, 2), (2, 2), "int64"),
    ),
    "multi-binary": (spaces.MultiBinary(4), Parts((2,) * 4, (0,) * 4, (4,), "int8")),
    "multi-binary, two axes": (spaces.MultiBinary((2, 3)), Parts((2,) * 6, (0,) * 6, (2, 3), "int8")),
    "box": (BOX, Continuous((-2.0, 0.0), (2.0, 10.0), (1, 2), "float32")),
    "box without axes": (spaces.Box(-1.0, 1.0, (), np.float64), Continuous((-1.0,), (1.0,), (), "float64")),
    "box without bounds": (spaces.Box(-INF, INF, (2,)), Continuous((-INF,) * 2, (INF,) * 2, (2,), "float32")),
    "box with the largest float for bounds": (
        spaces.Box(-np.finfo(np.float32).max, np.finfo(np.float32).max, (1,)),
        Continuous((-INF,), (INF,), (1,), "float32"),
    ),
    "box with one bound": (spaces.Box(0.0, INF, (1,)), Continuous((0.0,), (INF,), (1,), "float32")),
    "box of whole numbers": (spaces.Box(0, 255, (2,), np.uint8), Continuous((0.0,) * 2, (255.0,) * 2, (2,), "uint8")),
    "box of all whole numbers": (
        spaces.Box(np.iinfo(np.int64).min, np.iinfo(np.int64).max, (1,), np.int64),
        Continuous((-INF,), (INF,), (1,), "int64"),
    ),
}


@pytest.mark.parametrize(("space", "actions"), SPACES.values(), ids=SPACES)
def test_what_is_read_of_a_space(space: spaces.Space[Any], actions: Any) -> None:
    found = action_spaces.read(space)
    assert found == actions
    assert action_spaces.from_plain(action_spaces.as_plain(actions)) == actions


@pytest.mark.parametrize(
    "space",
    [
        spaces.Dict({"a": spaces.Discrete(2)}),
        spaces.Tuple([spaces.Discrete(2)]),
        spaces.Text(3),
        spaces.Sequence(spaces.Discrete(2)),
        spaces.Box(0.0, 1.0, (0,)),
        spaces.Box(0.0, 1.0, (2, 0)),
    ],
    ids=str,
)
def test_what_no_policy_can_take(space: spaces.Space[Any]) -> None:
    assert action_spaces.read(space) is None


def choices_of(actions: Any, draw: st.DataObject, batch: tuple[int, ...]) -> Any:
    """Any that a policy may give, sound or not."""
    if isinstance(actions, Continuous):
        return draw.draw(arrays(np.float32, (*batch, *actions.axes), elements=st.floats(width=32)))
    counts = actions.counts if isinstance(actions, Parts) else (actions.n,)
    drawn = draw.draw(arrays(np.int64, (*batch, len(counts)), elements=st.integers(0, 1_000)))
    return (drawn % counts).reshape(*batch, *actions.axes)


@pytest.mark.filterwarnings("ignore:.*precision lowered:UserWarning")
@pytest.mark.parametrize("name", SPACES)
@settings(max_examples=20)
@given(data=st.data(), bounds=st.sampled_from(["squash", "clip"]))
def test_whatever_is_chosen_is_in_the_space(name: str, data: st.DataObject, bounds: Any) -> None:
    space, actions = SPACES[name]
    if isinstance(actions, Continuous):
        actions = Continuous(actions.low, actions.high, actions.shape, actions.dtype, bounds)
    choices = choices_of(actions, data, (2, 3))
    given = actions.given(choices)
    assert given.shape == (2, 3, *space.shape)
    for row, chosen in zip(given.reshape(6, *space.shape), choices.reshape(6, *actions.axes), strict=True):
        assert space.contains(int(row) if isinstance(space, spaces.Discrete) else np.asarray(row))
        np.testing.assert_array_equal(row, actions.given(chosen))


def test_parts_by_hand() -> None:
    actions = Parts((2, 5, 3, 1), (0, -1, 7, 2), (2, 2), "int8")
    given = actions.given(np.array([1, 4, 0, 0]))
    assert given.tolist() == [[1, 3], [7, 2]]
    assert given.dtype == np.int8


def test_a_product_tells_every_combination_once() -> None:
    actions = Product(Parts((2, 3), (0, 5), (2,), "int64"))
    assert actions.n == actions.outputs == 6
    assert actions.given(np.arange(6)).tolist() == [[0, 5], [0, 6], [0, 7], [1, 5], [1, 6], [1, 7]]
    assert action_spaces.from_plain(action_spaces.as_plain(actions)) == actions


@pytest.mark.parametrize(
    ("bounds", "choices", "given"),
    [
        ("clip", [0.0, 0.0], [0.0, 5.0]),
        ("clip", [0.5, -0.5], [1.0, 2.5]),
        ("clip", [3.0, -3.0], [2.0, 0.0]),
        ("squash", [0.0, 0.0], [0.0, 5.0]),
        ("squash", [np.arctanh(0.5), np.arctanh(-0.5)], [1.0, 2.5]),
        ("squash", [30.0, -30.0], [2.0, 0.0]),
        ("squash", [np.nan, np.inf], [0.0, 10.0]),
        ("clip", [np.nan, -np.inf], [0.0, 0.0]),
    ],
)
def test_bounds_by_hand(bounds: Any, choices: list[float], given: list[float]) -> None:
    actions = Continuous((-2.0, 0.0), (2.0, 10.0), (1, 2), "float32", bounds)
    np.testing.assert_allclose(actions.given(np.array(choices)), [given], rtol=1e-6)


@pytest.mark.parametrize("bounds", ["squash", "clip"])
def test_without_both_bounds_a_choice_is_the_action_itself_up_to_the_bound_there_is(bounds: Any) -> None:
    actions = Continuous((-INF, 0.0), (INF, INF), (2,), "float64", bounds)
    assert actions.squashed == (False, False)
    assert actions.given(np.array([[-3.5, 7.25], [3.5, -1.0]])).tolist() == [[-3.5, 7.25], [3.5, 0.0]]


def test_to_whole_numbers_choices_are_rounded() -> None:
    actions = Continuous((0.0, 0.0), (9.0, 9.0), (2,), "uint8")
    assert actions.given(np.array([[-1.0, 1.0], [0.0, 0.2]])).tolist() == [[0, 9], [4, 5]]


@pytest.mark.parametrize(("space", "actions"), SPACES.values(), ids=SPACES)
def test_what_is_drawn_is_in_the_space_and_reaches_all_of_it(space: spaces.Space[Any], actions: Any) -> None:
    given = actions.given(actions.drawn(np.random.default_rng(0), 300))
    assert all(space.contains(int(each) if isinstance(space, spaces.Discrete) else np.asarray(each)) for each in given)
    for low, high in zip(given.min(0).ravel(), given.max(0).ravel(), strict=True):
        assert low < high or actions == SPACES["multi-discrete, two axes, with starts"][1]
