"""Plain data: what YAML text is read as, what is refused, and that writing and reading agree."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.errors import SweepError
from tuning.sweep import plain_data
from tuning.sweep.dimensions import FloatRange

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
    read = plain_data.parse(f"key: {text}")["key"]
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
        plain_data.parse(text, "sweep.yaml")
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
            plain_data.read(path)
        assert str(caught.value).startswith(f"{path}: {part}")


@given(PLAIN)
def test_written_data_is_read_the_same(data: object) -> None:
    assert plain_data.parse(plain_data.write({"key": data})) == {"key": data}


@given(st.text() | st.text(alphabet="ab:-{}[]'\"#&*!|>\n 1._,e"))
def test_any_text_is_read_or_refused(text: str) -> None:
    read = parsed(text)
    if isinstance(read, SweepError):
        assert str(read).startswith("text: ")
    else:
        assert repr(read) == repr(plain_data.parse(plain_data.write(read)))


def parsed(text: str) -> Any:
    try:
        return plain_data.parse(text)
    except SweepError as error:
        return error


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": {"b": {1, 2}}}, "a.b"),
        ({"a": [0, float("nan")]}, "a[1]"),
        ({"a": float("inf")}, "a"),
        ({"a": 2**63}, "a"),
        ({"a": 10**5000}, "a"),
        ({"a": "\ud800"}, "a"),
        ({"a": {1: 2}}, "a"),
        ({"a": b"x"}, "a"),
    ],
)
def test_what_is_no_plain_data_is_named_by_its_key_path(value: object, path: str) -> None:
    _, found = plain_data.plain(value)
    assert [problem.key_path for problem in found] == [path]


def test_what_is_plain_stays_and_the_rest_becomes_null() -> None:
    data, found = plain_data.plain({"a": (1, "b", 2.5), "c": FloatRange(low=0, high=1), "d": [object(), {1}, None]})
    assert data == {"a": [1, "b", 2.5], "c": {"low": 0.0, "high": 1.0, "log": False}, "d": [None, None, None]}
    assert [problem.key_path for problem in found] == ["d[0]", "d[1]"]


def test_a_value_within_itself_is_refused() -> None:
    knot: list[object] = []
    knot += [knot, knot]
    with pytest.raises(SweepError, match="nested too deeply"):
        plain_data.plain(knot)
