"""Members side by side: trees of tensors with a leading member axis.

A tree is a dict of tensors and trees.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

Tree = dict[str, Any]


def stack(trees: Sequence[Tree]) -> Tree:
    """Trees of single members, alike in shape, as one with a leading member axis."""
    first = trees[0]
    return {
        key: stack([tree[key] for tree in trees])
        if isinstance(first[key], dict)
        else torch.stack([torch.as_tensor(tree[key]) for tree in trees])
        for key in first
    }


def member(tree: Tree, index: int) -> Tree:
    """The tree of one member, on the CPU, sharing no memory with the pack's."""
    return {
        key: member(value, index) if isinstance(value, dict) else value[index].detach().cpu().clone()
        for key, value in tree.items()
    }


def to(tree: Tree, device: torch.device) -> Tree:
    """The tree with all its tensors on the device."""
    return {key: to(value, device) if isinstance(value, dict) else value.to(device) for key, value in tree.items()}


def where(chosen: Tensor, tree: Tree, other: Tree) -> Tree:
    """Of each member that is chosen (M,) the first tree, of the others the second."""
    return {
        key: where(chosen, value, other[key])
        if isinstance(value, dict)
        else torch.where(chosen.reshape(chosen.shape + (1,) * (value.dim() - chosen.dim())), value, other[key])
        for key, value in tree.items()
    }
