"""Any data is a sweep that survives being stored, or is refused with problems."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweep_cases import DQN, problems

from trainables.loops.registry import LOOPS
from tuning.errors import SweepError
from tuning.sweep import kept_sweep, yaml_text
from tuning.sweep.model import Sweep


@pytest.mark.parametrize("data", [None, [], "dqn", 3, object(), {1: 2}, {}])
def test_what_is_no_sweep_at_all_is_refused(data: object) -> None:
    assert problems(data)


KEYS = [
    *Sweep.model_fields,
    *LOOPS["dqn"].Config.model_fields,
    "low",
    "high",
    "log",
    "step",
    "choices",
    "cosine",
    "floor",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.binary(max_size=2)
    | st.sampled_from([*KEYS, *LOOPS, "auto", "adam"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(VALUES | st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_any_data_is_a_sweep_or_a_sweep_error(data: Any) -> None:
    holds(data)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [*Sweep.model_fields, "search.schedule.choices", "search.warmup", "search.schedule.choices.cosine"]
                + [f"{where}.{name}" for where in ("fixed", "search") for name in LOOPS["dqn"].Config.model_fields]
            ),
            VALUES,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_change_makes_a_sweep_or_a_sweep_error(changes: list[tuple[str, Any]]) -> None:
    data: dict[str, Any] = DQN
    for path, value in changes:
        data = forced(data, path.split("."), value)
    holds(data)


def forced(data: Any, keys: list[str], value: Any) -> dict[str, Any]:
    known = data if isinstance(data, dict) else {}
    return {**known, keys[0]: forced(known.get(keys[0]), keys[1:], value) if keys[1:] else value}


def holds(data: Any) -> None:
    """The data is a sweep that survives being stored, or is refused with problems."""
    read = attempt(data)
    if isinstance(read, SweepError):
        assert len(str(read).splitlines()) >= len(read.problems) > 0
    else:
        kept = json.loads(json.dumps(read.model_dump(mode="json")))
        assert Sweep.model_validate(kept) == read
        assert kept_sweep.to_show(kept) == read
        assert Sweep.model_validate(yaml_text.parse(read.to_yaml())) == read
        assert read.config().budget == read.budget


def attempt(data: Any) -> Sweep | SweepError:
    try:
        return Sweep.model_validate(data)
    except SweepError as error:
        return error
