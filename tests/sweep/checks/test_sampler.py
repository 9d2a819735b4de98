"""What the samplers ask of a sweep: a grid has points, cmaes needs numbers."""

from typing import Any

import pytest
from sweep_cases import DQN, problems

from tuning.sweep.model import Sweep

GRID = {
    "learning_rate": {"choices": [1e-3, 1e-2]},
    "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"choices": [0.0, 0.1]}}}},
    "batch_size": {"low": 32, "high": 96, "step": 32},
}


@pytest.mark.parametrize(
    ("search", "points"),
    [
        (GRID, 2 * 3 * 3),
        # The default learning rate is none of these: one more.
        ({**GRID, "learning_rate": {"choices": [1e-4, 1e-2]}}, 2 * 3 * 3 + 1),
    ],
)
def test_a_grid_has_as_many_trials_as_points_and_no_more(search: dict[str, Any], points: int) -> None:
    data = {**DQN, "sampler": "grid", "search": search}
    whole = Sweep.model_validate(data)
    assert whole.trials == Sweep(**data).trials == points
    assert Sweep.model_validate(whole.model_dump(mode="json")) == whole
    assert Sweep.model_validate({**data, "trials": points - 1}).trials == points - 1
    assert problems({**data, "trials": points + 1}) == {
        "trials": f"should be at most {points}: the grid has {points} points"
    }
    assert set(problems({**data, "first": [{"batch_size": 32}], "start_from": "a"})) == {"first", "start_from"}


def test_a_grid_needs_points_within_options_too() -> None:
    found = problems({**DQN, "sampler": "grid"})
    assert set(found) == {"search.learning_rate", "search.schedule.choices.cosine.floor"}


def test_a_search_without_tunable_numbers_is_not_for_cmaes() -> None:
    search = {"batch_size": {"low": 32, "high": 64}, "schedule": {"choices": ["fixed", "cosine"]}}
    assert set(problems({**DQN, "sampler": "cmaes", "search": search})) == {"sampler"}
