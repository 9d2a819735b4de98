"""Every sampler that a sweep can name: packs, conditional parameters, seeds, what it learns from."""

import math
from pathlib import Path
from typing import Any

import optuna
import pytest
import sweeps
from optuna.samplers import PartialFixedSampler

from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.proposer import Proposer
from tuning.search.restricted_study import RestrictedSampler
from tuning.search.samplers import experiments, sampler
from tuning.study.legs import Decision, Leg, Plan
from tuning.study.replay import replay
from tuning.study.study import Study
from tuning.sweep import space

SEARCH: dict[str, Any] = {
    "learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
    "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"low": 0.0, "high": 0.5}}}},
    "batch_size": {"low": 5, "high": 40},
    "hidden": {"choices": [[8], [16]]},
}
"""A structural number and a structural choice, and a conditional parameter; the default lies outside in `hidden`."""
FIXED = {key: value for key, value in sweeps.TINY["fixed"].items() if key not in ("batch_size", "hidden")}
# A Gaussian process takes half a second to answer.
LEARNING = ["tpe", "cmaes", "nsga2", pytest.param("gp", marks=pytest.mark.slow)]
KINDS = [*LEARNING, "random", "qmc"]


def created(root: Path, sampler: str, **changes: Any) -> Study:
    known = {"search": SEARCH, "fixed": {**FIXED, "batch_size": 10} if "search" in changes else FIXED}
    return sweeps.created(root, sampler=sampler, **{**known, "trials": 60, **changes})


def score(plan: Plan) -> float:
    return -abs(plan.params["learning_rate"] - 0.02)


def told(proposer: Proposer, plans: list[Plan]) -> None:
    for plan in plans:
        proposer.desk.finished(plan, Outcome("complete", value=score(plan)), [MemberResult(200, score(plan))])


