"""The private parts of torch and Ray that trainables borrows are as they were when it was written."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from climbing import Climber
from torch import Tensor
from torch.func import grad, vmap

from trainables import borrowed


def slopes(rows: Tensor) -> tuple[Tensor]:
    return (vmap(grad(lambda row: (row**2).sum()))(rows),)


def test_what_is_traced_computes_the_same_without_vmap_and_grad() -> None:
    graph = borrowed.traced(slopes, [torch.ones(2, 3)])
    torch.testing.assert_close(graph(torch.arange(6.0).reshape(2, 3)), (2 * torch.arange(6.0).reshape(2, 3),))
    assert all(str(node.target).startswith("aten.") for node in graph.graph.nodes if node.op == "call_function")


def test_the_public_way_to_trace_can_not_follow_a_gradient_yet() -> None:
    class Slopes(torch.nn.Module):
        def forward(self, rows: Tensor) -> tuple[Tensor]:
            return slopes(rows)

    with pytest.raises((AttributeError, RuntimeError)):
        torch.export.export(Slopes(), (torch.ones(2, 3),))


def test_a_program_is_loaded_from_its_path_and_what_is_none_is_refused(tmp_path: Path) -> None:
    """That it computes what was compiled is proved in compilation/test_program_cache.py."""
    with pytest.raises(RuntimeError, match=r"program\.so"):
        borrowed.loaded(tmp_path / "program.so")


def test_the_compiler_takes_vector_instructions_on_trust_when_it_is_told_to() -> None:
    (name,) = borrowed.TRUST_VECTOR_INSTRUCTIONS
    asked = "from torch._inductor import config; print(config.cpp.vec_isa_ok)"
    said = subprocess.run(
        [sys.executable, "-c", asked],
        env={name: borrowed.TRUST_VECTOR_INSTRUCTIONS[name]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["True"]


def test_torchs_public_limit_of_versions_is_the_compilers() -> None:
    import torch._dynamo.config as dynamo

    before = dynamo.accumulated_recompile_limit
    with torch.compiler.config.patch(accumulated_recompile_limit=before + 1):
        assert dynamo.accumulated_recompile_limit == before + 1
    assert dynamo.accumulated_recompile_limit == before


def test_a_checkpoint_is_handed_back_with_its_iteration(tmp_path: Path) -> None:
    """Of function Trainables, which need a Ray that runs, it is proved in test_foreign.py."""
    settings = {"start": 0.0, "step": 0.5, "seed": 1, "budget": 9}
    first, second = Climber(settings), Climber(settings)
    for _ in range(3):
        first.train()
    kept = first.save(str(tmp_path)).checkpoint
    second.restore(borrowed.to_restore(kept, 3))
    assert (second.iteration, second.x) == (3, first.x)
    result = second.train()
    assert result.keys() - borrowed.keys_of_tune() == {"height", "x"}
    assert not borrowed.is_repeated(result)


def test_a_place_for_checkpoints_is_in_its_folder(tmp_path: Path) -> None:
    assert Path(borrowed.place_for_checkpoints(tmp_path / "place").storage_fs_path) == tmp_path / "place"
