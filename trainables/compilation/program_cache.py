"""Functions of a pack as machine code: compiled once, kept on disk, and loaded by every worker of every run.

    <cache>/<key>/program.so      the code, as torch's AOTInductor writes it
    <cache>/<key>/outputs.json    what its outputs are: a tree of their places
    <cache>/<key>.log             what the compiler said
    <cache>/inductor/             what the compiler keeps for itself: compiled headers, 300 MB

A process of its own compiles (compiler_process.py), one for all workers that wait for the same program: the compiler
takes 200 MB and seconds to import, and a program that is there is loaded in milliseconds without it. A key stands for
the function and its inputs, all source of this package, and the machine that the code is for. Code that is not of this
package (networks and losses of a person's own) is compiled by torch.compile in the worker, and so is that of a GPU.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trainables.compilation.flat_trees import Tree, built, described, flatten, is_shared
from trainables.compilation.recipes import Made, is_ours

CACHE = "LOCKSTEP_CACHE"
"""The environment variable that names the cache's folder; else it is where the user's caches are."""

PROGRAM, OUTPUTS, INDUCTOR = "program.so", "outputs.json", "inductor"
PACKAGE = Path(__file__).parents[1]


class CompileFailed(RuntimeError):
    """A program can't be compiled; the message says where its compiler's words are."""


class Program:
    """A function of trees of tensors to trees of tensors, compiled for each set of shapes that it is called with."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self._ours = isinstance(function, Made) and is_ours(function) and sys.platform == "linux"
        self._loaded: dict[tuple[Any, ...], tuple[Any, Any]] = {}
        self._begun: dict[str, subprocess.Popen[bytes]] = {}
        self._in_process: Callable[..., Any] | None = None
        self._compiled: set[tuple[Any, ...]] = set()
        """What that was called with already."""

    def __call__(self, *trees: Tree) -> Any:
        """What the function gives. Raises CompileFailed."""
        leaves, signature = _signed(trees)
        if not self._is_kept(leaves):
            return self._by_torch(signature, trees)
        if signature not in self._loaded:
            self._loaded[signature] = self._load(trees)
        run, outputs = self._loaded[signature]
        return built(outputs, run(leaves))

    def begin(self, *trees: Tree) -> None:
        """Have the program for such trees compiled, if it is not there, and do not wait for it."""
        leaves, signature = _signed(trees)
        if not self._is_kept(leaves) or signature in self._loaded:
            return
        request = self._request(trees)
        if not (request.folder() / PROGRAM).exists() and request.key() not in self._begun:
            self._begun[request.key()] = _begin(request)

    def _is_kept(self, leaves: Sequence[Tensor]) -> bool:
        return self._ours and leaves[0].device.type == "cpu"

    def _request(self, trees: tuple[Tree, ...]) -> "Request":
        return Request(self._function, described(trees), torch.get_num_threads())

    def _load(self, trees: tuple[Tree, ...]) -> tuple[Any, Any]:
        request = self._request(trees)
        folder, begun = request.folder(), self._begun.pop(request.key(), None)
        if begun is not None or not (folder / PROGRAM).exists():
            _wait(begun or _begin(request), folder)
        os.utime(folder)
        # The public way to it, torch._inductor.aoti_load_package, imports the compiler.
        runner = torch._C._aoti.AOTIModelContainerRunnerCpu(str(folder / PROGRAM), 1)
        return runner.run, json.loads((folder / OUTPUTS).read_text())

    def _by_torch(self, signature: tuple[Any, ...], trees: tuple[Tree, ...]) -> Any:
        if self._in_process is None:
            self._in_process = self._made_by_torch()
        if signature in self._compiled:
            return self._in_process(*trees)
        self._compiled.add(signature)
        with _waiting():
            return self._in_process(*trees)

    def _made_by_torch(self) -> Callable[..., Any]:
        # All of our compiled functions share the code object of vmap's wrapper; each pack size is a version of its own.
        torch._dynamo.config.recompile_limit = 1_000
        torch._dynamo.config.accumulated_recompile_limit = 1_000
        # A worker has its core or two; a pool of compilers beside it would only outlive it.
        from torch._inductor import config as inductor

        inductor.compile_threads = 1
        function = self._function.function if isinstance(self._function, Made) else self._function
        return torch.compile(function, dynamic=False)


