"""Programs: functions compiled once by a process of its own, kept on disk, and equal to what they were made of."""

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import vmap

from trainables.base import member_axis
from trainables.base.images import Image
from trainables.compilation import flat_trees, program_cache, when_it_pays
from trainables.compilation.program_cache import CompileFailed, Program
from trainables.compilation.recipes import Made, is_ours, made
from trainables.loops import dqn, learner, reinforce, supervised
from trainables.loops.registry import loop_of
from trainables.networks import networks
from trainables.networks.networks import MLP, Convolutional, Own
from tuning.workers import library_settings

SPEC = MLP(3, 2, (4,))
CPU = torch.device("cpu")

compiles = pytest.mark.skipif(
    not when_it_pays.compiles("auto", when_it_pays.PAYS_AT, CPU), reason="there is no C++ compiler"
)


@made
def doubled(offset: float = 0.0) -> Any:
    """Not of the package: its code is not known to be the same tomorrow."""
    return lambda tensor: 2 * tensor + offset


def parameters(members: int) -> dict[str, Tensor]:
    return member_axis.stack([networks.initial(SPEC, seed) for seed in range(members)])


IMPORTS = (
    "from trainables.base import member_axis; from trainables.compilation import program_cache\n"
    "from trainables.loops import dqn; from trainables.networks import networks\n"
    "from trainables.networks.networks import MLP\n"
)
"""Of what other processes are given to do."""


def kept(cache: Path) -> list[Path]:
    return sorted(cache.glob(f"*/{program_cache.PROGRAM}"))


class TestMade:
    def test_the_same_of_the_same_arguments_however_they_are_given(self) -> None:
        assert doubled() is doubled(0.0) is doubled(offset=0.0)
        assert doubled(1.0) is not doubled()
        assert doubled(1.0)(3) == 7

    def test_pickles_as_what_it_was_made_of(self) -> None:
        loss = dqn.make_loss(SPEC, "huber", reduction="sum")
        update = learner.packed_update(loss, "adam", False, None)
        assert pickle.loads(pickle.dumps(update)) is update

    def test_is_called_the_same_in_every_process(self) -> None:
        call = (
            "from trainables.loops import dqn; from trainables.networks.networks import MLP\n"
            "print(repr(dqn.make_loss(MLP(3, 2, (4,)), 'huber')))"
        )
        there = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True).stdout
        assert there.strip() == repr(dqn.make_loss(SPEC, "huber"))

    @pytest.mark.parametrize(
        "function",
        [
            dqn.packed_greedy(SPEC),
            dqn.packed_greedy(Convolutional(Image(8, 8, 1, True, 1.0), 2, (4,), (8,))),
            reinforce.packed_sample(SPEC),
            supervised.packed_validate(SPEC, "mse"),
            learner.packed_update(dqn.make_loss(SPEC, "huber"), "adam", False, 2),
        ],
        ids=repr,
    )
    def test_what_the_package_makes_of_plain_values_is_ours(self, function: Made) -> None:
        assert is_ours(function)

    @pytest.mark.parametrize(
        "function",
        [
            doubled(),
            dqn.packed_greedy(Own("own_networks:TwoHeads", 3, 2)),
            learner.packed_update(lambda parameters, numbers: (torch.zeros(()), {}), "adam", False, None),
            learner.packed_update(doubled(), "adam", False, None),
        ],
        ids=["factory", "network", "loss", "made loss"],
    )
    def test_what_holds_code_of_others_is_not(self, function: Made) -> None:
        assert not is_ours(function)


nested = st.recursive(
    st.just(torch.zeros(2)),
    lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=8,
)


