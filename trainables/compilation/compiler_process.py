"""Compiles one program for the workers that wait for it.

    python -m trainables.compilation.compiler_process FOLDER PARENT < request

FOLDER is the program's own in the cache (program_cache.py), PARENT the process that asks. The program is written aside
and its folder renamed, so that it is there in full or not at all.
"""

import contextlib
import json
import os
import pickle
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from filelock import FileLock

from trainables.base.child_process import end_with

UNUSED_S = 30 * 24 * 3600.0
"""Programs that nobody has loaded for so long are removed."""


def main() -> None:
    """Compiles, unless another process has done so in the meantime."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    end_with(parent)
    with FileLock(folder.with_suffix(".lock")):
        if folder.exists():
            return
        request = pickle.load(sys.stdin.buffer)
        if request.key() != folder.name:
            # A worker may have begun before the package was changed.
            sys.exit("the source of trainables is not that of the process that asks")
        aside = folder.with_suffix(".part")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        compile_into(aside, request)
        os.replace(aside, folder)
        _remove_unused(folder.parent)


def compile_into(folder: Path, request: Any) -> None:
    """Writes the program of a CompileRequest, and what its outputs are."""
    import torch
    from torch import Tensor

    from trainables import borrowed
    from trainables.compilation.flat_trees import TensorSpec, places_of, unflatten
    from trainables.compilation.program_cache import OUTPUTS, PROGRAM

    torch.set_num_threads(request.threads)
    specs: list[TensorSpec] = []
    input_places = places_of(request.inputs, specs)
    inputs = tuple(spec.empty() for spec in specs)
    output_places: Any = None

    def flat(*leaves: Tensor) -> tuple[Tensor, ...]:
        nonlocal output_places
        outputs: list[Tensor] = []
        output_places = places_of(request.function(*unflatten(input_places, leaves)), outputs)
        # Contiguous, as the next call takes them.
        return tuple(output.contiguous() for output in outputs)

    with torch.no_grad():
        library = borrowed.compiled_ahead(borrowed.traced(flat, inputs), inputs)
    shutil.copyfile(library, folder / PROGRAM)
    (folder / OUTPUTS).write_text(json.dumps(output_places))
    shutil.rmtree(library.parent)


def _remove_unused(cache: Path) -> None:
    from trainables.compilation.program_cache import PROGRAM

    for program in cache.glob(f"*/{PROGRAM}"):
        with contextlib.suppress(OSError):
            if time.time() - program.parent.stat().st_mtime > UNUSED_S:
                shutil.rmtree(program.parent)


if __name__ == "__main__":
    main()
