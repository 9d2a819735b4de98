"""docs/architecture.md speaks of what is there: every folder, file and name in it exists, and no folder is left out."""

import re
from collections import Counter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "architecture.md").read_text()
NAMED = re.findall(r"`((?:\w+/)+(?:[\w.-]+)?|[\w.-]+\.(?:py|toml|md))(?:::(\w+))?`", TEXT)
"""(path, name in it)"""
LEFT_OUT = ("__main__", "loop", "faults", "streams", "options")
"""Files that the picture is without: they only name what lies elsewhere."""


def test_it_names_many() -> None:
    assert len(NAMED) > 60


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_what_it_names_is_there(path: str, name: str) -> None:
    if path == "borrowed.py":
        return  # in several rooms, each named by its path
    assert (ROOT / path).exists()
    if name:
        assert re.search(rf"^(?:class|def) {name}\b|^{name}\b.* = ", (ROOT / path).read_text(), re.MULTILINE)


def test_every_folder_has_its_sentence() -> None:
    for package in ("tuning", "trainables"):
        for each in (ROOT / package).rglob("__init__.py"):
            if each.parent != ROOT / package:
                assert f"| `{each.parent.relative_to(ROOT)}/` |" in TEXT


def test_each_file_of_tests_has_a_name_of_its_own() -> None:
    """Which pytest finds it by, whatever its folder."""
    counted = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in counted.items() if count > 1] == []


def imports() -> dict[str, set[str]]:
    """What each room imports directly."""
    graph = grimp.build_graph("tuning", "trainables", cache_dir=None)
    found: dict[str, set[str]] = {}
    for module in graph.modules:
        room, *_ = module.split(".")[1:] or [""]
        if room and room not in LEFT_OUT:
            targets = [each.split(".")[1:2] for each in graph.find_modules_directly_imported_by(module)]
            found.setdefault(room, set()).update(*targets)
            found[room].discard(room)
    return found


def test_the_picture_has_all_imports_between_rooms_but_those_that_follow_from_others() -> None:
    found = imports()

    def below(room: str) -> set[str]:
        return found.get(room, set()).union(*map(below, found.get(room, set())))

    shortest = {room: targets - set().union(*map(below, targets)) for room, targets in found.items()}
    drawn: dict[str, set[str]] = {}
    for room, targets in re.findall(r"^ +(\w+) --> (.+)$", TEXT, re.MULTILINE):
        drawn.setdefault(room, set()).update(targets.split(" & "))
    assert drawn == {room: targets for room, targets in shortest.items() if targets}
