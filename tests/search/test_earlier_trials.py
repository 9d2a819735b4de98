"""A search that is changed while its study rests: what becomes of the trials that are there."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sweeps

from tuning.errors import SweepError
from tuning.report import sentences
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.proposer import Proposer
from tuning.study.legs import Plan
from tuning.study.study import Study
from tuning.sweep import kept_sweep

WIDER = "search.learning_rate={low: 1e-4, high: 1.0, log: true}"
NARROWER = "search.learning_rate={low: 1e-3, high: 1e-2, log: true}"


def asked(study: Study, count: int) -> list[Plan]:
    """So many trials more, each with its number as its value."""
    proposer, plans = Proposer(study), list[Plan]()
    while len(plans) < count:
        plans += proposer.ask(min(4, count - len(plans)))
    for plan in plans:
        study.records.finish(plan.number, Outcome("complete", float(plan.number)), [MemberResult()])
    return plans


def gone_on(runs: Path, *settings: str, trials: str | None = "+8") -> Study:
    study = sweeps.opened(runs)
    study.change(kept_sweep.changed(study.sweep, trials, None, settings))
    return sweeps.opened(runs)


def modelled(study: Study) -> list[dict[str, Any]]:
    """The parameters that samplers are shown, by trial; none of one that is left out."""
    return [trial.params for trial in Proposer(study).desk.study.get_trials()]


@pytest.mark.parametrize(
    ("settings", "stay"),
    [
        ([WIDER], lambda params: True),
        (["search.baseline={choices: [none, batch_mean, value]}"], lambda params: True),
        (["search.gamma={low: 0.9, high: 1.0}"], lambda params: True),  # which all have had at 1
        (["search.gamma={low: 0.9, high: 0.99}"], lambda params: False),
        ([NARROWER], lambda params: 1e-3 <= params["learning_rate"] <= 1e-2),
        (["search.baseline={choices: [none, value]}"], lambda params: params["baseline"] == "none"),
        (["fixed.baseline=batch_mean"], lambda params: params["baseline"] == "batch_mean"),
        (["fixed.schedule=fixed"], lambda params: params["schedule"] == "fixed"),
        (
            ["search.schedule={choices: {fixed: {}, cosine: {floor: 0.25}}}"],
            lambda params: params["schedule"] == "fixed",
        ),
        (
            ["search.schedule={choices: {fixed: {}, cosine: {floor: {low: 0.0, high: 0.25}}, exponential: {}}}"],
            lambda params: params.get("schedule.cosine.floor", 0) <= 0.25,
        ),
        (
            [NARROWER, "fixed.baseline=none"],
            lambda params: params["learning_rate"] <= 1e-2 and params["baseline"] == "none",
        ),
    ],
)
def test_earlier_trials_count_where_the_search_could_still_propose_them(
    runs: Path, settings: Sequence[str], stay: Any
) -> None:
    study = sweeps.created(runs, trials=8)
    plans = asked(study, 8)
    known = [sweeps.tiny().config(plan.values).model_dump(mode="json") for plan in plans]
    changed = gone_on(runs, *settings)
    space = changed.sweep.space
    for plan, shown in zip(plans, modelled(changed), strict=True):
        assert bool(shown) == stay(plan.params)
        assert shown.keys() >= space.dimensions.keys() or not shown
        # Whatever is searched now, what a trial was trained with stays as it was.
        kept = changed.records.plans()[plan.number]
        assert changed.sweep.config(kept.values).model_dump(mode="json") == known[plan.number]
    assert [trial.params for trial in changed.optuna.get_trials()] == [
        trial.params for trial in sweeps.opened(runs).optuna.get_trials()
    ]
    new = asked(changed, 4)
    assert [plan.number for plan in new] == [8, 9, 10, 11]
    assert all(set(space.dimensions) <= plan.params.keys() for plan in new)


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "nsga2", "qmc", "random"])
def test_every_sampler_goes_on_after_changes_one_upon_the_other(runs: Path, sampler: str) -> None:
    asked(sweeps.created(runs, trials=12, sampler=sampler), 12)
    study = gone_on(runs, WIDER, "search.gamma={low: 0.9, high: 1.0}")
    plans = asked(study, 6)
    study = gone_on(runs, "search.baseline={choices: [value, none, batch_mean]}", "fixed.gamma=0.95")
    again = asked(study, 6)
    assert [plan.number for plan in (*plans, *again)] == list(range(12, 24))
    assert all("gamma" in plan.params for plan in plans)
    assert not any("gamma" in plan.params for plan in again)
    gammas = {number: study.sweep.config(plan.values).gamma for number, plan in study.records.plans().items()}
    assert {gammas[number] for number in range(12)} == {1.0}
    assert all(gammas[plan.number] == plan.params["gamma"] for plan in plans)
    assert {gammas[plan.number] for plan in again} == {0.95}


def test_the_same_changes_give_the_same_trials(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        runs = tmp_path / name
        asked(sweeps.created(runs, trials=8), 8)
        found.append([plan.params for plan in asked(gone_on(runs, WIDER), 8)])
    assert found[0] == found[1]


def test_a_search_that_was_not_changed_is_kept_without_a_word(runs: Path) -> None:
    asked(sweeps.created(runs, trials=4), 4)
    study = gone_on(runs)
    assert study.attributes.changes == []
    assert study.sweep.trials == 12


def test_all_that_is_fixed_may_come_to_be_searched_and_the_other_way_round() -> None:
    search = {"batch_size": {"choices": [10, 20]}, **sweeps.TINY["search"]}
    sweep = sweeps.tiny(fixed={}, search=search, environment="CartPole-v1", default={"batch_size": 20})
    gone = kept_sweep.changed(sweep, None, None, ["fixed.batch_size=10"])
    assert (gone.fixed, gone.default) == ({"batch_size": 10}, {})
    back = kept_sweep.changed(gone, None, None, ["search.batch_size={choices: [10, 40]}"])
    assert back.fixed == {}
    with pytest.raises(SweepError, match=r"fixed\.gamma: is 0.5, the study has null; all trials"):
        kept_sweep.changed(sweep, None, None, ["fixed.gamma=0.5"])


def test_a_change_before_the_first_trial_is_none(runs: Path) -> None:
    sweeps.created(runs)
    assert gone_on(runs, WIDER).attributes.changes == []


def test_the_default_configuration_stays_what_it_was(runs: Path) -> None:
    """Also where what it was is fixed to another value, or lies in the search no longer."""
    (plan, *_) = asked(sweeps.created(runs, trials=4, default={"learning_rate": 0.05}), 4)
    assert plan.default
    study = gone_on(runs, "fixed.learning_rate=0.01", "fixed.baseline=value")
    config = study.sweep.config(study.records.plans()[0].values)
    assert (config.learning_rate, config.baseline) == (0.05, "batch_mean")
    assert modelled(study)[0] == {}


def test_what_was_changed_is_shown_with_the_trial_from_which_it_is_so(runs: Path) -> None:
    before = sweeps.created(runs, trials=4)
    asked(before, 4)
    before.attributes.set_ended_by("max_steps")
    study = gone_on(runs, WIDER, "fixed.baseline=none", "search.entropy_weight={low: 0.0, high: 0.1}")
    (line,) = sentences.changes(study.summary())
    assert study.summary().ended_by is None
    assert line.startswith("From trial 4 on: ")
    assert "learning_rate 0.0001 to 1, before that 0.001 to 0.1" in line
    assert "baseline fixed to 'none', before that one of 'none', 'batch_mean'" in line
    assert "entropy_weight 0 to 0.1, before that fixed to " in line
    assert study.summary().as_json()["changes"][0]["first"] == 4


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("loop=dqn", "loop: is 'dqn', the study has 'reinforce'; the trials that are there could not be compared"),
        ("environment=CartPole-v1", "environment: is 'CartPole-v1', .* could not be compared"),
        ("metric=evaluation/return_min", "metric: .* could not be compared"),
        ("budget=400", "budget: .* compared at other budgets; only .*search.* can change"),
        ("seeds=2", "seeds: .* could not be compared"),
        ("fixed.batch_size=20", "fixed.batch_size: is 20, the study has 10; all trials .* put under search"),
        ("default.learning_rate=0.02", "default.learning_rate: .*; trial 0 has been trained as it was"),
        ("search.learning_rate={low: 2, high: 1}", "search.learning_rate: is empty"),
        ("search.gama={low: 0.9, high: 1.0}", "did you mean gamma"),
        ("sampler=random", "sampler: is 'random', the study has 'tpe'; only"),
    ],
)
def test_what_can_not_change_is_refused_with_the_reason(setting: str, why: str) -> None:
    with pytest.raises(SweepError, match=why):
        kept_sweep.changed(sweeps.tiny(), None, None, [setting])
