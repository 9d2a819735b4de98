"""The Trainables driven by hand: what they report, interrupted, diverging, and handed what is wrong."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import ray
import torch
from flat_configs import FLAT, POLE, RISK, to_the_end

from trainables.base import checkpoint
from trainables.base.checkpoint import BEST, LATEST, CheckpointError
from trainables.loops.contract import trivial_answers
from trainables.messages import MemberRequest, PackRequest
from trainables.pack_training import PackTraining
from trainables.tune import DQN, TRAINABLES, PackTrainable, Supervised

TIMES = {"time_this_iter_s", "time_total_s", "timestamp", "date", "train_s", "time_since_restore"}
"""What two equal results may differ in."""


def learnt(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the results say of the training so far, without times and Tune's own counters.

    A report has its member's whole curve up to then, since the first one after a checkpoint tells all of it again.
    """
    kept, told = ("members", "steps", "best", "diverged", "diverged_at"), []
    curves: dict[int, dict[int, Any]] = {}
    for result in results:
        shown = {key: result[key] for key in result if key in kept or "/" in key}
        if "members" in shown:
            for place, report in enumerate(shown["members"]):
                curves.setdefault(place, {}).update(dict(report["points"]))
            shown["members"] = [{**each, "points": dict(curves[at])} for at, each in enumerate(shown["members"])]
        told.append(shown)
    return told


