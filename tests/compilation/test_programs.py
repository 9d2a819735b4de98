"""Programs: functions compiled once by a process of its own, kept on disk, and equal to what they were made of."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from torch import Tensor
from torch.func import vmap

from trainables.base import member_axis
from trainables.compilation import program_cache, programs, when_it_pays
from trainables.compilation.programs import Program
from trainables.loops import learner, q_learning, supervised
from trainables.loops.registry import loop_of
from trainables.networks import networks
from trainables.networks.specs import MLP

SPEC = MLP(3, 2, (4,))
CPU = torch.device("cpu")

compiles = pytest.mark.skipif(
    not when_it_pays.compiles("auto", when_it_pays.PAYS_AT, CPU), reason="there is no C++ compiler"
)


def parameters(members: int) -> dict[str, Tensor]:
    return member_axis.stack([networks.initial(SPEC, seed) for seed in range(members)])


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob(f"*/{program_cache.PROGRAM}"))


def sharing(cache: Path) -> Path:
    """A cache without programs, whose compiler has what it keeps for itself from the one of all tests."""
    inductor = program_cache.cache_folder() / program_cache.INDUCTOR
    inductor.mkdir(exist_ok=True)
    (cache / program_cache.INDUCTOR).symlink_to(inductor)
    return cache


ASKING = """
import sys, torch
from trainables.base import member_axis
from trainables.compilation import programs
from trainables.loops import q_learning
from trainables.networks import networks
from trainables.networks.specs import MLP

