"""Real sweeps by the command as a person gives it, read back from Optuna, MLflow and the disk."""

import gc
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sweeps
import torch
from loop_cases import mean_return
from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from optuna.trial import TrialState

from trainables import checkpoint
from trainables.tune import TRAINABLES, Reinforce
from tuning import run as runs
from tuning import studies
from tuning.paths import Home
from tuning.study import Study

STEPS = [50, 100, 150, 200]
SCORE = "evaluation/return_mean"


@dataclass(frozen=True)
class Ran:
    """A sweep that was run by the command, and what is left of it."""

    home: Home
    done: subprocess.CompletedProcess[str]
    mark: str

    @property
    def shown(self) -> dict[str, Any]:
        """What it printed: the whole of standard output is one object in one line."""
        assert self.done.stdout.count("\n") == 1, self.done.stderr
        shown: dict[str, Any] = json.loads(self.done.stdout)
        return shown

    @property
    def study(self) -> Study:
        return studies.opened(self.home, self.home.storage_url)

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(tracking_uri=self.home.tracking_uri)

    def mlflow(self) -> tuple[Run, dict[int, Run]]:
        """The study's run, and those of its trials by number."""
        (experiment,) = [each for each in self.client.search_experiments() if each.name == self.study.sweep.name]
        every = list(self.client.search_runs([experiment.experiment_id]))
        (parent,) = [run for run in every if "mlflow.parentRunId" not in run.data.tags]
        children = [run for run in every if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
        assert len(children) == len(every) - 1
        of_trial = {int(run.data.tags["lockstep.trial"]): run for run in children}
        assert len(of_trial) == len(children), "two runs of one trial"
        return parent, of_trial

    def curve(self, run: Run, name: str) -> list[tuple[int, float]]:
        return [(point.step, point.value) for point in self.client.get_metric_history(run.info.run_id, name)]


def ran(root: Path, source: str, *options: str, **variables: str) -> Ran:
    root.mkdir(exist_ok=True)
    mark, home = uuid4().hex, Home.at(root / "runs")
    arguments = ["run", source, "--root", str(home.root), "--json", *options]
    done = sweeps.tuning(*arguments, cwd=root, variables={"MARK": mark, **variables})
    return Ran(home, done, mark)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Eight trials in packs of two, on two workers."""
    root = tmp_path_factory.mktemp("tiny")
    return ran(root, sweeps.written(root), "--workers", "2", "--pack-size", "2")


def test_it_ends_well_and_prints_one_object_and_nothing_else(tiny: Ran) -> None:
    assert tiny.done.returncode == 0, tiny.done.stderr
    assert tiny.shown == tiny.study.view().as_json()
    # Progress, where there is no terminal: now and then a line of ours and nothing of the libraries'.
    assert all(line.startswith("tiny-1: ") for line in tiny.done.stderr.splitlines()), tiny.done.stderr


def test_nothing_of_it_lives_on(tiny: Ran) -> None:
    sweeps.awaited(lambda: not sweeps.processes(tiny.mark), 10, "all of its processes gone")


def test_all_trials_were_trained_in_full_and_the_default_came_first(tiny: Ran) -> None:
    shown = tiny.shown
    assert (shown["name"], shown["state"], shown["metric"], shown["direction"]) == (
        "tiny-1",
        "finished",
        SCORE,
        "maximize",
    )
    assert shown["counts"] == {"complete": 8, "pruned": 0, "failed": 0, "running": 0}
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


def test_mlflow_agrees_with_optuna(tiny: Ran) -> None:
    parent, of_trial = tiny.mlflow()
    frozen = {trial.number: trial for trial in tiny.study.optuna.get_trials()}
    assert of_trial.keys() == frozen.keys() == set(range(8))
    for number, run in of_trial.items():
        assert frozen[number].state == TrialState.COMPLETE
        assert run.data.params == {name: str(value) for name, value in frozen[number].params.items()}
        assert run.data.metrics["value"] == frozen[number].value == tiny.shown["trials"][number]["value"]
        assert run.info.run_id == tiny.shown["trials"][number]["run_id"]
    assert {run.info.status for run in (parent, *of_trial.values())} == {"FINISHED"}
    assert (parent.info.run_name, parent.data.metrics["value"]) == ("tiny-1", tiny.shown["best"]["value"])


def test_curves_have_their_points_at_the_steps_of_the_budget(tiny: Ran) -> None:
    _, of_trial = tiny.mlflow()
    for number, run in of_trial.items():
        for name in (SCORE, "train/loss", "train/gradient_norm", "train/learning_rate", "train/entropy"):
            assert [step for step, _ in tiny.curve(run, name)] == STEPS
        scores = tiny.curve(run, SCORE)
        best = max(value for _, value in scores)
        assert best == tiny.shown["trials"][number]["value"]
        assert tiny.curve(run, "value") == [next(point for point in scores if point[1] == best)]


def test_every_member_leaves_two_checkpoints_and_the_best_trials_theirs_in_mlflow(tiny: Ran) -> None:
    _, of_trial = tiny.mlflow()
    best = {trial["number"] for trial in sorted(tiny.shown["trials"], key=lambda trial: -trial["value"])[:5]}
    for number, run in of_trial.items():
        folder = tiny.home.member("tiny-1", number, 0)
        assert sorted(path.name for path in folder.iterdir()) == ["best.pt", "latest.pt"]
        files = [file.path for file in tiny.client.list_artifacts(run.info.run_id, "checkpoint")]
        assert files == (["checkpoint/best.pt"] if number in best else [])
    run_id, path = tiny.shown["best"]["run_id"], tiny.shown["best"]["checkpoint"]
    kept = tiny.client.download_artifacts(run_id, "checkpoint/best.pt")
    assert Path(kept).read_bytes() == Path(path).read_bytes()


def test_what_is_deployed_scores_what_its_trial_is_worth(tiny: Ran) -> None:
    for trial in tiny.shown["trials"]:
        path = tiny.home.member("tiny-1", trial["number"], 0) / "best.pt"
        best = checkpoint.read(path)
        assert best is not None
        config = Reinforce.loop.Config(**best["config"])
        assert config.learning_rate == trial["params"]["learning_rate"]
        assert mean_return(config, best) == pytest.approx(trial["value"])


def test_a_name_that_is_taken_is_refused_with_what_to_do_instead(tiny: Ran, tmp_path: Path) -> None:
    done = sweeps.tuning(
        "run", sweeps.written(tmp_path), "--root", str(tiny.home.root), "--name", "tiny-1", "--json", cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "tiny-1" in done.stderr
    assert "--name" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(tiny.study.view().trials) == 8


BREAKING = '''
import gymnasium

class Breaking(gymnasium.Env):
    """Earns a multiple of what it is given; without one it breaks in the third episode."""

    observation_space, action_space = gymnasium.spaces.Discrete(2), gymnasium.spaces.Discrete(2)

    def __init__(self, times=None):
        self._times, self._episodes = times, 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self._episodes += 1
        if self._times is None and self._episodes > 2:
            raise OSError("the robot's arm is off")
        return 0, {}

    def step(self, action):
        return 1, float(action * (self._times or 0)), True, False, {}

gymnasium.register("Breaking-v0", entry_point=Breaking)
'''
TROUBLE: dict[str, Any] = {
    "name": "trouble",
    "environment": "breaking:Breaking-v0",
    "trials": 9,
    "pack_size": 4,
    "tries": 1,
    "sampler": "random",
    "fixed": {"batch_size": 10, "hidden": [8], "reports": 4, "optimizer": "sgd", "reward_scale": 1e10},
    "search": {
        "learning_rate": {"choices": [1e-12, 1e30]},
        # The loop's default is neither of them, so the first trial breaks.
        "environment_args": {"choices": [{"times": 1}, {"times": 2}]},
    },
}


@pytest.fixture(scope="module")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Configurations of which some break their environment, some diverge and some do well."""
    root = tmp_path_factory.mktemp("trouble")
    (root / "breaking.py").write_text(BREAKING)
    return ran(root, sweeps.written(root, **TROUBLE), PYTHONPATH=str(root))


def test_an_environment_that_breaks_fails_its_own_trials_alone(trouble: Ran) -> None:
    assert trouble.done.returncode == 0, trouble.done.stderr
    assert (trouble.shown["state"], len(trouble.shown["trials"])) == ("finished", 9)
    default, *others = trouble.shown["trials"]
    assert (default["state"], default["value"]) == ("failed", None)
    assert {trial["state"] for trial in others} == {"complete", "pruned"}


def test_failures_are_told_in_our_words_alone(trouble: Ran) -> None:
    assert all(line.startswith("trouble-1: ") for line in trouble.done.stderr.splitlines()), trouble.done.stderr


def test_what_broke_is_said(trouble: Ran) -> None:
    (failed,) = [trial for trial in trouble.study.view().trials if trial.state == "failed"]
    assert "OSError: the robot's arm is off" in str(failed.reason)
    done = sweeps.tuning("show", "--root", str(trouble.home.root), cwd=trouble.home.root)
    assert "1 failed" in done.stdout


def test_a_configuration_that_diverges_says_when(trouble: Ran) -> None:
    pruned = [trial for trial in trouble.shown["trials"] if trial["state"] == "pruned"]
    assert pruned
    for trial in pruned:
        assert trial["value"] is None
        assert 0 <= trial["diverged_at"] == trial["steps"] < 200
        assert trial["params"]["learning_rate"] == 1e30
    others = [trial for trial in trouble.shown["trials"] if trial["state"] == "complete"]
    assert {trial["params"]["learning_rate"] for trial in others} == {1e-12}


def test_mlflow_tells_failed_from_diverged(trouble: Ran) -> None:
    _, of_trial = trouble.mlflow()
    states = {trial.number: trial for trial in trouble.study.view().trials}
    assert of_trial.keys() == states.keys()
    for number, run in of_trial.items():
        trial = states[number]
        expected = "diverged" if trial.diverged_at is not None else trial.state
        assert run.data.tags["lockstep.state"] == expected
        assert run.info.status == ("FINISHED" if expected == "complete" else "FAILED")
        assert run.data.tags.get("lockstep.diverged_at") == (
            None if trial.diverged_at is None else str(trial.diverged_at)
        )


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
    _, of_trial = sweep.mlflow()
    assert [step for step, _ in sweep.curve(of_trial[0], f"seed-1/{SCORE}")] == [50, 100]


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["number-match", "conjunction-risk", "cartpole-reinforce", "cartpole-dqn"])
def test_a_preset_runs_at_a_small_size(tmp_path: Path, preset: str) -> None:
    small = {"conjunction-risk": 10, "cartpole-dqn": 2_000}.get(preset, 3_000)
    sweep = ran(tmp_path, preset, "--trials", "4", "--set", f"budget={small}", "--set", "confirm=off")
    assert sweep.done.returncode == 0, sweep.done.stderr
    states = {trial["number"]: trial["state"] for trial in sweep.shown["trials"]}
    assert len(states) == 4
    assert "complete" in states.values()
    assert set(states.values()) <= {"complete", "pruned"}
    _, of_trial = sweep.mlflow()
    assert of_trial.keys() == states.keys()
    for trial in sweep.shown["trials"]:
        run = of_trial[trial["number"]]
        assert run.info.status == ("FINISHED" if trial["state"] == "complete" else "KILLED")
        assert run.data.metrics.get("value") == trial["value"]
        assert run.data.params == {name: str(value) for name, value in trial["params"].items()}


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
    view = runs.run(sweep, Home.at(tmp_path / "runs"))
    assert view.count("complete") == members
    noted = json.loads(seen.read_text())
    assert noted["gpus"]
    assert len(noted["devices"]) > 10
    assert set(noted["devices"]) == {"cuda"}
