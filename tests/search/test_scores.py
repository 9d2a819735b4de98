"""Sweeps by another metric than the loop's score: best weights are chosen by it, trials and confirmation compared."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import legs_by_hand
import numpy as np
import pytest
import sweeps
import torch
from commands import Said
from loop_cases import CASES, network, returns
from rosenbrock import Rosenbrock
from sweep_cases import DQN, SUPERVISED, changed

from trainables.base import checkpoint
from trainables.base.checkpoint import BEST
from trainables.data import datasets
from trainables.loops.contract import scored_by, scores_of
from trainables.loops.dqn import DQNConfig
from trainables.loops.registry import LOOPS, loop_of
from trainables.loops.supervised import SupervisedConfig, SupervisedLoop
from trainables.tune import DQN as DQNTrainable
from trainables.tune import trainable_of
from tuning.study.paths import Home
from tuning.sweep import yaml_text
from tuning.sweep.model import Sweep

CPU = torch.device("cpu")
ACCURACY, LOWEST = "validation/accuracy", "evaluation/return_min"


class WithAnother(Rosenbrock):
    """A loop that measures more than it can choose by."""

    metrics = ("validation/loss", "validation/distance")


class WithScores(WithAnother):
    """One that could choose by either."""

    scores = WithAnother.metrics


@pytest.fixture
def corners(tmp_path: Path) -> dict[str, Any]:
    """Fields of a training on points of a square, in four classes by its corners."""
    points = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    names = np.array(["sw", "se", "nw", "ne"])[(points[:, 0] > 0) + 2 * (points[:, 1] > 0)]
    path = tmp_path / "corners.csv"
    path.write_text("\n".join(["x,y,corner", *(f"{x},{y},{n}" for (x, y), n in zip(points, names, strict=True))]))
    return {"data": str(path), "loss": "cross_entropy", "hidden": [8], "batch_size": 20, "compile": "never"}


def accuracy(config: SupervisedConfig, best: dict[str, Any]) -> float:
    """Of what `best()` holds, by means that share nothing with the loop."""
    data = datasets.load(config.source)
    inputs = (data.validation_features - best["inputs"]["mean"]) / best["inputs"]["deviation"]
    chosen = network(best)(torch.tensor(inputs, dtype=torch.float32)).argmax(1).numpy()
    return float((chosen == data.validation_targets[:, 0]).mean())


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_best_network_by_accuracy_has_it(corners: dict[str, Any], direction: Any) -> None:
    configs = [SupervisedConfig(budget=12, learning_rate=rate, **corners) for rate in (0.01, 0.3)]
    loop = scored_by(SupervisedLoop, ACCURACY, direction)(configs, CPU)
    elsewhere = False
    for report, best, confirmed in zip(loop.train(12), loop.best(), loop.confirm(9), strict=True):
        found = [metrics[ACCURACY] for _, metrics in report.points]
        most = max(found) if direction == "maximize" else min(found)
        assert (report.best, report.best_steps) == (most, found.index(most) + 1)
        assert report.points[-1][1]["validation/best_accuracy"] == confirmed == most
        assert accuracy(configs[0], best) == pytest.approx(most)
        losses = [metrics["validation/loss"] for _, metrics in report.points]
        elsewhere |= losses.index(min(losses)) != found.index(most)
    assert elsewhere, "by its loss another epoch would have been the best of one of them"


def test_patience_and_plateaus_wait_for_a_better_accuracy(corners: dict[str, Any]) -> None:
    still = {"learning_rate": 1e-30, "patience": 2, "schedule": {"plateau": {"patience": 0, "factor": 0.5}}}
    (report,) = scored_by(SupervisedLoop, ACCURACY, "maximize")(
        [SupervisedConfig(budget=6, **still, **corners)], CPU
    ).train(6)
    assert (report.best_steps, report.stopped_at) == (1, 3)
    rates = [metrics["train/learning_rate"] for _, metrics in report.points]
    assert rates == pytest.approx([1e-30, 1e-30, 5e-31])


def test_accuracy_needs_classes() -> None:
    with pytest.raises(ValueError, match=f"^metric: {ACCURACY} is there only with loss: cross_entropy, not mse"):
        scored_by(SupervisedLoop, ACCURACY, "maximize")([SupervisedConfig(budget=1)], CPU)


def test_a_share_of_solved_episodes_needs_an_environment_that_says_what_solves_it() -> None:
    config = DQNConfig(environment="SensorTasking-v0", budget=1)
    with pytest.raises(ValueError, match=r"^metric: there is no evaluation/solved_share of SensorTasking-v0"):
        trainable_of("dqn", "evaluation/solved_share", "maximize").loop([config], CPU)


def test_a_pack_reports_keeps_and_confirms_the_metric_that_it_is_told(tmp_path: Path) -> None:
    trainable = trainable_of("dqn", LOWEST, "maximize")
    common = {**CASES["dqn"].common, "compile": "never", "reports": 8}
    members = [{**each, "folder": str(tmp_path / str(place))} for place, each in enumerate(CASES["dqn"].members)]
    pack = trainable({**common, "members": members, "confirm": 5, "leg": "leg"})
    results = [pack.train()]
    while not results[-1]["done"]:
        results.append(pack.train())
    for result in results:
        assert result[LOWEST] == max(each["points"][-1][1][LOWEST] for each in result["members"])
    for place, member in enumerate(CASES["dqn"].members):
        shown = [point for result in results for point in result["members"][place]["points"]]
        best = max(metrics[LOWEST] for _, metrics in shown)
        first = next(steps for steps, metrics in shown if metrics[LOWEST] == best)
        kept = checkpoint.read(tmp_path / str(place) / BEST)
        assert kept is not None
        assert kept["score"] == {"name": LOWEST, "value": best, "steps": first}
        assert min(returns(DQNConfig(**(common | member)), kept)) == best
    # On as many fresh episodes as it was asked for: whole returns of CartPole, where a mean of five seldom is one.
    assert all(score == int(score) > 0 for score in results[-1]["confirmed"])


def test_the_loop_s_own_score_needs_no_other_trainable() -> None:
    assert trainable_of("dqn") is trainable_of("dqn", "evaluation/return_mean", "maximize") is DQNTrainable
    other = trainable_of("dqn", "evaluation/return_mean", "minimize").loop
    assert (other.score, other.direction, DQNTrainable.loop.direction) == (
        "evaluation/return_mean",
        "minimize",
        "maximize",
    )
    with pytest.raises(ValueError, match=r"^metric: DQNLoop can't choose its best weights by train/loss, minimize"):
        trainable_of("dqn", "train/loss", "minimize")


def test_a_loop_of_one_s_own_is_scored_by_its_own_score_unless_it_allows_others() -> None:
    assert scores_of(loop_of("test_scores:WithAnother")) == ("validation/loss",)
    with pytest.raises(ValueError, match=r"^metric: WithAnother can't choose its best weights by validation/distance"):
        trainable_of("test_scores:WithAnother", "validation/distance", "minimize")
    with pytest.raises(ValueError, match="by validation/loss, maximize"):
        trainable_of("test_scores:WithAnother", "validation/loss", "maximize")
    told = trainable_of("test_scores:WithScores", "validation/distance", "maximize").loop
    assert issubclass(told, WithScores)
    assert (told.score, told.direction) == ("validation/distance", "maximize")
    sweep = {"name": "own", "loop": "test_scores:WithScores", "budget": 50, "direction": "minimize"}
    search = {"learning_rate": {"low": 1e-4, "high": 1e-2}}
    assert Sweep.model_validate({**sweep, "search": search, "metric": "validation/distance"}).direction == "minimize"


@pytest.mark.parametrize("name", LOOPS)
def test_what_a_loop_of_the_platform_may_be_scored_by_is_measured_in_evaluation(name: str) -> None:
    scores = scores_of(LOOPS[name])
    assert LOOPS[name].score in scores
    # How many episodes there were, how long, and how many of them were cut, is not how well they went; and what values
    # are held against serves a diagnosis.
    counted = {f"evaluation/{each}" for each in ("episodes", "episode_steps", "truncated_share")}
    held_against = {"evaluation/start_value", "evaluation/discounted_return"}
    measured = {each for each in LOOPS[name].metrics if not each.startswith(("train/", "validation/best"))}
    assert set(scores) == measured - counted - held_against


def test_a_sweep_by_accuracy_is_so_from_its_trials_to_its_confirmation(
    tmp_path: Path, runs: Path, corners: dict[str, Any], tuning: Callable[..., Said]
) -> None:
    data = corners.pop("data")
    path = tmp_path / "sweep.yaml"
    wanted = {
        "name": "corners",
        "loop": "supervised",
        "data": data,
        "metric": ACCURACY,
        "budget": 4,
        "trials": 4,
        "workers": 1,
        "halving": "off",
        "confirm": {"top": 2, "seeds": 3},
        "tracking": "off",
        "fixed": {**corners, "reports": 2},
        "search": {"learning_rate": {"low": 1e-3, "high": 0.3, "log": True}},
    }
    path.write_text(yaml_text.write(wanted))
    code, out, err = tuning("run", str(path), "--root", str(runs), "--json", hire=legs_by_hand.ByHand(trains=True))
    assert code == 0, err
    shown, home, study = json.loads(out), Home.at(runs), sweeps.opened(runs)
    assert (shown["metric"], shown["direction"], shown["counts"]["complete"]) == (ACCURACY, "maximize", 4)
    assert shown["best"]["value"] == max(trial["value"] for trial in shown["trials"])
    for trial in shown["trials"]:
        best = checkpoint.read(home.member("corners-1", trial["number"], 0) / BEST)
        assert best is not None
        assert (best["score"]["name"], best["score"]["value"]) == (ACCURACY, trial["value"])
        assert accuracy(SupervisedConfig(**best["config"]), best) == pytest.approx(trial["value"])
    candidates = shown["confirmation"]["candidates"]
    assert shown["confirmation"]["leader"] == max(candidates, key=lambda each: each["mean"])["number"]
    for (number, seed), score in study.attributes.scores().items():
        kept = checkpoint.read(home.confirming("corners-1", number, seed) / BEST)
        assert kept is not None
        assert kept["score"]["value"] == score
        assert accuracy(SupervisedConfig(**kept["config"]), kept) == pytest.approx(score)


def test_a_second_objective_may_be_any_metric_beside_any_score() -> None:
    classes = {"loss": "cross_entropy", "data_seed": 1}
    given = {**SUPERVISED, "fixed": classes, "metric": ACCURACY, "halving": "off", "confirm": "off"}
    for second in ("validation/loss", "train/loss", "validation/best_accuracy", "seconds"):
        assert Sweep.model_validate({**given, "second": second}).metric == ACCURACY
    by_return = Sweep.model_validate(
        {**DQN, "metric": LOWEST, "second": "evaluation/return_mean", "halving": "off", "confirm": "off"}
    )
    assert by_return.directions == ("maximize", "maximize")


@pytest.mark.parametrize(
    ("data", "key_path", "said"),
    [
        (
            {**DQN, "metric": "train/loss"},
            "metric",
            "should be one of what evaluations measure, evaluation/return_mean",
        ),
        ({**SUPERVISED, "metric": ACCURACY}, "metric", f"{ACCURACY} is there only with fixed.loss: cross_entropy"),
        (
            {**changed(DQN, "environment", "SensorTasking-v0"), "metric": "evaluation/solved_share"},
            "metric",
            "evaluation/solved_share is there only with a reward_threshold, which SensorTasking-v0 lacks",
        ),
        (
            {**changed(DQN, "environment", "SensorTasking-v0"), "second": {"metric": "evaluation/solved_share"}},
            "second",
            "evaluation/solved_share is there only with a reward_threshold, which SensorTasking-v0 lacks",
        ),
        (
            {**SUPERVISED, "second": "validation/best_accuracy"},
            "second",
            "validation/best_accuracy is there only with metric: validation/accuracy",
        ),
        (
            {"name": "own", "loop": "rosenbrock:Rosenbrock", "direction": "maximize"},
            "direction",
            "should be minimize or left out: rosenbrock:Rosenbrock has its own",
        ),
        (
            {"name": "own", "loop": "test_scores:WithAnother", "metric": "validation/distance"},
            "metric",
            "should be what its best weights are chosen by, validation/loss",
        ),
    ],
)
def test_check_says_what_is_wrong_and_what_would_be_right(
    tuning: Callable[..., Said], tmp_path: Path, data: dict[str, Any], key_path: str, said: str
) -> None:
    rates = {"learning_rate": {"low": 1e-4, "high": 1e-2}}
    path = tmp_path / "sweep.yaml"
    path.write_text(yaml_text.write({"budget": 2_000, "search": rates, **data}))
    code, out, err = tuning("check", str(path))
    assert (code, out) == (2, "")
    (line,) = [line for line in err.splitlines() if f": {key_path}: " in line]
    assert said in line


def test_a_study_of_before_that_can_not_be_run_is_shown_and_says_why_when_it_is_gone_on_with(
    tuning: Callable[..., Said], runs: Path
) -> None:
    sweeps.created(runs, "sound")
    old = sweeps.created(runs, "old")
    old.optuna.set_user_attr("sweep", {**old.sweep.model_dump(mode="json"), "metric": "train/loss"})
    code, out, _ = tuning("list", "--root", str(runs))
    assert code == 0
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["sound", "interrupted"], ["old", "interrupted"]]
    assert tuning("show", "old", "--root", str(runs))[0] == 0
    code, out, err = tuning("resume", "old", "--root", str(runs))
    assert (code, out) == (2, "")
    assert err.startswith("old: can't be gone on with here: metric: trials of reinforce can't be compared")
