"""No configuration is tried twice, and a search ends when all were tried."""

from pathlib import Path
from random import Random
from typing import Any

import legs_by_hand
import pytest
import sweeps

from tuning.search.proposer import Proposer
from tuning.search.untried import MOST_LISTED, Untried
from tuning.study.legs import Plan
from tuning.sweep import grid, kept_sweep
from tuning.sweep.model import Sweep
from tuning.sweep.space import Space

FEW: dict[str, Any] = {
    "baseline": {"choices": ["none", "batch_mean", "value"]},
    "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"choices": [0.0, 0.1]}}}},
}
"""Nine, the default among them."""
MANY: dict[str, Any] = {
    **FEW,
    **{name: {"choices": [n / 10 for n in range(1, 11)]} for name in ("gamma", "reward_scale", "entropy_weight")},
    "batch_size": {"low": 10, "high": 80, "log": True},
}
FIXED = {key: value for key, value in sweeps.TINY["fixed"].items() if key not in MANY}


def all_of(proposer: Proposer, size: int) -> list[Plan]:
    plans = list[Plan]()
    while proposer.left:
        plans += proposer.ask(min(size, proposer.left))
    return plans


def configs(sweep: Sweep, plans: list[Plan]) -> set[str]:
    return {sweep.config(plan.values).model_dump_json() for plan in plans}


@pytest.mark.parametrize("sampler", ["tpe", "gp", "nsga2", "qmc", "random"])
@pytest.mark.parametrize("size", [1, 4])
def test_a_small_space_is_tried_once_through_and_no_more(runs: Path, sampler: str, size: int) -> None:
    study = sweeps.created(runs, sampler=sampler, search=FEW, trials=30)
    proposer = Proposer(study)
    plans = all_of(proposer, size)
    assert len(plans) == len(configs(study.sweep, plans)) == 9
    assert proposer.exhausted
    again = Proposer(sweeps.opened(runs))
    assert (again.left, again.exhausted) == (0, True)


def test_a_default_from_outside_the_search_comes_on_top(runs: Path) -> None:
    study = sweeps.created(runs, search=FEW, trials=30, default={"baseline": "none", "schedule": {"exponential": {}}})
    plans = all_of(Proposer(study), 4)
    assert len(plans) == len(configs(study.sweep, plans)) == 10


def test_packs_of_one_structure_are_filled_with_what_is_left_of_it(runs: Path) -> None:
    search = {"baseline": FEW["baseline"], "batch_size": {"choices": [16, 20]}}
    study = sweeps.created(runs, search=search, fixed=FIXED, trials=30)
    proposer, packs = Proposer(study), list[list[Plan]]()
    while proposer.left:
        packs.append(proposer.ask(min(4, proposer.left)))
    assert all(len({plan.params["batch_size"] for plan in pack}) == 1 for pack in packs)
    plans = [plan for pack in packs for plan in pack]
    assert len(plans) == len(configs(study.sweep, plans)) == 6


def test_as_many_trials_as_are_asked_for_are_enough(runs: Path) -> None:
    proposer = Proposer(sweeps.created(runs, search=FEW, trials=5))
    assert len(all_of(proposer, 4)) == 5
    assert not proposer.exhausted


def test_of_a_large_space_none_is_tried_twice_either(runs: Path) -> None:
    """TPE, left to itself, settles on few of the values of a choice and asks for them again and again."""
    study = sweeps.created(runs, search=MANY, fixed=FIXED, trials=60)
    assert grid.configurations(study.sweep.space) > MOST_LISTED
    plans = all_of(Proposer(study), 8)
    assert len(configs(study.sweep, plans)) == len(plans) == 60


def test_the_most_alike_of_those_left_takes_the_place_of_one_that_was_tried(runs: Path) -> None:
    space = sweeps.tiny(search=FEW).space
    points = list(grid.points(space))
    for left in points:
        untried = Untried(space, (point for point in points if point != left))
        assert untried.left == 1
        assert untried.instead_of(points[0], {}, Random(0)) == left
        assert untried.instead_of(points[0], {"baseline": "other"}, Random(0)) is None
    untried = Untried(space, [points[0]])
    nearest = untried.instead_of(points[0], {}, Random(0))
    assert nearest is not None
    assert sum(nearest.get(name) != value for name, value in points[0].items()) == 1


@pytest.mark.parametrize("name", ["learning_rate", "baseline", "schedule", "batch_size"])
def test_what_is_drawn_lies_in_the_space(name: str) -> None:
    space = sweeps.tiny(search={**MANY, **sweeps.TINY["search"]}, fixed=FIXED).space
    points = [grid.drawn(name, space.dimensions[name], Random(seed)) for seed in range(50)]
    assert len({str(point) for point in points}) > 1
    untried = Untried(Space({name: space.dimensions[name]}), points)
    assert all(untried.tried(point) for point in points)


def test_a_grid_that_is_widened_tries_its_new_points(runs: Path) -> None:
    study = sweeps.created(runs, sampler="grid", search=FEW, trials=None)
    before = all_of(Proposer(study), 4)
    study.change(kept_sweep.changed(study.sweep, None, None, ["search.gamma={choices: [1.0, 0.9]}"]))
    after = all_of(Proposer(sweeps.opened(runs)), 4)
    assert (len(before), len(after)) == (9, 9)
    assert {plan.params["gamma"] for plan in after} == {0.9}


def test_that_all_were_tried_is_said(runs: Path, tuning: Any, tmp_path: Path) -> None:
    path = sweeps.written(tmp_path / "file", search=FEW, trials=30, tracking="off")
    code, out, err = tuning("run", path, "--root", str(runs), hire=legs_by_hand.ByHand(trains=True))
    assert code == 0, err
    said = " ".join(out.split())
    assert "All 9 configurations were tried" in said
    assert "`tuning resume tiny-1 --set search.FIELD=...` widens the search" in said
