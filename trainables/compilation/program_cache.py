"""Compiled programs on disk: compiled once, and loaded by every worker of every run.

    <cache>/<key>/program.so      the code, as torch's AOTInductor writes it
    <cache>/<key>/outputs.json    what its outputs are: a tree of their places
    <cache>/<key>.log             what the compiler said
    <cache>/<key>.lock            held by the process that compiles
    <cache>/inductor/             what the compiler keeps for itself: compiled headers, 300 MB

A process of its own compiles (compiler_process.py), one for all workers that wait for the same program: the compiler
takes 200 MB and seconds to import, while a program is loaded in milliseconds without it. A key stands for the function
and the shapes of its inputs, all source of this package, and the machine that the code is for.
"""

import contextlib
import hashlib
import json
import os
import pickle
import platform
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs
import torch

from trainables import borrowed
from trainables.base import pulse
from trainables.compilation.flat_trees import PyTree

CACHE = "LOCKSTEP_CACHE"
"""The environment variable that names the cache's folder; else it is where the user's caches are."""

PROGRAM, OUTPUTS, INDUCTOR = "program.so", "outputs.json", "inductor"
PACKAGE = Path(__file__).parents[1]

COMPILER = "trainables.compilation.compiler_process"

PATIENCE_S = 180.0
"""Seconds that a compiler waits for another one of the same program: one that was stopped never comes to an end."""

Compiler = subprocess.Popen[bytes]


class CompileFailed(RuntimeError):
    """A program can't be compiled; the message says where to find what the compiler said."""


@dataclass(frozen=True)
class CompileRequest:
    """What to compile.

    function: a Rebuildable of this package.
    inputs: what it takes, with a TensorSpec in place of each tensor.
    threads: how many threads the program computes with.
    """

    function: Callable[..., Any]
    inputs: PyTree
    threads: int

    def key(self) -> str:
        """The same for the same program on the same kind of machine, and for no other."""
        parts = (self.function, self.inputs, self.threads, _source_digest(), _machine())
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def folder(self) -> Path:
        """The program's folder, which exists once it is compiled."""
        return cache_folder() / self.key()

    def is_compiled(self) -> bool:
        """Whether the program is there."""
        return (self.folder() / PROGRAM).exists()


@cache
def _source_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def _machine() -> tuple[Any, ...]:
    """What machine code depends on."""
    return torch.__version__, platform.machine(), sorted(torch.cpu.get_capabilities().items())


def load(request: CompileRequest, compiler: Compiler | None = None) -> tuple[Callable[..., Any], PyTree]:
    """The program as a function of flat lists of tensors, and the places of its outputs.

    request: which program; it is compiled first if it is not there.
    compiler: the process that compiles it already, if one does.
    Raises CompileFailed.
    """
    folder = request.folder()
    if compiler is not None or not request.is_compiled():
        _wait(compiler or begin(request), folder)
    # Those that nobody has loaded for long are removed.
    os.utime(folder)
    return borrowed.loaded(folder / PROGRAM), json.loads((folder / OUTPUTS).read_text())


def begin(request: CompileRequest) -> Compiler:
    """Starts a process that compiles; where another one compiles the same already, it waits for that."""
    folder = request.folder()
    inductor = folder.with_name(INDUCTOR)
    inductor.mkdir(exist_ok=True)
    own = {
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "TORCHINDUCTOR_CACHE_DIR": str(inductor),
        # Compiled headers go there whatever the cache is, in a folder that anyone could have made first.
        "TMPDIR": str(inductor),
    }
    with _log(folder).open("ab") as log:
        process = subprocess.Popen(
            # -P: a file in the current folder takes no module's place.
            [sys.executable, "-P", "-m", COMPILER, str(folder), str(os.getpid()), str(PATIENCE_S)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**borrowed.TRUST_VECTOR_INSTRUCTIONS, **os.environ, **own},
            start_new_session=True,
        )
    assert process.stdin is not None
    with process.stdin as asked, contextlib.suppress(BrokenPipeError):
        asked.write(pickle.dumps(request))
    return process


def _wait(compiler: Compiler, folder: Path) -> None:
    with waiting():
        failed = compiler.wait()
    if failed:
        raise CompileFailed(
            f"a function of the training can't be compiled, as {_log(folder)} says in full; with `compile: never` "
            "under fixed it is trained without"
        )


def _log(folder: Path) -> Path:
    return folder.with_suffix(".log")


_waited_s = 0.0


def waited_s() -> float:
    """Seconds that this process has waited for compilers so far."""
    return _waited_s


@contextlib.contextmanager
def waiting() -> Iterator[None]:
    """Counts the time within as waiting for a compiler."""
    global _waited_s
    began = time.monotonic()
    pulse.beat(pulse.COMPILING)
    try:
        yield
    finally:
        _waited_s += time.monotonic() - began
        pulse.beat()


def cache_folder() -> Path:
    """The cache's folder, made if it is not there. Code is loaded from it, so only this user may write to it.

    Raises CompileFailed where there is no such folder.
    """
    for folder in _candidates():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
        except OSError:
            continue
        if found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return folder
    raise CompileFailed(f"{CACHE} should name a folder that is yours and that nobody else can write to")


def _candidates() -> Iterator[Path]:
    if named := os.environ.get(CACHE):
        yield Path(named)
        return
    with contextlib.suppress(RuntimeError):  # a user without a home
        yield platformdirs.user_cache_path("lockstep", appauthor=False)
    yield Path(tempfile.gettempdir()) / f"lockstep-{os.getuid()}"
