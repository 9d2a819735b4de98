"""When to compile: what torch would find no compiler for is not compiled, nor what is called too seldom."""

import pytest
import torch

from trainables.compilation import when_it_pays


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
def test_by_calls_and_by_the_compilers_there_are(
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


@pytest.mark.parametrize(
    ("choice", "calls", "missing", "filled"),
    [("always", 29_999, 10, True), ("always", 30_000, 10, False), ("auto", 3_999, 1, False), ("never", 9, 1, False)],
)
def test_a_pack_is_filled_up_where_that_is_cheaper_than_compiling(
    choice: str, calls: int, missing: int, filled: bool
) -> None:
    assert when_it_pays.fills(choice, calls, missing, torch.device("cpu")) == filled
