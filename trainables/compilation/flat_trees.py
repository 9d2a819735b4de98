"""Trees of tensors, taken apart and built again: a tensor, or a dict or tuple of trees."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

Tree = Any
"""A tensor, or a dict or tuple of trees."""


@dataclass(frozen=True)
class Like:
    """A tensor, but for its numbers. stride: of one whose members share memory; None: in the order of its numbers."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    stride: tuple[int, ...] | None

    @classmethod
    def of(cls, tensor: Tensor) -> "Like":
        """What the tensor is like."""
        return cls(tuple(tensor.shape), tensor.dtype, tensor.stride() if is_shared(tensor) else None)

    def empty(self) -> Tensor:
        """A tensor like it."""
        if self.stride is None:
            return torch.empty(self.shape, dtype=self.dtype)
        return torch.empty_strided(self.shape, self.stride, dtype=self.dtype)


def is_shared(tensor: Tensor) -> bool:
    """Whether it shows the same memory in several places, as a data set does that all members learn from."""
    return 0 in tensor.stride() and not tensor.is_contiguous()


def flatten(tree: Tree, leaves: list[Tensor], shape: list[str | int]) -> None:
    """Append the tensors of a tree, those of a dict by the order of their names; shape: what tells it from others."""
    if isinstance(tree, Tensor):
        leaves.append(tree)
        return
    shape += (len(leaves), len(tree))
    if isinstance(tree, dict):
        for name in sorted(tree):
            shape.append(name)
            flatten(tree[name], leaves, shape)
    else:
        for each in tree:
            flatten(each, leaves, shape)


def built(places: Tree, leaves: Sequence[Any]) -> Tree:
    """A tree of leaves out of a tree of their places, which may have lists for tuples."""
    if isinstance(places, int):
        return leaves[places]
    if isinstance(places, dict):
        return {name: built(each, leaves) for name, each in places.items()}
    return tuple([built(each, leaves) for each in places])


def described(tree: Tree) -> Tree:
    """The tree with a Like for each tensor."""
    if isinstance(tree, Tensor):
        return Like.of(tree)
    if isinstance(tree, dict):
        return {name: described(tree[name]) for name in sorted(tree)}
    return tuple(described(each) for each in tree)


def places_of(tree: Any, leaves: list[Any]) -> Any:
    """The tree with the place of each leaf in place of it; leaves: is filled with them, in the order of flatten()."""
    if isinstance(tree, dict):
        return {name: places_of(tree[name], leaves) for name in sorted(tree)}
    if isinstance(tree, tuple | list):
        return [places_of(each, leaves) for each in tree]
    leaves.append(tree)
    return len(leaves) - 1
