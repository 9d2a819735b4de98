"""Compiles one program for the workers that wait for it.

    python -m trainables.compilation.compiler_process FOLDER PARENT PATIENCE < request

FOLDER is the program's own in the cache (program_cache.py), PARENT the process that asks, PATIENCE how many seconds it
waits for another one that compiles the same. The program is written aside and its folder renamed, so that it is there
in full or not at all.
"""

import contextlib
import json
import os
import pickle
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from trainables.base.child_process import end_with

UNUSED_S = 30 * 24 * 3600.0
"""Programs that nobody has loaded for so long are removed."""


def main() -> None:
    """Compiles, unless another process has done so in the meantime."""
    folder, parent, patience_s = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    end_with(parent)
    request = pickle.load(sys.stdin.buffer)
    if request.key() != folder.name:
        # A worker may have begun before the package was changed.
        sys.exit("the source of trainables is not that of the process that asks")
    compile_once(folder, request, patience_s)


def compile_once(folder: Path, request: Any, patience_s: float) -> None:
    """Has the program of a CompileRequest in the folder, by this process or another one.

    patience_s: how long to wait for the other; it may have been stopped, and then it never ends.
    """
    try:
        with FileLock(folder.with_suffix(".lock"), timeout=patience_s):
            if not folder.exists():
                for left in folder.parent.glob(f"{folder.name}*.part"):
                    shutil.rmtree(left, ignore_errors=True)
                _compile_aside(folder, request)
                _remove_unused(folder.parent)
    except Timeout:
        print(
            f"another process has been compiling this for {patience_s:g} s and has not come to an end; it is compiled "
            "here as well",
            file=sys.stderr,
            flush=True,
        )
        with tempfile.TemporaryDirectory() as own:
            # What the other one may hold locked in there is not waited for.
            os.environ |= {"TORCHINDUCTOR_CACHE_DIR": own, "TMPDIR": own}
            _compile_aside(folder, request)


def _compile_aside(folder: Path, request: Any) -> None:
    aside = folder.with_suffix(f".{os.getpid()}.part")
    aside.mkdir()
    compile_into(aside, request)
    try:
        os.replace(aside, folder)
    except OSError:
        if not folder.exists():
            raise
        # The other one has come to an end after all.
        shutil.rmtree(aside)


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
