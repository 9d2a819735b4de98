"""The member axis: trees of tensors in which every tensor has a row for each member of the pack."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

Tensors = dict[str, Tensor]
"""Tensors by name, such as the parameters of a network."""

Tree = dict[str, Any]
"""A dict of tensors and of trees."""


def stack(trees: Sequence[Tree]) -> Tree:
    """Joins the trees of single members, which have the same shapes, into one with a leading member axis."""
    first = trees[0]
    return {
        key: stack([tree[key] for tree in trees])
        if isinstance(first[key], dict)
        else torch.stack([torch.as_tensor(tree[key]) for tree in trees])
        for key in first
    }


def member(tree: Tree, index: int) -> Tree:
    """The tree of one member, on the CPU and in memory of its own."""
    return {
        key: member(value, index) if isinstance(value, dict) else value[index].detach().cpu().clone()
        for key, value in tree.items()
    }


def to(tree: Tree, device: torch.device) -> Tree:
    """The tree with all its tensors on a device."""
    return {key: to(value, device) if isinstance(value, dict) else value.to(device) for key, value in tree.items()}


def where(chosen: Tensor, tree: Tree, other: Tree) -> Tree:
    """Chooses between two trees, member by member.

    chosen: (M,) bool.
    tree: what the chosen members get.
    other: what all others get.
    """
    return {
        key: where(chosen, value, other[key])
        if isinstance(value, dict)
        else torch.where(chosen.reshape(chosen.shape + (1,) * (value.dim() - chosen.dim())), value, other[key])
        for key, value in tree.items()
    }
