"""Real sweeps by the command as a person gives it, read back from Optuna, MLflow and the disk."""

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import pytest
import sweeps
import torch
from commands import Said
from drivers import Ran, ran
from loop_cases import mean_return
from tracked import assert_told

from trainables.base import checkpoint
from trainables.tune import TRAINABLES, Reinforce
from tuning import runner as runs
from tuning.study.paths import Home

STEPS = [50, 100, 150, 200]
SCORE = "evaluation/return_mean"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Eight trials in packs of two, on two workers."""
    root = tmp_path_factory.mktemp("tiny")
    return ran(root, sweeps.written(root), "--workers", "2", "--pack-size", "2")


def test_it_ends_well_and_prints_one_object_and_nothing_else(tiny: Ran) -> None:
    assert tiny.done.returncode == 0, tiny.done.stderr
    assert tiny.shown == tiny.study.summary().as_json()
    # Progress, where there is no terminal: now and then a line of ours and nothing of the libraries'.
    assert all(line.startswith("tiny-1: ") for line in tiny.done.stderr.splitlines()), tiny.done.stderr


def test_none_of_its_processes_lives_on(tiny: Ran) -> None:
    commands.awaited(lambda: not commands.processes(tiny.mark), 30, "all of its processes gone")


def test_all_trials_were_trained_in_full_and_the_default_came_first(tiny: Ran) -> None:
    shown = tiny.shown
    assert (shown["name"], shown["state"], shown["metric"], shown["direction"]) == (
        "tiny-1",
        "finished",
        SCORE,
        "maximize",
    )
    assert shown["counts"] == {"complete": 8, "pruned": 0, "failed": 0, "running": 0, "waiting": 0}
    assert shown["member_steps"] == 8 * 200
    assert shown["seconds"] > 0
    assert [trial["number"] for trial in shown["trials"]] == list(range(8))
    assert shown["default"] == {"number": 0, "value": shown["trials"][0]["value"]}
    assert shown["trials"][0]["params"] == {"learning_rate": 0.001, "schedule": "fixed", "baseline": "batch_mean"}
    for trial in shown["trials"]:
        assert (trial["steps"], trial["diverged_at"], len(trial["seeds"])) == (200, None, 1)
        assert -3 <= trial["value"] <= 0
        assert trial["seconds"] > 0


def test_the_best_is_the_best(tiny: Ran) -> None:
    best = tiny.shown["best"]
    assert best["value"] == max(trial["value"] for trial in tiny.shown["trials"])
    chosen = tiny.shown["trials"][best["number"]]
    assert {key: best[key] for key in ("value", "params", "run_id")} == {
        key: chosen[key] for key in ("value", "params", "run_id")
    }


def test_mlflow_was_told_all_of_it(tiny: Ran) -> None:
    assert_told(tiny.study)
    own = tiny.told.own
    assert (own.info.run_name, own.info.status) == ("tiny-1", "FINISHED")
    assert own.data.metrics["value"] == tiny.shown["best"]["value"]


def test_curves_have_their_points_at_the_steps_of_the_budget(tiny: Ran) -> None:
    told = tiny.told
    for trial in tiny.shown["trials"]:
        number = trial["number"]
        for name in (SCORE, "train/loss", "train/gradient_norm", "train/learning_rate", "train/entropy"):
            assert [step for step, _ in told.curve(number, name)] == STEPS
        scores = told.curve(number, SCORE)
        best = max(value for _, value in scores)
        assert best == trial["value"]
        assert told.curve(number, "value") == [next(point for point in scores if point[1] == best)]


def test_every_member_leaves_two_checkpoints_and_the_best_trials_theirs_in_mlflow(tiny: Ran) -> None:
    told = tiny.told
    best = {trial["number"] for trial in sorted(tiny.shown["trials"], key=lambda trial: -trial["value"])[:5]}
    for trial in range(8):
        folder = tiny.home.member("tiny-1", trial, 0)
        assert sorted(path.name for path in folder.iterdir()) == ["best.pt", "latest.pt"]
        assert told.weights(trial) == (["checkpoint/best.pt"] if trial in best else [])
    kept = told.client.download_artifacts(tiny.shown["best"]["run_id"], "checkpoint/best.pt")
    assert Path(kept).read_bytes() == Path(tiny.shown["best"]["checkpoint"]).read_bytes()


def test_best_weights_score_what_their_trial_is_worth(tiny: Ran) -> None:
    for trial in tiny.shown["trials"]:
        path = tiny.home.member("tiny-1", trial["number"], 0) / "best.pt"
        best = checkpoint.read(path)
        assert best is not None
        config = Reinforce.loop.Config(**best["config"])
        assert config.learning_rate == trial["params"]["learning_rate"]
        assert mean_return(config, best) == pytest.approx(trial["value"])


def test_a_name_that_is_taken_is_refused_with_what_to_do_instead(
    tiny: Ran, tmp_path: Path, tuning: Callable[..., Said]
) -> None:
    path = sweeps.written(tmp_path)
    code, out, err = tuning("run", path, "--root", str(tiny.home.root), "--name", "tiny-1", "--json")
    assert (code, out) == (2, "")
    assert "tiny-1" in err
    assert "--name" in err
    assert "Traceback" not in err
    assert len(tiny.study.summary().trials) == 8


@pytest.mark.slow
def test_the_same_command_twice_gives_the_same_trials_and_values(tmp_path: Path) -> None:
    path = sweeps.written(tmp_path)
    shown = [ran(tmp_path / name, path, "--workers", "1", "--pack-size", "3").shown for name in ("one", "two")]
    one, two = (
        [[trial[key] for key in ("number", "state", "value", "params", "seeds", "steps")] for trial in each["trials"]]
        for each in shown
    )
    assert one == two
    other = ran(tmp_path / "three", path, "--workers", "1", "--pack-size", "3", "--seed", "5").shown
    assert [trial["seeds"] for trial in other["trials"]] != [trial["seeds"] for trial in shown[0]["trials"]]


@pytest.mark.slow
def test_what_is_set_is_put_over_the_file(tmp_path: Path) -> None:
    options = [
        "--set",
        "budget=100",
        "--set",
        "fixed.reports=2",
        "--set",
        "fixed.learning_rate=0.05",
        "--set",
        "seeds=2",
    ]
    sweep = ran(tmp_path, sweeps.written(tmp_path), "--trials", "3", "--name", "mine", *options)
    assert sweep.done.returncode == 0
    shown = sweep.shown
    assert (shown["name"], len(shown["trials"]), shown["member_steps"]) == ("mine", 3, 3 * 2 * 100)
    assert all("learning_rate" not in trial["params"] and len(trial["seeds"]) == 2 for trial in shown["trials"])
    kept = checkpoint.read(sweep.home.member("mine", 0, 0) / "latest.pt")
    assert kept is not None
    assert (kept["config"]["learning_rate"], kept["config"]["budget"]) == (0.05, 100)
    assert [step for step, _ in sweep.told.curve(0, f"seed-1/{SCORE}")] == [50, 100]


@pytest.mark.slow
@pytest.mark.parametrize(
    "preset", ["number-match", "conjunction-risk", "cartpole-reinforce", "cartpole-dqn", "pendulum-reinforce"]
)
def test_a_preset_runs_at_a_small_size(tmp_path: Path, preset: str) -> None:
    small = {"conjunction-risk": 10, "cartpole-dqn": 2_000}.get(preset, 3_000)
    sweep = ran(tmp_path, preset, "--trials", "4", "--set", f"budget={small}", "--set", "confirm=off")
    assert sweep.done.returncode == 0, sweep.done.stderr
    states = {trial["number"]: trial["state"] for trial in sweep.shown["trials"]}
    assert len(states) == 4
    assert "complete" in states.values()
    assert set(states.values()) <= {"complete", "pruned"}
    assert_told(sweep.study)


@pytest.mark.gpu
def test_a_part_of_a_gpu_holds_all_tensors_of_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members, seen = 7, tmp_path / "seen.json"

    class Watched(Reinforce):
        """Notes where the tensors are that have a row for each member."""

        def step(self) -> dict[str, Any]:
            result = super().step()
            tensors = [each for each in gc.get_objects() if isinstance(each, torch.Tensor)]
            devices = [each.device.type for each in tensors if each.shape[:1] == (members,)]
            seen.write_text(json.dumps({"devices": devices, "gpus": os.environ.get("CUDA_VISIBLE_DEVICES")}))
            return result

    monkeypatch.setitem(TRAINABLES, "reinforce", Watched)
    sweep = sweeps.tiny(trials=members, pack_size=members, workers={"count": 1, "cpus": 1, "gpus": 0.5})
    summary = runs.run(sweep, Home.at(tmp_path / "runs"))
    assert summary.count("complete") == members
    noted = json.loads(seen.read_text())
    assert noted["gpus"]
    assert len(noted["devices"]) > 10
    assert set(noted["devices"]) == {"cuda"}
