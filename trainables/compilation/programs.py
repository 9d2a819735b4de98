"""Functions of a pack as machine code.

A function of this package is compiled ahead of time, by a process of its own, and kept on disk for every worker of
every run (program_cache.py). Code that is not of this package (a person's own networks and losses) is compiled by
torch.compile in the worker, and so is that of a GPU.
"""

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from trainables.compilation import program_cache
from trainables.compilation.flat_trees import PyTree, flatten, shares_memory, specs_of, unflatten
from trainables.compilation.program_cache import Compiler, CompileRequest
from trainables.compilation.rebuildable import Rebuildable, is_ours

MOST_VERSIONS = 1_000
"""Versions of a function that torch.compile may make. It tells functions by their code, and all of ours share the code
of vmap's wrapper; each pack size is a version of its own."""


class Program:
    """A function of pytrees of tensors, compiled for each set of shapes that it is called with."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._ahead = isinstance(function, Rebuildable) and is_ours(function) and sys.platform == "linux"
        self._loaded: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        self._compilers: dict[str, Compiler] = {}
        self._by_torch: Callable[..., Any] | None = None
        self._compiled_by_torch: set[tuple[Any, ...]] = set()

    def __call__(self, *trees: PyTree) -> Any:
        """What the function returns. Raises CompileFailed."""
        leaves, signature = _signed(trees)
        if not self._is_ahead(leaves):
            return self._call_by_torch(signature, trees)
        if signature not in self._loaded:
            request = self._request(trees)
            self._loaded[signature] = program_cache.load(request, self._compilers.pop(request.key(), None))
        run, outputs = self._loaded[signature]
        return unflatten(outputs, run(leaves))

    def begin(self, *trees: PyTree) -> None:
        """Begins to compile for such trees in the background, unless that is done already."""
        leaves, signature = _signed(trees)
        if not self._is_ahead(leaves) or signature in self._loaded:
            return
        request = self._request(trees)
        if not request.is_compiled() and request.key() not in self._compilers:
            self._compilers[request.key()] = program_cache.begin(request)

    def _is_ahead(self, leaves: Sequence[Tensor]) -> bool:
        return self._ahead and leaves[0].device.type == "cpu"

    def _request(self, trees: tuple[PyTree, ...]) -> CompileRequest:
        return CompileRequest(self._function, specs_of(trees), torch.get_num_threads())

    def _call_by_torch(self, signature: tuple[Any, ...], trees: tuple[PyTree, ...]) -> Any:
        if self._by_torch is None:
            function = self._function.function if isinstance(self._function, Rebuildable) else self._function
            # A worker has a core or two; a pool of compiling processes beside it would only outlive it.
            settings: dict[str, Any] = {"recompile_limit": MOST_VERSIONS, "options": {"compile_threads": 1}}
            self._by_torch = torch.compile(function, dynamic=False, **settings)
        if signature in self._compiled_by_torch:
            return self._by_torch(*trees)
        self._compiled_by_torch.add(signature)
        versions = torch.compiler.config.patch(accumulated_recompile_limit=MOST_VERSIONS)  # type: ignore[attr-defined]
        with program_cache.waiting(), versions:
            return self._by_torch(*trees)


def _signed(trees: tuple[PyTree, ...]) -> tuple[list[Tensor], tuple[Any, ...]]:
    """The tensors as a program takes them, and a signature: all that tells which program takes them."""
    leaves: list[Tensor] = []
    signature: list[Any] = []
    flatten(trees, leaves, signature)
    signature += [(leaf.shape, leaf.dtype) for leaf in leaves]
    for place, leaf in enumerate(leaves):
        if not leaf.is_contiguous():
            if shares_memory(leaf):
                signature.append((place, leaf.stride()))
            else:
                leaves[place] = leaf.contiguous()
    return leaves, tuple(signature)


@lru_cache(maxsize=256)
def _program(function: Callable[..., Any]) -> Program:
    """The same for the same function, so that a process loads it once."""
    return Program(function)


def compiled_if(compiled: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as a Program where it is to be compiled, else as it is."""
    return _program(function) if compiled else function


def begin(function: Callable[..., Any], *trees: PyTree) -> None:
    """Begins to compile a function, where it is a Program, for the trees that it will be called with.

    So the programs that a training needs one after the other are compiled side by side.
    """
    if isinstance(function, Program):
        function.begin(*trees)
