"""A compiler that was stopped keeps its lock: whoever needs the same program compiles it as well."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import commands
import pytest
import torch
from filelock import FileLock, Timeout

from trainables.base import member_axis
from trainables.compilation import compiler_process, program_cache, programs, when_it_pays
from trainables.compilation.program_cache import PROGRAM
from trainables.loops import q_learning
from trainables.networks import networks
from trainables.networks.specs import MLP

CPU = torch.device("cpu")

if sys.platform != "linux":
    pytest.skip("compilers end with their parents on Linux", allow_module_level=True)


@dataclass
class Compiled:
    """Stands in for the compiler; counts what it is asked for, and may have somebody be quicker."""

    quicker: Path | None = None
    calls: int = 0

    def __call__(self, folder: Path, request: Any) -> None:
        self.calls += 1
        (folder / PROGRAM).write_text(str(request))
        if self.quicker is not None:
            self.quicker.mkdir()
            (self.quicker / PROGRAM).write_text("quicker")


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Compiled:
    made = Compiled()
    monkeypatch.setattr(compiler_process, "compile_into", made)
    for name in ("TMPDIR", "TORCHINDUCTOR_CACHE_DIR"):
        monkeypatch.setenv(name, os.environ.get(name, "/tmp"))  # taken back at the end
    return made


def test_it_is_compiled_once_and_what_was_left_half_done_is_removed(tmp_path: Path, compiled: Compiled) -> None:
    folder = tmp_path / "key"
    (tmp_path / "key.123.part").mkdir()
    (tmp_path / "other.123.part").mkdir()
    for _ in range(2):
        compiler_process.compile_once(folder, "request", patience_s=1)
    assert (compiled.calls, (folder / PROGRAM).read_text()) == (1, "request")
    assert sorted(each.name for each in tmp_path.glob("*.part")) == ["other.123.part"]


def test_one_that_does_not_end_is_not_waited_for(
    tmp_path: Path, compiled: Compiled, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "key"
    (tmp_path / "key.123.part").mkdir()
    with FileLock(tmp_path / "key.lock"):
        compiler_process.compile_once(folder, "request", patience_s=0.1)
    assert (folder / PROGRAM).read_text() == "request"
    assert (
        "has been compiling this for 0.1 s and has not come to an end; it is compiled here" in capsys.readouterr().err
    )
    # The other one may still be at work in its own.
    assert [each.name for each in tmp_path.glob("*.part")] == ["key.123.part"]


def test_one_that_ends_after_all_is_as_good(tmp_path: Path, compiled: Compiled) -> None:
    folder = tmp_path / "key"
    compiled.quicker = folder
    with FileLock(tmp_path / "key.lock"):
        compiler_process.compile_once(folder, "request", patience_s=0.1)
    assert (folder / PROGRAM).read_text() == "quicker"
    assert not list(tmp_path.glob("*.part"))


def is_held(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


@pytest.mark.slow
@pytest.mark.skipif(not when_it_pays.compiles("auto", when_it_pays.PAYS_AT, CPU), reason="there is no C++ compiler")
def test_a_program_is_there_though_its_compiler_was_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path))
    monkeypatch.setattr(program_cache, "PATIENCE_S", 2.0)
    begin, stopped = program_cache.begin, list[program_cache.Compiler]()

    def begun(request: program_cache.CompileRequest) -> program_cache.Compiler:
        stopped.append(begin(request))
        lock = request.folder().with_suffix(".lock")
        commands.awaited(lambda: lock.exists() and is_held(lock), 60, "the lock held")
        os.killpg(stopped[0].pid, signal.SIGSTOP)
        return begin(request)

    monkeypatch.setattr(program_cache, "begin", begun)
    spec, seen = MLP(3, 2, (4,)), torch.ones(1, 5, 3)
    weights = member_axis.stack([networks.initial(spec, 0)])
    try:
        found = programs.compiled_if(True, q_learning.packed_greedy(spec))(weights, seen)
    finally:
        for process in stopped:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    torch.testing.assert_close(found, q_learning.packed_greedy(spec)(weights, seen))
    (log,) = tmp_path.glob("*.log")
    assert "has been compiling this for 2 s and has not come to an end" in log.read_text()