def in_memory(kind: str, seed: int, packs: int, search: dict[str, Any] = SEARCH) -> list[dict[str, Any]]:
    """The parameters of so many packs of four, the structural ones shared, each told before the next is asked for."""
    sweep = sweeps.tiny(sampler=kind, seed=seed, search=search, fixed={}, trials=4 * packs)
    base, study = sampler(sweep), optuna.create_study(direction=sweep.direction)
    for _ in range(packs):
        if isinstance(base, RestrictedSampler):
            base.next_pack(4)
        study.sampler = base
        trials = [study.ask()]
        space.suggest(sweep.space, trials[0])
        names = space.structural_names(sweep.space, trials[0].params)
        with experiments():
            study.sampler = PartialFixedSampler({name: trials[0].params[name] for name in names}, base)
        trials += [study.ask() for _ in range(3)]
        for trial in trials:
            space.suggest(sweep.space, trial)
            study.tell(trial, -abs(math.log(trial.params["learning_rate"] / 0.02)))
    return [trial.params for trial in study.get_trials(deepcopy=False)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_pack_shares_its_structural_parameters_and_nothing_else(runs: Path, kind: str) -> None:
    study = created(runs, kind)
    proposer = Proposer(study)
    told(proposer, proposer.ask(4))
    seen = set()
    for _ in range(7):
        pack = proposer.ask(4)
        told(proposer, pack)
        assert len(pack) == 4
        assert len({(plan.params["batch_size"], plan.params["hidden"]) for plan in pack}) == 1
        assert len({plan.params["learning_rate"] for plan in pack}) == 4
        assert all(plan.params["schedule"] in ("fixed", "cosine") for plan in pack)
        assert all(("schedule.cosine.floor" in plan.params) == (plan.params["schedule"] == "cosine") for plan in pack)
        assert len({study.sweep.structure_of(plan.values) for plan in pack}) == 1
        seen.add(pack[0].params["batch_size"])
    assert len(seen) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_of_the_sweep_decides_what_is_proposed(kind: str) -> None:
    assert in_memory(kind, 1, 5) == in_memory(kind, 1, 5)
    assert in_memory(kind, 1, 5) != in_memory(kind, 2, 5)


def far(kind: str) -> float:
    """How far off, in powers of e, the last twenty proposals of sixty are from the best there is."""
    late = [params for seed in range(3) for params in in_memory(kind, seed, 15)[40:]]
    return sum(abs(math.log(params["learning_rate"] / 0.02)) for params in late) / len(late)


@pytest.mark.parametrize("kind", LEARNING)
def test_who_learns_proposes_better_than_chance_in_packs_too(kind: str) -> None:
    assert far(kind) < 0.7 * far("random")


def test_a_sequence_covers_a_range_evenly_in_packs_too() -> None:
    search = {**SEARCH, "gamma": {"low": 0.0, "high": 1.0}}
    gammas = [params["gamma"] for params in in_memory("qmc", 0, 4, search)]
    # Sixteen points of a scrambled Sobol sequence lie in sixteen equal parts of each dimension.
    assert sorted(int(16 * gamma) for gamma in gammas) == list(range(16))


@pytest.mark.parametrize("kind", KINDS)
def test_it_proposes_what_is_listed_right_after_the_default(runs: Path, kind: str) -> None:
    first = [
        {"learning_rate": 0.003},
        {"learning_rate": 0.03, "schedule": {"cosine": {"floor": 0.1}}},
        {"learning_rate": 0.05, "schedule": "cosine"},
    ]
    default, *plans = Proposer(sweeps.created(runs, sampler=kind, first=first)).ask(8)
    assert default.default
    for plan, stated in zip(plans, first, strict=False):
        config = sweeps.tiny().config(stated)
        assert sweeps.tiny().config(plan.values) == config
        assert not plan.default
    assert len({str(plan.params) for plan in plans[len(first) :]}) == 8 - 1 - len(first)


def diverging(study: Study) -> list[bool]:
    """Whether each trial diverged, in their order: all with a learning rate above 0.01, which is half of all there are.

    They are told in packs of five, as a search tells them; the best learning rate is 0.004.
    """
    proposer, plans = Proposer(study), list[Plan]()
    while proposer.left:
        pack = proposer.ask(min(5, proposer.left))
        for plan in pack:
            found = Outcome("complete", value=-abs(math.log(plan.params["learning_rate"] / 0.004)))
            if plan.params["learning_rate"] > 0.01:
                found = Outcome("pruned", diverged_at=100, reason="the loss is not finite")
            proposer.desk.finished(plan, found, [MemberResult(200, found.value, None, found.diverged_at)])
        plans += pack
    return [plan.params["learning_rate"] > 0.01 for plan in plans]


@pytest.mark.parametrize(
    ("kind", "seeds", "bound"),
    [
        ("tpe", 2, 12),
        *(pytest.param(kind, 2, 12, marks=pytest.mark.slow) for kind in ("gp", "cmaes")),
        # It breeds from those that did not diverge, and knows nothing of the others: that keeps away a little.
        pytest.param("nsga2", 8, 72, marks=pytest.mark.slow),
    ],
)
def test_after_thirty_trials_a_sampler_keeps_away_from_where_they_diverge(
    tmp_path: Path, kind: str, seeds: int, bound: int
) -> None:
    """At random half of twenty a seed would diverge: fewer than 12 of 40 in one of two hundred such tests, fewer than
    72 of 160 in one of eleven."""
    search = {name: SEARCH[name] for name in ("learning_rate", "schedule")}
    later = [
        diverged
        for seed in range(seeds)
        for diverged in diverging(
            sweeps.created(tmp_path / str(seed), sampler=kind, seed=seed, search=search, trials=50)
        )[30:]
    ]
    assert sum(later) < bound


@pytest.mark.parametrize("again", [False, True])
def test_a_trial_that_goes_on_from_a_rung_is_learnt_from(runs: Path, again: bool) -> None:
    """Of 30 trials the five of a rate near 0.1 do well and go on, the others are pruned: more are asked for there."""
    listed = [{"learning_rate": 0.001 * (1 + number)} for number in range(24)]
    listed += [{"learning_rate": 0.09 + 0.002 * number} for number in range(5)]
    study = created(runs, "tpe", search={"learning_rate": SEARCH["learning_rate"]}, first=listed, budget=400)
    proposer = Proposer(study)
    plans = proposer.ask(30)
    values: dict[int, float | None] = {plan.number: plan.params["learning_rate"] for plan in plans}
    leg, results = Leg("leg-00000", plans, 0, 0, 100), [MemberResult()]
    decision, found = Decision(values, {plan.number: results for plan in plans[25:]}), Outcome("pruned", reason="poor")
    study.records.close_leg(leg, decision)
    for plan in plans[:25]:
        study.records.finish(plan.number, found, results, {100: plan.params["learning_rate"]})
    if again:
        proposer = Proposer(sweeps.opened(runs))
        replay(study.records, proposer.desk)
    else:
        proposer.desk.closed(leg, decision)
        for plan in plans[:25]:
            proposer.desk.finished(plan, found, results)
    rates = [plan.params["learning_rate"] for plan in proposer.ask(8)]
    assert sum(rate > 0.05 for rate in rates) >= 6