def chosen(function: Callable[..., Any], compiled: bool) -> Callable[..., Any]:
    """A function of the pack as it is, or compiled."""
    return _program(function) if compiled else function


def begin(function: Callable[..., Any], *trees: Tree) -> None:
    """Where a function is a Program, have it compiled for such trees, which it will be called with, in the background.

    Programs that a training needs one after the other are so compiled side by side.
    """
    if isinstance(function, Program):
        function.begin(*trees)


@lru_cache(maxsize=256)
def _program(function: Callable[..., Any]) -> Program:
    """The same for the same function, so that a process loads it once."""
    return Program(function)


@dataclass(frozen=True)
class Request:
    """What is to be compiled: a function of inputs like these, for so many threads."""

    function: Callable[..., Any]
    inputs: Tree
    threads: int

    def key(self) -> str:
        """The same for the same program on the same kind of machine, and for no other."""
        parts = (self.function, self.inputs, self.threads, _source(), _machine())
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def folder(self) -> Path:
        """Where the program is, once it is."""
        return cache_folder() / self.key()


@cache
def _source() -> str:
    """A digest of this package."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def _machine() -> tuple[Any, ...]:
    """What machine code is for."""
    return torch.__version__, platform.machine(), sorted(torch.cpu.get_capabilities().items())


def _signed(trees: tuple[Tree, ...]) -> tuple[list[Tensor], tuple[Any, ...]]:
    """The tensors as a program takes them, and all that tells which program that is."""
    leaves: list[Tensor] = []
    signature: list[Any] = []
    flatten(trees, leaves, signature)
    signature += [(leaf.shape, leaf.dtype) for leaf in leaves]
    for place, leaf in enumerate(leaves):
        if not leaf.is_contiguous():
            if is_shared(leaf):
                signature.append((place, leaf.stride()))
            else:
                leaves[place] = leaf.contiguous()
    return leaves, tuple(signature)


_waited_s = 0.0


def waited_s() -> float:
    """Seconds that this process has waited for compilers so far."""
    return _waited_s


@contextlib.contextmanager
def _waiting() -> Iterator[None]:
    global _waited_s
    began = time.monotonic()
    try:
        yield
    finally:
        _waited_s += time.monotonic() - began


def _begin(request: Request) -> "subprocess.Popen[bytes]":
    """Have another process compile; it waits where yet another one does so already."""
    folder = request.folder()
    inductor = folder.with_name(INDUCTOR)
    inductor.mkdir(exist_ok=True)
    # Whether the C++ compiler knows the processor's vectors is believed: to try it takes 6 s the first time.
    believed = {"TORCHINDUCTOR_VEC_ISA_OK": "1"}
    own = {
        "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "TORCHINDUCTOR_CACHE_DIR": str(inductor),
        # Compiled headers go there whatever the cache is, in a folder that anyone could have made first.
        "TMPDIR": str(inductor),
    }
    with _log(folder).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "trainables.compilation.compiler_process", str(folder), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**believed, **os.environ, **own},
            start_new_session=True,
        )
    assert process.stdin is not None
    with process.stdin as asked, contextlib.suppress(BrokenPipeError):
        asked.write(pickle.dumps(request))
    return process


def _wait(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    """Until the program is there. Raises CompileFailed."""
    with _waiting():
        failed = process.wait()
    if failed:
        raise CompileFailed(
            f"a function of the training can't be compiled, as {_log(folder)} says in full; with `compile: never` "
            "under fixed it is trained without"
        )


def _log(folder: Path) -> Path:
    return folder.with_suffix(".log")


def cache_folder() -> Path:
    """The cache's folder, made where it is not there yet. Code is loaded from it, so it must be this user's alone.

    Raises CompileFailed where there is no such folder to be had.
    """
    for folder in _places():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = folder.stat()
        except OSError:
            continue
        if found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return folder
    raise CompileFailed(f"{CACHE} should name a folder that is yours and that nobody else can write to")


def _places() -> Iterator[Path]:
    if named := os.environ.get(CACHE):
        yield Path(named)
        return
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.path.isabs(home):
        yield Path(home) / "lockstep"
    yield Path(tempfile.gettempdir()) / f"lockstep-{os.getuid()}"
