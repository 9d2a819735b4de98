"""Nothing uses a private part of a library but the files that gather them, called borrowed.py."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import trainables
import tuning

LIBRARIES = ("mlflow", "optuna", "ray", "torch", "tune")
"""By the names that they go by in the code."""


def private_parts(source: str) -> Iterator[str]:
    """The private names that a module imports from the libraries, or looks up in them."""
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import | ast.ImportFrom):
            origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            names = [origin + alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute) and re.fullmatch(r"[\w.]+", shown := ast.unparse(node)):
            names = [shown]
        yield from (name for name in names if name.startswith(LIBRARIES) and "._" in name and ".__" not in name)


@pytest.mark.parametrize("package", [tuning, trainables])
def test_private_parts_are_borrowed_in_one_place(package: object) -> None:
    folder = Path(str(vars(package)["__file__"])).parent
    users = {path for path in folder.rglob("*.py") if any(private_parts(path.read_text(encoding="utf-8")))}
    assert {path.name for path in users} == {"borrowed.py"}


@pytest.mark.parametrize(
    "source",
    [
        "from optuna.samplers._tpe import sampler",
        "from ray.tune.utils.object_cache import _ObjectCache",
        "import torch._inductor",
        "import torch\n\ndef late():\n    return torch._C._aoti",
    ],
)
def test_what_is_found(source: str) -> None:
    assert list(private_parts(source))


def test_what_is_public_is_not() -> None:
    assert not list(private_parts("from ray import tune\nimport torch\nprint(torch.__version__, tune.Tuner)"))
