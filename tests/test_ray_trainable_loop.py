"""Trainables of Ray Tune that know nothing of ours, as loops of one member: driven, interrupted, and failing."""

import json
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import legs_by_hand
import numpy as np
import pytest
import ray
import sweeps
from climbing import Climber, climb
from ray import tune

from trainables import ray_trainable_loop
from trainables.base import checkpoint
from trainables.base.checkpoint import BEST, LATEST
from trainables.base.own_classes import Unimportable
from trainables.loops.registry import loop_of
from trainables.tune import PackTrainable, trainable_of
from tuning import runner
from tuning.errors import SweepError
from tuning.search.packing import trials_in_pack
from tuning.study.paths import Home
from tuning.sweep.dimensions import FloatRange, IntRange
from tuning.sweep.loading import load
from tuning.sweep.model import Sweep
from tuning.sweep.sections import Confirm
from tuning.workers.team import Team

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


@pytest.fixture(scope="module", autouse=True)
def ray_session() -> Iterator[None]:
    """Tune's own place for checkpoints needs one."""
    with pytest.MonkeyPatch.context() as patch:
        # As a person has it who runs the examples where they are.
        patch.setenv("PYTHONPATH", str(EXAMPLES), prepend=os.pathsep)
        ray.init(
            address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, object_store_memory=100 * 2**20
        )
        yield
        ray.shutdown()


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tune moves its trainables to a folder of their own."""
    monkeypatch.setenv("RAY_CHDIR_TO_TRIAL_DIR", "0")


def counts(config: dict[str, Any]) -> None:
    """Reports without checkpoints."""
    for number in range(config["budget"]):
        tune.report({"score": float(-abs(number - config["peak"]))})


def pauses(config: dict[str, Any]) -> None:
    """Has a checkpoint after every third report alone."""
    begin = 0
    if kept := tune.get_checkpoint():
        with kept.as_directory() as folder:
            begin = json.loads((Path(folder) / "deep" / "number.json").read_text())
    for number in range(begin, config["budget"]):
        score = {"score": float(-abs(number - config["peak"])), "begun": float(begin)}
        if number % 3 == 2:
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "deep").mkdir()
                (Path(folder) / "deep" / "number.json").write_text(json.dumps(number + 1))
                tune.report(score, checkpoint=tune.Checkpoint.from_directory(folder))
        else:
            tune.report(score)


def returns_early(config: dict[str, Any]) -> dict[str, float]:
    tune.report({"score": 1.0})
    return {"score": 2.0}


def is_lost(config: dict[str, Any]) -> None:
    tune.report({"score": 1.0})
    tune.report({"score": math.nan})
    raise AssertionError("nobody goes on with this")


def breaks(config: dict[str, Any]) -> None:
    tune.report({"score": 1.0})
    raise ValueError("out of\nluck")


def speaks_of_others(config: dict[str, Any]) -> None:
    for _ in range(config["budget"]):
        tune.report({"loss": 1.0, "accuracy": 0.5})


def takes_two(config: dict[str, Any], other: int) -> None: ...


class Closes(tune.Trainable):
    """Is done by itself, keeps no checkpoints and counts how often it is closed."""

    closed = 0

    def setup(self, config: dict[str, Any]) -> None:
        if config.get("broken"):
            raise OSError("no such camera")

    def step(self) -> dict[str, Any]:
        return {"score": float(self.iteration), "done": self.iteration == 3}

    def cleanup(self) -> None:
        type(self).closed += 1


def pack(name: str, folder: Path | None = None, score: str = "score", **config: Any) -> PackTrainable:
    """A pack of one, as a leg of a sweep has it, that saves what it has after each report."""
    member = {"budget": 8, "seed": 1, **config, **({"folder": str(folder)} if folder else {})}
    trainable = trainable_of(f"test_ray_trainable_loop:{name}", score, "maximize")
    return type("SavesEachTime", (trainable,), {"save_every_s": -1.0})({"members": [member], "leg": "leg"})


def to_the_end(trainable: PackTrainable) -> list[dict[str, Any]]:
    """The reports that are left."""
    reports = []
    while not (result := trainable.train())["done"]:
        reports += result["members"]
    trainable.stop()
    return [*reports, *result["members"]]


def points(reports: list[dict[str, Any]]) -> dict[int, dict[str, float]]:
    """The curve that some reports tell, the later ones over the earlier."""
    return {steps: metrics for report in reports for steps, metrics in report["points"]}


CLIMB = {"start": 0.0, "step": 0.5}


@pytest.mark.parametrize("name", ["Climber", "climb"])
def test_every_iteration_is_a_point_and_the_best_is_kept(name: str, tmp_path: Path) -> None:
    reports = to_the_end(pack(name, tmp_path, "height", **CLIMB))
    assert [report["steps"] for report in reports] == list(range(1, 9))
    curve = points(reports)
    assert [*curve] == list(range(1, 9))
    assert all(metrics.keys() == {"height", "x"} for metrics in curve.values())
    assert all(metrics["height"] == pytest.approx(-((metrics["x"] - 3) ** 2)) for metrics in curve.values())
    first = min(steps for steps, metrics in curve.items() if metrics["height"] == curve[8]["height"])
    assert (reports[-1]["best"], reports[-1]["best_steps"]) == (curve[8]["height"], first)
    best = checkpoint.read(tmp_path / BEST)
    assert best is not None
    assert best["score"] == {"name": "height", "value": curve[8]["height"], "steps": first}
    assert best["files"]


@pytest.mark.parametrize("name", ["Climber", "climb", "counts", "pauses"])
@pytest.mark.parametrize("after", [1, 4])
def test_one_that_is_killed_ends_as_one_that_was_not(name: str, after: int, tmp_path: Path) -> None:
    config = {**CLIMB, "peak": 5, "score": "height" if name.lower().startswith("climb") else "score"}
    whole = to_the_end(pack(name, tmp_path / "whole", **config))
    cut = pack(name, tmp_path / "cut", **config)
    for _ in range(after):
        cut.train()
    cut.stop()
    reports = to_the_end(pack(name, tmp_path / "cut", **config))
    assert [report["steps"] for report in reports] == list(range(after + 1, 9))
    curve = points(reports)
    assert [*curve] == list(range(1, 9))
    assert all({**metrics, "begun": 0} == {**points(whole)[steps], "begun": 0} for steps, metrics in curve.items())
    assert (reports[-1]["best"], reports[-1]["best_steps"]) == (whole[-1]["best"], whole[-1]["best_steps"])
    if name == "pauses":
        assert curve[8]["begun"] == (0 if after < 3 else 3)


def test_the_files_of_the_best_are_those_reported_with_it(tmp_path: Path) -> None:
    for peak, expected in ((5, {"deep/number.json": b"6"}), (4, {})):
        to_the_end(pack("pauses", tmp_path / str(peak), peak=peak))
        best = checkpoint.read(tmp_path / str(peak) / BEST)
        assert best is not None
        assert {name: content.numpy().tobytes() for name, content in best["files"].items()} == expected


def test_a_worker_trains_one_after_the_other(tmp_path: Path) -> None:
    worker = pack("climb", tmp_path / "0", "height", **CLIMB)
    worker.train()
    for seed in (2, 3):
        member = {"budget": 3, "seed": seed, **CLIMB, "folder": str(tmp_path / str(seed))}
        assert worker.reset_config({"members": [member], "leg": "leg"})
        results = [worker.train() for _ in range(3)]
        assert [result["done"] for result in results] == [False, False, True]
    worker.stop()
    first, second = (checkpoint.read(tmp_path / name / LATEST) for name in ("2", "3"))
    assert first is not None
    assert second is not None
    assert first["report"]["best"] != second["report"]["best"]


def test_one_that_ends_by_itself_is_done(tmp_path: Path) -> None:
    Closes.closed = 0
    reports = to_the_end(pack("Closes"))
    assert (reports[-1]["steps"], reports[-1]["stopped_at"], reports[-1]["best"]) == (4, 4, 3.0)
    assert Closes.closed == 1
    reports = to_the_end(pack("returns_early", tmp_path))
    assert (reports[-1]["steps"], reports[-1]["stopped_at"], reports[-1]["best"]) == (2, 2, 2.0)
    again = to_the_end(pack("returns_early", tmp_path))
    assert (again[-1]["steps"], again[-1]["best"], again[-1]["error"]) == (2, 2.0, None)


def test_a_score_that_is_not_finite_is_divergence() -> None:
    reports = to_the_end(pack("is_lost"))
    assert (reports[-1]["diverged_at"], reports[-1]["reason"]) == (2, "score is not finite")
    assert (reports[-1]["best"], reports[-1]["steps"]) == (1.0, 2)


@pytest.mark.parametrize(
    ("name", "config", "error"),
    [
        ("breaks", {}, "ValueError: out of luck"),
        ("Closes", {"broken": True}, "OSError: no such camera"),
        ("speaks_of_others", {}, "metric: the results have no score; they have loss, accuracy"),
    ],
)
def test_one_that_fails_says_why(name: str, config: dict[str, Any], error: str, tmp_path: Path) -> None:
    reports = to_the_end(pack(name, tmp_path, **config))
    assert reports[-1]["error"].startswith(error)
    assert error.splitlines()[0] in (tmp_path / checkpoint.ERROR).read_text().replace("\n", " ")


def test_more_members_than_one_are_refused() -> None:
    with pytest.raises(ValueError, match="trains one at a time, not 2"):
        trainable_of("climbing:Climber", "height")({"members": [{"budget": 3}, {"budget": 3}]})


def test_the_numbers_of_a_result_are_its_metrics() -> None:
    result = {
        "loss": np.float32(0.5),
        "count": 3,
        "good": True,
        "name": "x",
        "nested": {"deep": {"value": np.int64(2)}, "training_iteration": 4},
        "training_iteration": 7,
        "done": False,
        "time_total_s": 1.0,
        "config": {"lr": 1.0},
    }
    assert ray_trainable_loop.numbers_of(result) == {
        "loss": 0.5,
        "count": 3.0,
        "nested/deep/value": 2.0,
        "nested/training_iteration": 4.0,
    }


def test_a_trainable_is_a_loop_by_its_name() -> None:
    assert loop_of("climbing:Climber") is ray_trainable_loop.of(Climber)
    assert loop_of("climbing:climb") is ray_trainable_loop.of(climb)
    with pytest.raises(Unimportable, match="a function should take one argument, its config"):
        loop_of("test_ray_trainable_loop:takes_two")


@pytest.mark.parametrize("trainable", ["Climber", "climb"])
def test_the_examples_run_as_a_sweep_and_are_confirmed(trainable: str, runs: Path) -> None:
    """On the Ray that is there already, which a `tuning run` would begin for itself; confirmed in this process."""
    changes = [f"loop=climbing:{trainable}", "trials=4", "confirm=off"]
    sweep = load(str(EXAMPLES / "climbing.yaml"), changes)
    found = runner.run(sweep, Home.at(runs), hire=lambda wanted, address: nullcontext(Team(1, 1, 0))).as_json()
    assert found["state"] == "finished"
    assert found["counts"]["failed"] == 0
    assert sum(found["counts"].values()) == 4
    assert found["default"] is None
    assert -9 <= found["best"]["value"] <= 0
    study, hire = sweeps.opened(runs), legs_by_hand.ByHand(trains=True)
    confirmation = runner.confirm(study, Confirm(top=1, seeds=2), hire=hire).confirmation
    assert confirmation is not None
    (candidate,) = confirmation.candidates
    assert [-9 <= score <= 0 for score in candidate.scores if score is not None] == [True, True]
    best = checkpoint.read(Path(found["best"]["checkpoint"]))
    assert best is not None
    assert best["score"]["value"] == pytest.approx(found["best"]["value"])
    assert best["files"]


SWEEP: dict[str, Any] = {
    "name": "climbing",
    "loop": "climbing:Climber",
    "metric": "height",
    "direction": "maximize",
    "budget": 9,
    "fixed": {"start": 0.0, "environment": "any", "features": ["any"]},
    "search": {"step": {"low": 0.1, "high": 10, "log": True}, "data": {"low": 1, "high": 3}, "way": {"choices": [1]}},
}


def problems(**changes: Any) -> dict[str, str]:
    with pytest.raises(SweepError) as raised:
        Sweep.model_validate({key: value for key, value in {**SWEEP, **changes}.items() if value is not None})
    return {problem.key_path: problem.message for problem in raised.value.problems}


def test_a_sweep_may_turn_any_name() -> None:
    search = {**SWEEP["search"], "way": {"choices": ["up", None, [1, 2]]}}
    sweep = Sweep.model_validate({**SWEEP, "search": search})
    assert isinstance(sweep.search["step"], FloatRange)
    assert isinstance(sweep.search["data"], IntRange)
    config = sweep.config({"step": 0.5, "data": 2, "way": None}, seed=3)
    told = {**SWEEP["fixed"], "step": 0.5, "data": 2, "way": None, "budget": 9, "seed": 3}
    assert config.model_dump(mode="json") == told
    assert Sweep.model_validate(sweep.model_dump(mode="json")) == sweep
    assert trials_in_pack(sweep, 4) == 1


def test_a_grid_has_its_points_alone() -> None:
    search = {"step": {"choices": [0.1, 1.0]}, "way": {"low": 1, "high": 3}}
    assert Sweep.model_validate({**SWEEP, "search": search, "sampler": "grid"}).trials == 6


def test_what_is_wrong_with_a_sweep_is_said() -> None:
    found = problems(
        metric=None,
        seeds=3,
        environment="CartPole-v1",
        search={"seed": {"low": 1, "high": 3}, "folder": {"choices": [1, 2]}, "step": {"low": 2.0, "high": 1}},
    )
    assert found.keys() == {"metric", "seeds", "environment", "search.seed", "search.folder", "search.step"}
    assert found["metric"] == "is missing: should be one of those that climbing:Climber reports"
    assert found["seeds"] == "should be 1 or left out: climbing:Climber trains one member at a time"
    assert found["environment"] == "climbing:Climber takes any setting: should stand under fixed"
    assert problems(direction=None)["direction"] == "is missing: should be maximize or minimize"
    assert "nobody knows what climbing:Climber does by default" in problems(default={"step": 0.1})["default"]
    assert problems(fixed={"budget": 3})["fixed.budget"].startswith("has no place here")