@given(nested)
def test_a_tree_is_built_again_from_its_leaves(tree: Any) -> None:
    leaves: list[Tensor] = []
    flat_trees.flatten(tree, leaves, [])
    numbers = iter(range(len(leaves)))

    def places(part: Any) -> Any:
        if isinstance(part, Tensor):
            return next(numbers)
        if isinstance(part, dict):
            return {name: places(part[name]) for name in sorted(part)}
        return [places(each) for each in part]

    assert flat_trees.described(flat_trees.built(places(tree), leaves)) == flat_trees.described(tree)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 0, "b": 1}, {"a": 0, "c": 1}),
        ({"a": {"b": 0}, "c": 1}, {"a": {"b": 0, "c": 1}}),
        ({"a": {}}, {}),
        ((0, 1), ((0, 1),)),
        ((0, (1,)), ((0,), 1)),
    ],
)
def test_trees_of_the_same_tensors_are_told_apart(one: Any, other: Any) -> None:
    tensors = [torch.zeros(2), torch.zeros(2)]
    names: tuple[list[Any], list[Any]] = ([], [])
    for tree, found in zip((one, other), names, strict=True):
        flat_trees.flatten(flat_trees.built(tree, tensors), [], found)
    assert names[0] != names[1]


@pytest.fixture
def program() -> Program:
    found = program_cache.chosen(dqn.packed_greedy(SPEC), True)
    assert isinstance(found, Program)
    return found


@compiles
class TestProgram:
    def test_gives_what_its_function_does(self, program: Program) -> None:
        weights, seen = parameters(2), torch.randn(2, 5, 3)
        torch.testing.assert_close(program(weights, seen), dqn.packed_greedy(SPEC)(weights, seen))

    def test_names_count_and_not_their_order(self, program: Program) -> None:
        weights, seen = parameters(2), torch.randn(2, 5, 3)
        turned = dict(reversed(weights.items()))
        assert list(turned) != list(weights)
        torch.testing.assert_close(program(turned, seen), program(weights, seen))

    def test_inputs_may_lie_in_memory_in_any_order(self, program: Program) -> None:
        weights, seen = parameters(2), torch.randn(5, 3, 2).permute(2, 0, 1)
        assert not seen.is_contiguous()
        torch.testing.assert_close(program(weights, seen), dqn.packed_greedy(SPEC)(weights, seen))

    def test_members_may_share_memory(self) -> None:
        function = supervised.packed_validate(SPEC, "mse")
        features, targets = torch.randn(6, 3).expand(2, 6, 3), torch.randn(6, 2).expand(2, 6, 2)
        given = (parameters(2), features, targets)
        torch.testing.assert_close(program_cache.chosen(function, True)(*given), function(*given))

    def test_another_process_finds_it(self, program: Program) -> None:
        program(parameters(2), torch.randn(2, 5, 3))
        before = kept(program_cache.cache_folder())
        call = (
            "import sys, torch\n"
            + IMPORTS
            + "spec = MLP(3, 2, (4,))\nweights = member_axis.stack([networks.initial(spec, s) for s in range(2)])\n"
            "print(program_cache.chosen(dqn.packed_greedy(spec), True)(weights, torch.ones(2, 5, 3)).tolist())\n"
            "print('torch._inductor' in sys.modules)"
        )
        said = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True).stdout
        assert said.splitlines() == [str(program(parameters(2), torch.ones(2, 5, 3)).tolist()), "False"]
        assert kept(program_cache.cache_folder()) == before

    def test_of_other_code_is_compiled_in_the_process(self) -> None:
        before = kept(program_cache.cache_folder())
        tripled = program_cache.chosen(vmap(lambda tensor: 3 * tensor), True)
        torch.testing.assert_close(tripled(torch.ones(2, 3)), torch.full((2, 3), 3.0))
        assert kept(program_cache.cache_folder()) == before

    def test_the_first_call_of_code_of_others_is_waiting_for_its_compiler(self) -> None:
        halved, before = program_cache.chosen(vmap(lambda tensor: tensor / 2), True), program_cache.waited_s()
        halved(torch.ones(2, 3))
        first = program_cache.waited_s()
        halved(torch.ones(2, 3))
        assert before < first == program_cache.waited_s()
        halved(torch.ones(2, 4))
        assert program_cache.waited_s() > first

    def test_unused_ones_are_removed_when_another_is_compiled(self, program: Program) -> None:
        program(parameters(2), torch.randn(2, 5, 3))
        cache = program_cache.cache_folder()
        old, recent = cache / "old", cache / "recent"
        for folder in (old, recent):
            folder.mkdir()
            (folder / program_cache.PROGRAM).touch()
        os.utime(old, (0, 0))
        program(parameters(2), torch.randn(2, 7, 3))
        assert not old.exists()
        assert recent.exists()


