"""YAML text: what it is read as, what is refused, the lines of what it says, and that writing and reading agree."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.errors import Place, SweepError
from tuning.sweep import yaml_text
from tuning.sweep.yaml_text import Document

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
)
PLAIN = st.recursive(
    SCALARS
    | st.text(max_size=8)
    | st.sampled_from(["1e5", "yes", "010", "20_000", "1:30", "null", "~", "1e-4", ".5", "<<"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1.0e-4", 1e-4),
        ("1E-4", 1e-4),
        (".5", 0.5),
        ("-3", -3),
        ("20_000", 20_000),
        ("1e5", 100_000),
        ("1.0e5", 100_000.0),
        ("010", 10),
        ("1_", 1),
        ("0x10", "0x10"),
        ("1:30", "1:30"),
        ("2024-01-01", "2024-01-01"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("none", "none"),
        ("'5'", "5"),
        ('""', ""),
        ("", None),
    ],
)
def test_scalars_are_read_as_people_mean_them(text: str, value: object) -> None:
    read = yaml_text.parse(f"key: {text}")["key"]
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' stands twice, on lines 1 and 3"),
        ("search:\n  x: 1\n  x: 2", "line 3, column 3: the key 'x' stands twice, on lines 2 and 3"),
        ("a: [1, 2", "line 1"),
        ("a: b: c", "line 1, column 5"),
        ("a: 1\n---\nb: 2", "single document"),
        ("1: x", "a key should be text, is 1"),
        ("null: x", "a key should be text, is null"),
        ("[1, 2]: x", "a key should be text"),
        ("a: &x [1]\nb: *x", "alias"),
        ("a: &x [*x]", "alias"),
        ("a: !!python/object/apply:os.getcwd []", "tag"),
        ("a: !mine 3", "tag"),
        ("\x00", "is not YAML"),
        ('a: "\\UFFFFFFFF"', "is not YAML"),
        ("[" * 3_000, "nested too deeply"),
    ],
)
def test_what_is_refused_is_named_with_its_line(text: str, part: str) -> None:
    with pytest.raises(SweepError) as caught:
        yaml_text.parse(text, "sweep.yaml")
    assert str(caught.value).startswith("sweep.yaml: ")
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("name: é".encode("latin-1"))
    for path, part in [
        (tmp_path / "none.yaml", "there is no such file"),
        (tmp_path, "is a folder"),
        (latin, "is not UTF-8"),
        (latin / "below", "can't be read"),
    ]:
        with pytest.raises(SweepError) as caught:
            yaml_text.read(path)
        assert str(caught.value).startswith(f"{path}: {part}")


def test_a_file_that_is_no_yaml_is_named_with_its_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text("a: 1\nb: c: d\n")
    with pytest.raises(SweepError) as caught:
        yaml_text.read(path)
    assert str(caught.value).startswith(f"{path}:2:5: mapping values are not allowed here")


TEXT = """\
name: a
search:
  gamma: {low: 0.9,
          high: 1}
  hidden:
    choices:
    - [8]
    - [8,
       9]
  schedule: {choices: {cosine: {floor: 0.1}}}
"""


@pytest.fixture
def document(tmp_path: Path) -> Document:
    path = tmp_path / "sweep.yaml"
    path.write_text(TEXT)
    return yaml_text.read(path)


@pytest.mark.parametrize(
    ("key_path", "line"),
    [
        ("name", 1),
        ("search", 2),
        ("search.gamma", 3),
        ("search.gamma.high", 4),
        ("search.gamma.step", 3),  # which is not there, but in this mapping
        ("search.hidden.choices[0]", 7),
        ("search.hidden.choices[1][1]", 9),
        ("search.schedule.choices.cosine.floor", 10),
        ("search.schedule.choices.cosine.floor.low", 10),
        ("trials", None),
        ("", None),
    ],
)
def test_key_paths_have_lines(document: Document, key_path: str, line: int | None) -> None:
    assert document.place(key_path) == (None if line is None else Place(document.file, line))


def test_what_is_put_over_a_file_has_no_line(document: Document) -> None:
    changed = document.put(["search", "gamma"], {"low": 0.5, "high": 2}).put(["trials"], 8)
    assert changed.data["search"]["gamma"] == {"low": 0.5, "high": 2}
    assert changed.data["trials"] == 8
    assert [changed.place(path) for path in ("search.gamma", "search.gamma.high", "trials")] == [None] * 3
    assert changed.place("search.hidden") == document.place("search.hidden")


@given(PLAIN)
def test_written_data_is_read_the_same(data: object) -> None:
    assert yaml_text.parse(yaml_text.write({"key": data})) == {"key": data}


@given(st.text() | st.text(alphabet="ab:-{}[]'\"#&*!|>\n 1._,e"))
def test_any_text_is_read_or_refused(text: str) -> None:
    read = parsed(text)
    if isinstance(read, SweepError):
        assert str(read).startswith("text: ")
    else:
        assert repr(read) == repr(yaml_text.parse(yaml_text.write(read)))


def parsed(text: str) -> Any:
    try:
        return yaml_text.parse(text)
    except SweepError as error:
        return error


@given(st.dictionaries(st.sampled_from(["fixed", "search", "name"]), PLAIN), st.text(max_size=20))
def test_what_is_written_for_people_reads_as_the_same_plain_data(data: dict[str, Any], said: str) -> None:
    comments = {"fixed": said, "name": said, "search.a": said, "nothing.is.here": said}
    assert yaml_text.parse(yaml_text.commented(data, [said, "second line"], comments)) == (data or None) or not data


def test_what_is_written_for_people_is_as_they_would_write_it() -> None:
    data = {
        "budget": 30_000,
        "fixed": {"hidden": [64, 64], "max_norm": None},
        "search": {"learning_rate": {"low": 0.0003, "high": 0.01, "log": True}, "gamma": {"low": 0.9, "high": 1.0}},
    }
    comments = {"budget": "environment steps", "search.gamma": "how far ahead", "search.gone": "never said"}
    assert yaml_text.commented(data, ["A sweep."], comments) == (
        "# A sweep.\n"
        "# environment steps\n"
        "budget: 30_000\n"
        "fixed:\n"
        "  hidden: [64, 64]\n"
        "  max_norm: null\n"
        "search:\n"
        "  learning_rate: {low: 3.0e-4, high: 0.01, log: true}\n"
        "  # how far ahead\n"
        "  gamma: {low: 0.9, high: 1.0}\n"
    )