spec = MLP(3, 2, (4,))
weights = member_axis.stack([networks.initial(spec, seed) for seed in range(2)])
print(programs.compiled_if(True, q_learning.packed_greedy(spec))(weights, torch.ones(2, 5, 3)).tolist())
print("torch._inductor" in sys.modules)
"""


def asking(cache: Path, **environment: str) -> "subprocess.Popen[str]":
    """A process that needs a program."""
    return subprocess.Popen(
        [sys.executable, "-c", ASKING],
        env={**os.environ, "LOCKSTEP_CACHE": str(cache), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@dataclass(frozen=True)
class Asked:
    """What came of two processes that needed the same program at once."""

    cache: Path
    codes: list[int]
    said: list[tuple[str, str]]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    cache = sharing(tmp_path_factory.mktemp("cache"))
    for name in ("unused", "recent"):
        (cache / name).mkdir()
        (cache / name / program_cache.PROGRAM).touch()
    os.utime(cache / "unused", (0, 0))
    both = [asking(cache), asking(cache)]
    said = [process.communicate() for process in both]
    return Asked(cache, [process.returncode for process in both], said)


@pytest.fixture
def program(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("LOCKSTEP_CACHE", str(asked.cache))
    found = programs.compiled_if(True, q_learning.packed_greedy(SPEC))
    assert isinstance(found, Program)
    return found


@compiles
class TestCompiledOnce:
    def test_those_who_ask_at_once_get_one(self, asked: Asked) -> None:
        assert asked.codes == [0, 0], asked.said
        assert asked.said[0] == asked.said[1]
        assert len(kept(asked.cache)) == 2  # with the recent one
        assert not list(asked.cache.glob("*.part"))

    def test_the_compiler_is_not_loaded_with_it(self, asked: Asked) -> None:
        assert [said.splitlines()[1] for said, _ in asked.said] == ["False", "False"]

    def test_those_unused_are_removed_when_another_is_compiled(self, asked: Asked) -> None:
        assert not (asked.cache / "unused").exists()
        assert (asked.cache / "recent").exists()

    def test_another_process_finds_it(self, asked: Asked, program: Program) -> None:
        before = kept(asked.cache)
        assert str(program(parameters(2), torch.ones(2, 5, 3)).tolist()) == asked.said[0][0].splitlines()[0]
        assert kept(asked.cache) == before

    def test_gives_what_its_function_does(self, program: Program) -> None:
        weights, seen = parameters(2), torch.randn(2, 5, 3)
        torch.testing.assert_close(program(weights, seen), q_learning.packed_greedy(SPEC)(weights, seen))

    def test_names_count_and_not_their_order(self, program: Program) -> None:
        weights, seen = parameters(2), torch.randn(2, 5, 3)
        turned = dict(reversed(weights.items()))
        assert list(turned) != list(weights)
        torch.testing.assert_close(program(turned, seen), program(weights, seen))

    def test_inputs_may_lie_in_memory_in_any_order(self, program: Program) -> None:
        weights, seen = parameters(2), torch.randn(5, 3, 2).permute(2, 0, 1)
        assert not seen.is_contiguous()
        torch.testing.assert_close(program(weights, seen), q_learning.packed_greedy(SPEC)(weights, seen))


@compiles
@pytest.mark.slow  # the contract suite compiles supervised training, whose members share their data
def test_members_may_share_memory() -> None:
    function = supervised.packed_validate(SPEC, "mse")
    features, targets = torch.randn(6, 3).expand(2, 6, 3), torch.randn(6, 2).expand(2, 6, 2)
    given = (parameters(2), features, targets, torch.ones(2, 2))
    torch.testing.assert_close(programs.compiled_if(True, function)(*given), function(*given))


@compiles
def test_code_of_others_is_compiled_in_the_process_which_waits_at_the_first_call_of_each_shape() -> None:
    before, waited_s = kept(program_cache.cache_folder()), [program_cache.waited_s()]
    tripled = programs.compiled_if(True, vmap(lambda tensor: 3 * tensor))
    for shape in ((2, 3), (2, 3), (2, 4)):
        torch.testing.assert_close(tripled(torch.ones(shape)), torch.full(shape, 3.0))
        waited_s.append(program_cache.waited_s())
    assert waited_s[0] < waited_s[1] == waited_s[2] < waited_s[3]
    assert kept(program_cache.cache_folder()) == before


@compiles
def test_a_compiler_ends_with_whoever_asked(tmp_path: Path) -> None:
    process = asking(sharing(tmp_path))
    try:
        wait_for(lambda: list(tmp_path.glob("*.part")))
        begun = compilers(process.pid)
        assert begun
    finally:
        process.kill()
        process.communicate()
    wait_for(lambda: not any(alive(pid) for pid in begun))
    assert not kept(tmp_path)
    (lock,) = tmp_path.glob("*.lock")
    with FileLock(lock, timeout=0):
        pass


def compilers(parent: int) -> list[int]:
    """The processes below another, whoever is below them included."""
    below = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/stat")
        if parent == int(path.read_text().rpartition(")")[2].split()[1])
    ]
    return below + [each for pid in below for each in compilers(pid)]


def alive(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_for(true: Callable[[], Any], most_s: float = 60.0) -> None:
    until = time.monotonic() + most_s
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


@compiles
def test_what_can_not_be_compiled_says_where_the_compilers_words_are(tmp_path: Path) -> None:
    process = asking(tmp_path, CXX="false")
    _, errors = process.communicate()
    assert process.returncode
    (log,) = tmp_path.glob("*.log")
    assert errors.splitlines()[-1] == (
        f"trainables.compilation.program_cache.CompileFailed: a function of the training can't be compiled, as {log} "
        "says in full; with `compile: never` under fixed it is trained without"
    )
    assert "Traceback" in log.read_text()
    assert not kept(tmp_path)


@compiles
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "fields", "until"),
    [
        ("dqn", {"environment": "CartPole-v1", "learning_starts": 8}, 20),
        ("dqn", {"environment": "CartPole-v1", "learning_starts": 8, "prioritised_replay": True}, 20),
        ("reinforce", {"environment": "NumberMatch-v0"}, 20),
        ("supervised", {"data": "conjunction-risk", "batch_size": 400}, 1),
    ],
    ids=["dqn", "dqn by priority", "reinforce", "supervised"],
)
def test_what_a_loop_has_compiled_ahead_is_what_it_calls(
    name: str, fields: dict[str, Any], until: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(cache: Path) -> set[str]:
        monkeypatch.setenv("LOCKSTEP_CACHE", str(cache))
        programs._program.cache_clear()
        loop = loop_of(name)
        config = loop.Config(budget=40, hidden=(4,), compile="always", **fields)
        loop([config, config], CPU).train(until)
        return {path.parent.name for path in kept(cache)}

    (tmp_path / "called").mkdir(mode=0o700)
    (tmp_path / "ahead").mkdir(mode=0o700)
    called = sharing(tmp_path / "called")
    ahead = train(sharing(tmp_path / "ahead"))
    monkeypatch.setattr(programs, "begin", lambda *_: None)
    monkeypatch.setattr(learner.Learner, "begin_compiling", lambda *_: None)
    assert train(called) == ahead