def sharing(cache: Path) -> Path:
    """A cache without programs, whose compiler has what it keeps for itself from the one of all tests."""
    inductor = program_cache.cache_folder() / program_cache.INDUCTOR
    inductor.mkdir(exist_ok=True)
    (cache / program_cache.INDUCTOR).symlink_to(inductor)
    return cache


def asking(cache: Path, **environment: str) -> "subprocess.Popen[str]":
    """A process that needs a program which is not there."""
    call = (
        "import torch\n"
        + IMPORTS
        + "spec = MLP(3, 2, (4,))\nweights = member_axis.stack([networks.initial(spec, s) for s in range(2)])\n"
        "print(program_cache.chosen(dqn.packed_greedy(spec), True)(weights, torch.ones(2, 5, 3)).tolist())"
    )
    return subprocess.Popen(
        [sys.executable, "-c", call],
        env={**os.environ, "LOCKSTEP_CACHE": str(cache), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@compiles
def test_those_who_ask_at_once_get_one(tmp_path: Path) -> None:
    both = [asking(sharing(tmp_path)), asking(tmp_path)]
    said = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0] == said[1]
    assert len(kept(tmp_path)) == 1
    assert not list(tmp_path.glob("*.part"))


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


def wait_for(true: Any, most_s: float = 60.0) -> None:
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


@pytest.mark.parametrize(
    ("device", "variables", "there", "compiled"),
    [
        ("cpu", {}, {"g++"}, True),
        ("cpu", {}, {"c++", "clang++", "gcc"}, False),
        ("cpu", {"CXX": "clang++"}, {"clang++"}, True),
        ("cpu", {"CXX": "clang++"}, {"g++"}, False),
        ("cuda", {}, {"clang"}, True),
        ("cuda", {}, {"g++"}, False),
        ("cuda", {"CC": "tcc"}, {"gcc"}, False),
    ],
)
def test_what_torch_would_find_no_compiler_for_is_not_compiled(
    monkeypatch: pytest.MonkeyPatch, device: str, variables: dict[str, str], there: set[str], compiled: bool
) -> None:
    for name in ("CC", "CXX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("shutil.which", lambda name: name if name in there else None)
    monkeypatch.setattr("sys.platform", "linux")
    assert when_it_pays.compiles("auto", when_it_pays.PAYS_AT, torch.device(device)) == compiled
    assert not when_it_pays.compiles("auto", when_it_pays.PAYS_AT - 1, torch.device(device))
    assert when_it_pays.compiles("always", 1, torch.device(device))


class TestCache:
    def test_is_where_it_is_said_to_be(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path / "a" / "b"))
        assert program_cache.cache_folder() == tmp_path / "a" / "b"
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700

    def test_else_where_the_user_keeps_caches(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LOCKSTEP_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert program_cache.cache_folder() == tmp_path / "lockstep"

    def test_means_the_same_in_the_folders_of_the_workers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("LOCKSTEP_CACHE", "own")
        (tmp_path / "leg").mkdir()
        with library_settings.during_a_run():
            monkeypatch.chdir(tmp_path / "leg")
            assert program_cache.cache_folder() == tmp_path / "own"

    def test_must_not_be_written_to_by_others(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        tmp_path.chmod(0o777)
        monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path))
        with pytest.raises(CompileFailed, match="LOCKSTEP_CACHE should name a folder that is yours"):
            program_cache.cache_folder()

    def test_must_be_a_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path / "file"))
        with pytest.raises(CompileFailed, match="LOCKSTEP_CACHE should name a folder that is yours"):
            program_cache.cache_folder()


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
        program_cache._program.cache_clear()
        loop = loop_of(name)
        config = loop.Config(budget=40, hidden=(4,), compile="always", **fields)
        loop([config, config], CPU).train(until)
        return {path.parent.name for path in kept(cache)}

    (tmp_path / "called").mkdir(mode=0o700)
    (tmp_path / "ahead").mkdir(mode=0o700)
    called = sharing(tmp_path / "called")
    ahead = train(sharing(tmp_path / "ahead"))
    monkeypatch.setattr(program_cache, "begin", lambda *_: None)
    monkeypatch.setattr(learner.Learner, "begin_compiling", lambda *_: None)
    assert train(called) == ahead
