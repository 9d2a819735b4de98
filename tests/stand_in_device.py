"""A device that is not there: as strict as a GPU about what lies where, with its numbers kept in the CPU's memory.

Run as a script it evaluates the expressions that it is given, and trains there every loop of the contract suite. A
device that PyTorch has been told of lasts as long as its process, so it has a process of its own.
"""

import gc
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from loop_cases import CASES, Case
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from trainables.base import checkpoint
from trainables.loops.contract import Loop
from trainables.loops.registry import loop_of

CPU, ELSEWHERE = torch.device("cpu"), torch.device("privateuseone", 0)
MEMBERS = 7  # no other axis of the cases is as long

aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default)
INDEXING = (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_)
"""What may have tensors of two devices, as with a GPU: the second, indices of the CPU into a tensor elsewhere."""


class Elsewhere(Tensor):
    """A tensor that lies on the device; `numbers` is what it is made of."""

    numbers: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, numbers: Tensor) -> "Elsewhere":
        made: Elsewhere = Tensor._make_wrapper_subclass(
            cls,
            numbers.shape,
            strides=numbers.stride(),
            storage_offset=numbers.storage_offset(),
            dtype=numbers.dtype,
            device=ELSEWHERE,
        )
        return made

    def __init__(self, numbers: Tensor) -> None:
        self.numbers = numbers

    def __repr__(self) -> str:
        return f"Elsewhere({self.numbers})"

    def tolist(self) -> Any:
        return self.numbers.tolist()

    @classmethod
    def __torch_dispatch__(cls, operation: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        named = dict(named or {})
        tensors = [each for each in tree_leaves((given, named)) if isinstance(each, Tensor)]
        strange = [each for each in tensors if not isinstance(each, Elsewhere) and each.dim()]
        indices = operation._overloadpacket in INDEXING and isinstance(given[0], Elsewhere)
        if strange and operation not in COPIES and not indices:
            raise RuntimeError(f"{operation}: expected all tensors to be on one device")
        goes_to = given[0].device if operation is aten.copy_.default else torch.device(named.get("device") or ELSEWHERE)
        if "device" in named:
            named["device"] = CPU
        found = operation(*tree_map(_numbers, given), **tree_map(_numbers, named))
        if goes_to.type == "cpu":
            return found
        # What is written in place stays the tensor that it was.
        written = {id(each.numbers): each for each in tensors if isinstance(each, Elsewhere)}
        return tree_map(lambda each: written[id(each)] if id(each) in written else _elsewhere(each), found)


def _numbers(value: Any) -> Any:
    return value.numbers if isinstance(value, Elsewhere) else value


def _elsewhere(value: Any) -> Any:
    return Elsewhere(value) if isinstance(value, Tensor) else value


def _made(make: Any) -> Callable[..., Elsewhere]:
    return lambda *given, device=None, **named: Elsewhere(make(*given, **named, device=CPU))


def _copied(source: Tensor, target: Tensor, non_blocking: bool = False) -> Tensor:
    _numbers(target).copy_(_numbers(source))
    return target


def registered() -> torch.library.Library:
    """Tell PyTorch of the device; what it needs of it lives as long as what is returned."""
    _setup_privateuseone_for_python_backend("elsewhere")
    # No thread of autograd's own for the device: one that still holds something of Python's at the end aborts.
    torch.autograd.set_multithreading_enabled(False)
    library = torch.library.Library("aten", "IMPL")
    library.impl("empty.memory_format", _made(aten.empty.memory_format), "PrivateUse1")
    library.impl("empty_strided", _made(aten.empty_strided.default), "PrivateUse1")
    library.impl("_copy_from", _copied, "PrivateUse1")
    return library


def left_on_the_cpu() -> list[tuple[int, ...]]:
    """Shapes of the tensors with a row for each member that do not lie elsewhere."""
    rows = [each for each in gc.get_objects() if isinstance(each, Tensor) and each.shape[:1] == (MEMBERS,)]
    there = [each for each in rows if isinstance(each, Elsewhere)]
    assert there
    numbers = {id(each.numbers) for each in there}
    return [tuple(each.shape) for each in rows if not isinstance(each, Elsewhere) and id(each) not in numbers]


def check(name: str, case: Case) -> None:
    """A training there comes to the same as one on the CPU, and so does one that goes on from its files."""
    middle, later = min(case.middle, 30), min(case.later, 40)
    members = [dict(case.members[place % 3], seed=place) for place in range(MEMBERS)]
    configs = [loop_of(name).Config(**(case.common | member), compile="never") for member in members]

    def assert_same(one: Loop, other: Loop) -> None:
        states = [[case.weights(state) for state in loop.state()] for loop in (one, other)]
        torch.testing.assert_close(*states, check_device=False, rtol=1e-4, atol=1e-6)

    there: Loop = loop_of(name)(configs, ELSEWHERE)
    there.train(middle)
    assert left_on_the_cpu() == []
    here: Loop = loop_of(name)(configs, CPU)
    here.train(middle)
    assert_same(there, here)
    with tempfile.TemporaryDirectory() as root:
        folders = [Path(root) / str(place) for place in range(MEMBERS)]
        checkpoint.save(folders, [{"moment": middle, **state} for state in there.state()], there.best())
        assert all("state_dict" in torch.load(folder / checkpoint.BEST, weights_only=True) for folder in folders)
        states = checkpoint.load(folders)
    assert states is not None
    again: Loop = loop_of(name)(configs, ELSEWHERE)
    again.load(states)
    for loop in (again, there, here):
        loop.train(later)
    assert_same(again, there)
    assert_same(there, here)
    assert there.confirm(3) == pytest.approx(here.confirm(3), rel=1e-4)


def tried(expression: str) -> Any:
    """What an expression gives with `there`, a (2, 3) tensor on the device, or the error that it raises."""
    there = torch.arange(6.0).reshape(2, 3).to(ELSEWHERE)
    try:
        return eval(expression, {"there": there, "torch": torch})
    except (RuntimeError, TypeError) as error:
        return str(error)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    kept = registered()
    print(json.dumps([tried(expression) for expression in sys.argv[1:]]))
    for name, case in CASES.items():
        check(name, case)
        print(name, flush=True)
