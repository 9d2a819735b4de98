"""Pytrees of tensors, taken apart and put together again: compiled programs take and return flat lists of tensors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

PyTree = Any
"""A tensor, or a dict or tuple of pytrees."""


@dataclass(frozen=True)
class TensorSpec:
    """What a tensor is apart from its numbers.

    stride: of a tensor that shares memory between members; None: the tensor is contiguous.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype
    stride: tuple[int, ...] | None

    @classmethod
    def of(cls, tensor: Tensor) -> "TensorSpec":
        """The spec of a tensor."""
        return cls(tuple(tensor.shape), tensor.dtype, tensor.stride() if shares_memory(tensor) else None)

    def empty(self) -> Tensor:
        """A tensor of this spec."""
        if self.stride is None:
            return torch.empty(self.shape, dtype=self.dtype)
        return torch.empty_strided(self.shape, self.stride, dtype=self.dtype)


def shares_memory(tensor: Tensor) -> bool:
    """Whether several places of the tensor are the same memory, as in a data set that all members learn from."""
    return 0 in tensor.stride() and not tensor.is_contiguous()


def flatten(tree: PyTree, leaves: list[Tensor], structure: list[str | int]) -> None:
    """Takes a tree apart, dicts in the order of their keys.

    tree: what to take apart.
    leaves: its tensors are appended here.
    structure: what tells the tree from others with the same tensors is appended here.
    """
    if isinstance(tree, Tensor):
        leaves.append(tree)
        return
    structure += (len(leaves), len(tree))
    if isinstance(tree, dict):
        for name in sorted(tree):
            structure.append(name)
            flatten(tree[name], leaves, structure)
    else:
        for each in tree:
            flatten(each, leaves, structure)


def unflatten(places: PyTree, leaves: Sequence[Any]) -> PyTree:
    """A tree of leaves, put together by a tree of their places, in which lists may stand for tuples."""
    if isinstance(places, int):
        return leaves[places]
    if isinstance(places, dict):
        return {name: unflatten(each, leaves) for name, each in places.items()}
    return tuple([unflatten(each, leaves) for each in places])


def specs_of(tree: PyTree) -> PyTree:
    """The tree with a TensorSpec in place of each tensor."""
    if isinstance(tree, Tensor):
        return TensorSpec.of(tree)
    if isinstance(tree, dict):
        return {name: specs_of(tree[name]) for name in sorted(tree)}
    return tuple(specs_of(each) for each in tree)


def places_of(tree: PyTree, leaves: list[Any]) -> PyTree:
    """The tree with a number in place of each leaf; the leaves are appended to `leaves`, in the order of `flatten`."""
    if isinstance(tree, dict):
        return {name: places_of(tree[name], leaves) for name in sorted(tree)}
    if isinstance(tree, tuple | list):
        return [places_of(each, leaves) for each in tree]
    leaves.append(tree)
    return len(leaves) - 1
