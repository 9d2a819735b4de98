"""Compiles one program for the workers that wait for it.

    python -m trainables.compilation.compiler_process FOLDER PARENT < request

FOLDER is the program's own in the cache of program_cache.py, PARENT the process that asks. The program is written aside
and its folder renamed, so that it is there in full or not at all.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import pickle
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

UNUSED_S = 30 * 24 * 3600.0
"""Programs that nobody has loaded for so long are removed."""

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Compile, unless another process has done so in the meantime."""
    folder, parent = Path(sys.argv[1]), int(sys.argv[2])
    _end_with(parent)
    with _alone(folder):
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
    """Write the program of a request (programs.Request) and what its outputs are."""
    import torch
    from torch import Tensor, _inductor
    from torch.fx.experimental.proxy_tensor import make_fx

    from trainables.compilation.flat_trees import Like, built, places_of
    from trainables.compilation.program_cache import OUTPUTS, PROGRAM

    torch.set_num_threads(request.threads)
    likes: list[Like] = []
    places = places_of(request.inputs, likes)
    inputs = tuple(like.empty() for like in likes)
    outputs: dict[str, Any] = {}

    def flat(*leaves: Tensor) -> tuple[Tensor, ...]:
        given: list[Tensor] = []
        outputs["places"] = places_of(request.function(*built(places, leaves)), given)
        # In the order of their numbers, as the next call takes them.
        return tuple(each.contiguous() for each in given)

    with torch.no_grad():
        graph = make_fx(flat, tracing_mode="fake")(*inputs)
        written = _inductor.aot_compile(graph, inputs, options={"compile_threads": 1})
    shutil.copyfile(str(written), folder / PROGRAM)
    (folder / OUTPUTS).write_text(json.dumps(outputs["places"]))
    shutil.rmtree(Path(str(written)).parent)


def _end_with(parent: int) -> None:
    """End when the process that asks ends, whatever ends it, and the C++ compiler with us."""
    # This process leads its own group, of which the C++ compiler is.
    signal.signal(signal.SIGTERM, lambda *_: os.killpg(0, signal.SIGKILL))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("whoever asked for a program has ended")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process compiles the same."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_unused(cache: Path) -> None:
    from trainables.compilation.program_cache import PROGRAM

    for program in cache.glob(f"*/{PROGRAM}"):
        with contextlib.suppress(OSError):
            if time.time() - program.parent.stat().st_mtime > UNUSED_S:
                shutil.rmtree(program.parent)


if __name__ == "__main__":
    main()
