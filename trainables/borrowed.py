"""All that trainables uses of the private parts of torch and Ray, since neither has a public way to it.

Each function says why. Seen in torch 2.13 and Ray 2.60; tests/test_borrowed_trainables.py fails when a library changes
one of them. Both libraries are imported where they are needed: a process that loads a program does without the
compiler, and one that trains does without Ray.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ray.train import Checkpoint
    from torch import Tensor
    from torch.fx import GraphModule

Flat = Callable[..., tuple["Tensor", ...]]
"""A function of tensors, none of them in a dict or a tuple."""

TRUST_VECTOR_INSTRUCTIONS = {"TORCHINDUCTOR_VEC_ISA_OK": "1"}
"""Environment of a compiler that does not test whether g++ knows the processor's vector instructions.

Why: the test compiles small programs, which takes 6 s the first time on a machine.
"""


def traced(function: Flat, inputs: Sequence[Tensor]) -> GraphModule:
    """The operations of a function, with `vmap` and `grad` resolved into plain ones.

    Why: `torch.export`, the public way, can't follow `torch.func.grad`.
    """
    from torch.fx.experimental.proxy_tensor import make_fx

    graph: GraphModule = make_fx(function, tracing_mode="fake")(*inputs)
    return graph


def compiled_ahead(graph: GraphModule, inputs: Sequence[Tensor]) -> Path:
    """Compiles a graph for the CPU, in this process alone. Returns the shared library that was written.

    Why: `torch._inductor.aoti_compile_and_package`, the documented way, takes only what `torch.export` has traced.
    """
    from torch import _inductor

    return Path(str(_inductor.aot_compile(graph, tuple(inputs), options={"compile_threads": 1})))


def loaded(library: Path) -> Callable[[list[Tensor]], list[Tensor]]:
    """The function that `compiled_ahead` has written.

    Why: `torch._inductor.aoti_load_package`, the documented way, imports the compiler: 190 MB and 2 s in each worker.
    """
    import torch

    run: Callable[[list[Tensor]], list[Tensor]] = torch._C._aoti.AOTIModelContainerRunnerCpu(str(library), 1).run
    return run


def place_for_checkpoints(folder: Path) -> Any:
    """What a Trainable is given as `storage`.

    Why: a function Trainable can't report without one, and only Tune's own controller makes one.
    """
    from ray.train._internal.storage import StorageContext

    return StorageContext(str(folder), folder.name, trial_dir_name="trial")


def to_restore(checkpoint: Checkpoint, iteration: int) -> Any:
    """What `restore` of a Trainable takes, for it to go on from a checkpoint after this iteration.

    Why: handed the folder alone, a function Trainable does not know the iteration.
    """
    from ray.train._internal.session import _TrainingResult

    return _TrainingResult(checkpoint, {"training_iteration": iteration})


@cache
def keys_of_tune() -> frozenset[str]:
    """The keys that Tune itself puts into a result, beside a Trainable's own.

    Why: the module with their names is not documented.
    """
    from ray.tune.result import AUTO_RESULT_KEYS, DEBUG_METRICS, DONE, RESULT_DUPLICATE, SHOULD_CHECKPOINT

    return frozenset({*AUTO_RESULT_KEYS, *DEBUG_METRICS, DONE, RESULT_DUPLICATE, SHOULD_CHECKPOINT})


def is_repeated(result: dict[str, Any]) -> bool:
    """Whether a result repeats the last one, which says that a function Trainable has returned.

    Why: as for `keys_of_tune`.
    """
    from ray.tune.result import RESULT_DUPLICATE

    return RESULT_DUPLICATE in result