def assert_same(one: Any, other: Any, path: str = "") -> None:
    """Equal bit for bit, NaN equal to NaN."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key, value in one.items():
            assert_same(value, other[key], f"{path}.{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), path
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_same(left, right, f"{path}[{place}]")
    elif isinstance(one, torch.Tensor):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True, msg=lambda text: f"{path}: {text}")
    else:
        assert one == other or (one != one and other != other), path


def packed(loop: str, root: Path | None = None) -> dict[str, Any]:
    """A pack of three that differ in what they may; with a root each has a folder."""
    _, common = FLAT[loop]
    members: list[dict[str, Any]] = [
        {"seed": 3},
        {"seed": 5, "learning_rate": 3e-3, "schedule": {"cosine": {"floor": 0.1}}, "warmup": 0.1},
        {"seed": 8, "max_norm": 0.5},
    ]
    if root is not None:
        members = [{**member, "folder": str(root / str(place))} for place, member in enumerate(members)]
    return {**common, "members": members, "leg": "leg"}


@pytest.mark.parametrize(
    ("there", "of_ray", "lies_on"),
    [(True, None, "cuda"), (True, [0], "cuda"), (True, [], "cpu"), (False, None, "cpu"), (False, [], "cpu")],
)
def test_a_pack_lies_on_a_gpu_where_its_worker_has_one(
    monkeypatch: pytest.MonkeyPatch, there: bool, of_ray: list[int] | None, lies_on: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(ray, "is_initialized", lambda: of_ray is not None)
    monkeypatch.setattr(ray, "get_gpu_ids", lambda: of_ray)
    devices: list[str] = []

    class Noting(DQN.loop):
        def __init__(self, configs: Sequence[Any], device: torch.device) -> None:
            devices.append(device.type)

    type("Worker", (PackTrainable,), {"loop": Noting})(POLE)
    assert devices == [lies_on]


FEW, MORE, MANY = 1_000, 30_000, 300_000  # environment steps: of 0, 14,500 and 149,500 updates


@pytest.mark.parametrize(
    ("given", "members", "size", "computed"),
    [
        ({"budget": MORE}, 2, 8, 8),
        ({"budget": MORE}, 5, None, 6),
        ({"budget": MORE}, 10, 10, 10),
        ({"budget": MORE}, 10, 16, 16),
        ({"budget": MORE}, 10, 32, 12),
        ({"budget": MORE}, 13, 10, 16),
        ({"budget": MANY}, 10, 10, 10),
        ({"budget": MANY}, 2, 8, 2),
        ({"budget": MANY}, 5, 8, 6),
        ({"budget": FEW}, 5, 8, 6),
        ({"budget": FEW, "compile": "always"}, 5, 8, 8),
        ({"budget": MORE, "compile": "never"}, 5, 8, 6),
        ({"budget": MORE, "environment": "Acrobot-v1"}, 5, 8, 6),
        ({"budget": MORE, "backend": "gymnasium"}, 5, 8, 6),
    ],
)
def test_a_pack_that_is_left_over_is_filled_up_where_no_size_of_its_own_pays(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], members: int, size: int | None, computed: int
) -> None:
    monkeypatch.setenv("CXX", "sh")  # so that the rule is the same where there is no compiler
    made: list[int] = []

    class Counting(DQN.loop):
        def __init__(self, configs: Sequence[Any], device: torch.device) -> None:
            made.append(len(configs))

    worker = type("Worker", (PackTrainable,), {"loop": Counting})
    common = {"environment": "CartPole-v1", **given, "leg": "leg"}
    worker({**common, "members": [{"seed": seed} for seed in range(members)], **({"full_pack": size} if size else {})})
    assert made == [computed]


@pytest.mark.parametrize("loop", FLAT)
def test_a_flat_config_reports_flat_metrics(loop: str) -> None:
    trainable, config = FLAT[loop]
    results = to_the_end(trainable(config))
    assert len(results) == 4
    assert [result["steps"] for result in results] == [config["budget"] * part // 4 for part in (1, 2, 3, 4)]
    assert [result["done"] for result in results] == [False, False, False, True]
    for result in results:
        assert "members" not in result
        assert math.isfinite(result[trainable.loop.score])
        assert (result["diverged"], result["diverged_at"]) == (False, None)
    sign = 1 if trainable.loop.direction == "maximize" else -1
    scores = [result[trainable.loop.score] for result in results]
    assert results[-1]["best"] == sign * max(sign * score for score in scores)


@pytest.mark.parametrize("loop", FLAT)
def test_members_make_a_pack_and_each_trains_as_it_would_alone(loop: str) -> None:
    trainable, config = FLAT[loop]
    pack = packed(loop)
    together = to_the_end(trainable(pack))
    direction = max if trainable.loop.direction == "maximize" else min
    for place, member in enumerate(pack["members"]):
        alone = to_the_end(trainable({**config, **member}))
        for one, many in zip(alone, together, strict=True):
            report = many["members"][place]
            assert report["steps"] == one["steps"]
            for name, value in report["points"][-1][1].items():
                assert one[name] == pytest.approx(value, rel=1e-3, abs=1e-5), name
    for result in together:
        last = [report["points"][-1][1][trainable.loop.score] for report in result["members"]]
        assert result[trainable.loop.score] == direction(last)


@pytest.mark.parametrize("loop", FLAT)
def test_a_leg_killed_midway_ends_as_one_that_was_not(loop: str, tmp_path: Path) -> None:
    trainable = type("SavesEachTime", (FLAT[loop][0],), {"save_every_s": -1.0})
    whole = to_the_end(trainable(packed(loop, tmp_path / "whole")))
    first = trainable(packed(loop, tmp_path / "cut"))
    before = [first.train(), first.train()]
    del first
    after = to_the_end(trainable(packed(loop, tmp_path / "cut")))
    assert_same(learnt(before + after), learnt(whole))
    for place in ("0", "1", "2"):
        for name in (LATEST, BEST):
            one, other = (checkpoint.read(tmp_path / which / place / name) for which in ("whole", "cut"))
            assert one is not None
            assert_same(one, other)


@pytest.mark.parametrize("loop", FLAT)
def test_tunes_own_checkpoints_lead_to_the_same_end(loop: str, tmp_path: Path) -> None:
    trainable, config = FLAT[loop]
    for number, each in enumerate((config, packed(loop))):
        whole = trainable(each)
        results = [whole.train(), whole.train()]
        folder = tmp_path / f"{number}"
        whole.save_checkpoint(str(folder))
        restored = trainable(each)
        restored.load_checkpoint(str(folder))
        assert_same(learnt(to_the_end(restored)), learnt(results + to_the_end(whole))[2:])
        assert len(results) == 2


def test_a_checkpoint_of_fewer_members_is_refused(tmp_path: Path) -> None:
    one = Supervised(RISK)
    one.train()
    one.save_checkpoint(str(tmp_path))
    with pytest.raises(CheckpointError, match="3 members"):
        Supervised(packed("supervised")).load_checkpoint(str(tmp_path))


def test_one_of_a_population_goes_on_from_anothers_weights_with_settings_of_its_own(tmp_path: Path) -> None:
    good, poor = Supervised({**RISK, "learning_rate": 0.01}), Supervised({**RISK, "learning_rate": 0.1, "seed": 1})
    good.train()
    poor.train()
    good.save_checkpoint(str(tmp_path / "good"))
    assert poor.reset_config({**RISK, "learning_rate": 0.02, "seed": 1})
    poor.load_checkpoint(str(tmp_path / "good"))
    poor.save_checkpoint(str(tmp_path / "poor"))
    taken, given = (checkpoint.read(tmp_path / name / "member-000" / LATEST) for name in ("poor", "good"))
    assert taken is not None
    assert given is not None
    assert_same(taken["state"], given["state"])
    result = poor.train()
    assert (result["steps"], result["train/learning_rate"]) == (2, pytest.approx(0.02))


def test_a_worker_begins_the_next_config_as_if_it_were_its_first() -> None:
    reused = Supervised({**RISK, "hidden": [4], "seed": 9})
    to_the_end(reused)
    assert reused.reset_config(RISK)
    # Tune counts on over the configs of a worker and takes `done` from the result alone.
    assert_same(learnt(to_the_end(reused)), learnt(to_the_end(Supervised(RISK))))


@pytest.mark.parametrize("loop", FLAT)
def test_a_leg_stops_where_it_should_and_the_next_goes_on_to_the_full_budget(loop: str, tmp_path: Path) -> None:
    trainable, config = FLAT[loop]
    whole = to_the_end(trainable(packed(loop, tmp_path / "whole")))
    first = to_the_end(trainable({**packed(loop, tmp_path / "legs"), "until": config["budget"] // 2}))
    second = to_the_end(trainable({**packed(loop, tmp_path / "legs"), "until": config["budget"]}))
    assert (len(first), len(second)) == (2, 2)
    assert_same(learnt(first + second), learnt(whole))


def test_a_leg_that_was_finished_already_has_nothing_left_to_train(tmp_path: Path) -> None:
    config = packed("supervised", tmp_path)
    last = to_the_end(Supervised(config))[-1]
    (again,) = to_the_end(Supervised(config))
    reports = [{**report, "points": []} for report in last["members"]]
    assert [{**report, "points": []} for report in again["members"]] == reports
    assert again[Supervised.loop.score] == last[Supervised.loop.score]


@pytest.mark.parametrize("loop", FLAT)
def test_a_worker_that_is_asked_says_at_first_what_trivial_answers_score(loop: str) -> None:
    trainable, config = FLAT[loop]
    for asked in (False, True):
        request = PackRequest([MemberRequest(config)], trivial=asked)
        pack = PackTraining(trainable.loop, request, torch.device("cpu"), 20.0)
        said = [pack.report().trivial, pack.report().trivial]
        assert said == [trivial_answers(trainable.loop, trainable.loop.Config(**config)) if asked else None, None]
        pack.close()


def test_a_loop_that_can_not_say_it_is_trained_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    def say(config: Any) -> Any:
        raise OSError("the disk is gone")

    loop = type("Mute", (Supervised.loop,), {"trivial": staticmethod(say)})
    pack = PackTraining(loop, PackRequest([MemberRequest(RISK)], trivial=True), torch.device("cpu"), 20.0)
    said = pack.report()
    assert said.trivial == []
    assert said.members[0].error is None
    assert "the disk is gone" in caplog.text


RECKLESS = {"learning_rate": 1e30}
WILD = {
    "dqn": {**RECKLESS, "reward_scale": 1e30},
    "reinforce": {**RECKLESS, "reward_scale": 1e30},
    "supervised": RECKLESS,
}
"""Tunable settings under which plain gradient descent does not stay finite for long."""


@pytest.mark.parametrize("loop", FLAT)
def test_a_diverging_flat_trial_reports_a_finite_metric_and_is_done(loop: str) -> None:
    trainable, config = FLAT[loop]
    results = to_the_end(trainable({**config, **WILD[loop], "optimizer": "sgd"}))
    last = results[-1]
    assert len(results) < 4
    assert (last["diverged"], last["done"]) == (True, True)
    assert 0 <= last["diverged_at"] < config["budget"]
    assert last["steps"] == last["diverged_at"]
    assert all(math.isfinite(result[trainable.loop.score]) for result in results)


@pytest.mark.parametrize("loop", FLAT)
def test_a_diverging_member_leaves_its_pack_as_it_would_be_without_it(loop: str) -> None:
    trainable, _ = FLAT[loop]
    common = {**packed(loop), "optimizer": "sgd"}
    calm = to_the_end(trainable(common))
    mixed = to_the_end(trainable({**common, "members": [*common["members"], {**WILD[loop], "seed": 11}]}))
    assert mixed[-1]["members"][3]["diverged_at"] is not None
    assert mixed[-1]["members"][3]["reason"]
    assert len(mixed) == len(calm)
    for one, other in zip(calm, mixed, strict=True):
        for alone, beside in zip(one["members"], other["members"][:3], strict=True):
            assert beside["diverged_at"] is None
            assert beside["points"][-1][1] == pytest.approx(alone["points"][-1][1], rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({**RISK, "learning_rat": 0.1}, "learning_rat"),
        ({**RISK, "learning_rate": -1}, "learning_rate"),
        ({**RISK, "schedule": {"cosine": {"flor": 0.1}}}, "flor"),
        ({**RISK, "members": [{"seed": 1}, {"sede": 2}]}, "sede"),
        ({**RISK, "members": [{"seed": 1}, {"hidden": [4]}]}, "members"),
        ({key: value for key, value in RISK.items() if key != "budget"}, "budget"),
        ({**RISK, "data": "no-such-data"}, "no-such-data"),
        ({**RISK, "batch_size": 5_000}, "batch_size"),
    ],
)
def test_what_is_wrong_with_a_config_is_named(config: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Supervised(config)


def test_every_loop_has_a_trainable_of_its_name() -> None:
    assert TRAINABLES.keys() == FLAT.keys()
    assert all(TRAINABLES[name].loop is trainable.loop for name, (trainable, _) in FLAT.items())


def test_a_flat_config_that_has_stopped_early_ends_with_what_it_had_last(tmp_path: Path) -> None:
    results = to_the_end(Supervised({**RISK, "budget": 40, "reports": 40, "learning_rate": 1e-30, "patience": 2}))
    assert [result["steps"] for result in results] == [1, 2, 3, 3]
    assert results[-1]["validation/loss"] == results[-2]["validation/loss"] == results[-1]["best"]


def test_a_pack_that_has_stopped_early_ends_its_leg_at_once_and_goes_on_with_others(tmp_path: Path) -> None:
    common = {**RISK, "budget": 40, "reports": 40, "learning_rate": 1e-30, "until": 20}
    still, going = ({**common, "members": [{"folder": str(tmp_path / name)}]} for name in ("still", "going"))
    results = to_the_end(Supervised({**still, "patience": 2}))
    assert len(results) < 6
    assert (results[-1]["members"][0]["steps"], results[-1]["members"][0]["stopped_at"]) == (3, 3)
    to_the_end(Supervised({**going, "patience": 30}))

    members = [{**still["members"][0], "patience": 2}, {**going["members"][0], "patience": 30}]
    both = to_the_end(Supervised({**common, "until": 40, "members": members}))
    assert [member["steps"] for member in both[-1]["members"]] == [3, 31]
    assert [len(member["points"]) for member in both[0]["members"]] == [3, 21]
