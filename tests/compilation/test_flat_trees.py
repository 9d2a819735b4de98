"""Pytrees: taken apart and put together they are as before, and trees of the same tensors are told apart."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trainables.compilation.flat_trees import flatten, places_of, specs_of, unflatten

nested = st.recursive(
    st.just(torch.zeros(2)),
    lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=8,
)


@given(nested)
def test_a_tree_is_put_together_again_from_its_leaves(tree: Any) -> None:
    leaves: list[Tensor] = []
    flatten(tree, leaves, [])
    in_order: list[Tensor] = []
    places = places_of(tree, in_order)
    assert all(one is other for one, other in zip(leaves, in_order, strict=True))
    assert specs_of(unflatten(places, leaves)) == specs_of(tree)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 0, "b": 1}, {"a": 0, "c": 1}),
        ({"a": {"b": 0}, "c": 1}, {"a": {"b": 0, "c": 1}}),
        ({"a": {}}, {}),
        ((0, 1), ((0, 1),)),
        ((0, (1,)), ((0,), 1)),
    ],
)
def test_trees_of_the_same_tensors_are_told_apart(one: Any, other: Any) -> None:
    tensors = [torch.zeros(2), torch.zeros(2)]
    structures: tuple[list[Any], list[Any]] = ([], [])
    for tree, structure in zip((one, other), structures, strict=True):
        flatten(unflatten(tree, tensors), [], structure)
    assert structures[0] != structures[1]
