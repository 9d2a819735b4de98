"""Trials that are not left to a sampler: what a sweep lists, the best of an earlier study, the points of a grid."""

from pathlib import Path
from typing import Any

import pytest
import sweeps

from tuning.search.proposer import Proposer
from tuning.study.attributes import START
from tuning.study.legs import Plan
from tuning.sweep import grid
from tuning.sweep.warm_start import fitting_best

FIXED = {key: value for key, value in sweeps.TINY["fixed"].items() if key not in ("batch_size", "hidden")}
POINTS: dict[str, Any] = {
    "learning_rate": {"choices": [1e-3, 1e-2]},
    "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"choices": [0.0, 0.1]}}}},
    "batch_size": {"low": 10, "high": 30, "step": 10},
}


def test_a_grid_is_every_point_once_in_packs_of_one_structure(runs: Path) -> None:
    study = sweeps.created(runs, sampler="grid", search=POINTS, fixed=FIXED, trials=None)
    proposer, packs = Proposer(study), list[list[Plan]]()
    while proposer.left:
        packs.append(proposer.ask(min(4, proposer.left)))
    plans = [plan for pack in packs for plan in pack]
    assert len(plans) == study.sweep.trials == len({str(plan.params) for plan in plans if not plan.default}) + 1
    points = list(grid.points(study.sweep.space))
    assert len(points) == grid.size(study.sweep.space) == 2 * 3 * 3
    assert all(point in [plan.params for plan in plans] for point in points)
    assert all(len({plan.params["batch_size"] for plan in pack}) == 1 for pack in packs)


def test_a_grid_goes_on_where_it_was_cut_off(runs: Path) -> None:
    study = sweeps.created(runs, sampler="grid", search=POINTS, fixed=FIXED, trials=None)
    before = Proposer(study).ask(3)
    proposer, plans = Proposer(sweeps.opened(runs)), list(before)
    while proposer.left:
        plans += proposer.ask(1)
    assert len({str(plan.params) for plan in plans}) == len(plans) == study.sweep.trials


FIRST: list[dict[str, Any]] = [
    {"learning_rate": 0.003},
    {"learning_rate": 0.03, "schedule": {"cosine": {"floor": 0.1}}},
    {"learning_rate": 0.05, "schedule": "cosine"},
]


def params(plans: list[Plan]) -> list[dict[str, Any]]:
    return [plan.params for plan in plans]


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 4])
def test_what_is_listed_is_used_once_however_often_a_search_is_begun_anew(runs: Path, cut: int) -> None:
    whole = Proposer(sweeps.created(runs, "whole", first=FIRST, sampler="random")).ask(5)
    study = sweeps.created(runs, "cut", first=FIRST, sampler="random")
    before = Proposer(study).ask(cut) if cut else []
    after = Proposer(sweeps.opened(runs, "cut")).ask(5 - cut)
    assert params(before + after)[: 1 + len(FIRST)] == params(whole)[: 1 + len(FIRST)]
    assert params(before + after)[4] not in params(whole)[:4]


def test_what_is_listed_with_another_structure_begins_a_pack_of_its_own(runs: Path) -> None:
    first = [{"batch_size": 10}, {"batch_size": 10, "learning_rate": 0.03}, {"batch_size": 20}]
    search = {**sweeps.TINY["search"], "batch_size": {"low": 5, "high": 40}, "hidden": {"choices": [[8], [64, 64]]}}
    proposer = Proposer(sweeps.created(runs, search=search, fixed=FIXED, first=first))
    packs = [[plan.params["batch_size"] for plan in proposer.ask(4)] for _ in range(3)]
    assert packs == [[16], [10, 10], [20] * 4]


def test_the_best_of_an_earlier_study_that_fit_come_after_what_is_listed(runs: Path) -> None:
    rates = [0.002, 0.5, 0.004, 0.002]
    configs = [sweeps.tiny().config({"learning_rate": rate}).model_dump(mode="json") for rate in rates]
    best = fitting_best(sweeps.tiny().space, configs)
    assert [each["learning_rate"] for each in best] == [0.002, 0.004]
    study = sweeps.created(runs, first=FIRST[:1])
    study.optuna.set_user_attr(START, best)
    plans = Proposer(study).ask(6)
    assert [plan.params["learning_rate"] for plan in plans[1:4]] == [0.003, 0.002, 0.004]


def test_of_an_earlier_study_ten_are_enough() -> None:
    configs = [sweeps.tiny().config({"learning_rate": 0.001 * n}).model_dump(mode="json") for n in range(1, 20)]
    assert len(fitting_best(sweeps.tiny().space, configs)) == 10
