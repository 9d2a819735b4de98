"""Supervised regression: a plain loop to compare with, epochs, scaling, and the accuracy that few epochs must reach."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from loop_cases import predicted
from torch import nn
from torch.nn.functional import mse_loss

from trainables.base import random_streams
from trainables.base.random_streams import Purpose
from trainables.data import datasets
from trainables.data.datasets import Source
from trainables.loops.supervised import SupervisedConfig, SupervisedLoop
from trainables.networks import networks
from trainables.networks.specs import MLP

CPU = torch.device("cpu")


def begin(*members: dict[str, Any], **common: Any) -> SupervisedLoop:
    fields = {"compile": "never", "hidden": (8,), "batch_size": 400, **common}
    return SupervisedLoop([SupervisedConfig(**(fields | member)) for member in members or ({},)], CPU)


class TestEqualToAPlainLoop:
    """The same training as anyone would write it: one network, torch's optimizer and scheduler."""

    SPEC, EPOCHS = MLP(4, 1, (8,)), 3

    @pytest.mark.parametrize(("standardise", "targets"), [(True, True), (True, False), (False, True)])
    @pytest.mark.parametrize(("seed", "batch_size", "max_norm"), [(1, 160, 0.05), (2, 170, 10.0)])
    def test_epoch_by_epoch(
        self, standardise: bool, targets: bool, seed: int, batch_size: int, max_norm: float
    ) -> None:
        (report,) = begin(
            seed=seed,
            batch_size=batch_size,
            max_norm=max_norm,
            budget=self.EPOCHS,
            learning_rate=0.01,
            schedule="cosine",
            standardise=standardise,
            standardise_targets=targets,
        ).train(self.EPOCHS)
        expected = self.plain(seed, batch_size, max_norm, standardise, targets)
        found = [{name: metrics[name] for name in expected[0]} for _, metrics in report.points]
        # What else there is are instruments.
        shown = [{name: point[name] for name in each} for point, each in zip(found, expected, strict=True)]
        assert shown == [pytest.approx(each, rel=1e-3) for each in expected]

    def plain(
        self, seed: int, batch_size: int, max_norm: float, standardise: bool, standardise_targets: bool
    ) -> list[dict[str, float]]:
        data = datasets.load(Source("conjunction-risk"))
        features, held_out = data.train_features, data.validation_features
        if standardise:
            mean, deviation = features.mean(0), features.std(0)
            features, held_out = (features - mean) / deviation, (held_out - mean) / deviation
        middle, unit = 0.0, 1.0
        if standardise_targets:
            middle, unit = data.train_targets.mean(), data.train_targets.std()
        inputs, targets, unseen, truth = (
            torch.tensor(each, dtype=torch.float32)
            for each in (features, (data.train_targets - middle) / unit, held_out, data.validation_targets)
        )
        network, batches = self.SPEC.build(), len(inputs) // batch_size
        network.load_state_dict(networks.initial(self.SPEC, random_streams.integer(seed, Purpose.WEIGHTS)))
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.EPOCHS * batches)
        shuffling = random_streams.Uniforms([seed], Purpose.SAMPLING, len(inputs))
        shown, best = [], (float("inf"), 0)
        for epoch in range(self.EPOCHS):
            order, losses, norms, rate = np.argsort(shuffling.at(np.array([epoch]))[0]), [], [], 0.0
            network.train()
            for batch in range(batches):
                chosen = torch.from_numpy(order[batch * batch_size : (batch + 1) * batch_size])
                optimizer.zero_grad()
                loss = mse_loss(network(inputs[chosen]), targets[chosen])
                loss.backward()
                norms.append(nn.utils.clip_grad_norm_(network.parameters(), max_norm).item())
                rate = optimizer.param_groups[0]["lr"]
                optimizer.step()
                scheduler.step()
                losses.append(loss.item() * unit**2)
            network.eval()
            with torch.no_grad():
                validation = mse_loss(network(unseen) * unit + middle, truth).item()
            best = min(best, (validation, epoch + 1))
            shown.append(
                {
                    "train/loss": float(np.mean(losses)),
                    "train/gradient_norm": float(np.mean(norms)),
                    "train/clipped_share": float(np.mean([norm > max_norm for norm in norms])),
                    "train/learning_rate": rate,
                    "validation/loss": validation,
                    "validation/best_loss": best[0],
                    "validation/best_epoch": float(best[1]),
                }
            )
        return shown


def test_a_point_for_every_epoch_wherever_the_reports_are() -> None:
    loop = begin(budget=5)
    assert [steps for steps, _ in loop.train(2)[0].points] == [1, 2]
    assert [steps for steps, _ in loop.train(5)[0].points] == [3, 4, 5]
    assert loop.train(5)[0].points == []


@pytest.mark.parametrize(("batch_size", "updates"), [(1_600, 1), (801, 1), (800, 2), (300, 5), (16, 100)])
def test_a_short_last_batch_is_left_out(batch_size: int, updates: int) -> None:
    loop = begin(budget=2, batch_size=batch_size)
    loop.train(1)
    assert loop.state()[0]["learner"]["updates"] == updates


def test_a_batch_larger_than_the_data_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^batch_size: 1601 is more than the 1600 samples to train on$"):
        begin(budget=2, batch_size=1_601)


def test_an_unknown_data_set_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match="there is no data set 'conjunction-rsk'; did you mean conjunction-risk"):
        begin(budget=2, data="conjunction-rsk")


def test_the_scaling_that_a_network_needs_is_deployed_with_it() -> None:
    features = datasets.load(Source("conjunction-risk")).train_features
    scaled, plain = (begin(budget=1, standardise=each).best()[0]["inputs"] for each in (True, False))
    assert scaled["mean"] == pytest.approx(features.mean(0).tolist())
    assert scaled["deviation"] == pytest.approx(features.std(0).tolist())
    assert (plain["mean"], plain["deviation"]) == ([0.0] * 4, [1.0] * 4)


def test_members_see_the_same_data_whatever_their_seed_and_another_with_another_data_seed() -> None:
    # At a rate of nearly nothing the loss is that of the initial weights, on all of the data.
    fields = {"budget": 1, "learning_rate": 1e-30, "batch_size": 1_600, "seed": 1}
    one, same, other = (begin(**fields, data_seed=data_seed).train(1)[0].points for data_seed in (0, 0, 1))
    assert one == same != other
    first, second = begin({"seed": 1}, {"seed": 2}, **(fields | {"seed": 0})).train(1)
    assert first.points == [(1, pytest.approx(one[0][1], rel=1e-5, abs=1e-6))]
    assert second.points != first.points


def test_few_epochs_tell_a_dangerous_approach_from_a_safe_one() -> None:
    loop = begin(seed=0, budget=8, hidden=(64, 64), batch_size=160, learning_rate=0.01)
    loop.train(8)
    (best,), approaches = loop.best(), np.array([[12.0, 0.3, 0.9, 2.0], [2.0, 4.5, 0.5, 20.0]])
    high, low = predicted(best, approaches)[:, 0].tolist()
    assert high == pytest.approx(0.9698, abs=0.1)
    assert low == pytest.approx(7.1e-6, abs=0.1)


STILL = {"learning_rate": 1e-30}
"""Never better than in the first epoch."""


class TestEarlyStopping:
    """A member whose validation loss does not improve for `patience` epochs is finished, and the others go on."""

    def test_the_report_says_when_and_what_was_best(self) -> None:
        patient, stopped, other = begin(
            {"seed": 1}, {**STILL, "patience": 2}, {"seed": 3, "patience": 5}, budget=5
        ).train(5)
        assert (stopped.steps, stopped.stopped_at, stopped.best_steps) == (3, 3, 1)
        assert stopped.best == pytest.approx(stopped.points[0][1]["validation/loss"])
        assert [steps for steps, _ in stopped.points] == [1, 2, 3]
        for report in (patient, other):
            assert (report.steps, report.stopped_at, len(report.points)) == (5, None, 5)

    def test_a_better_epoch_begins_the_count_anew(self) -> None:
        # Overshooting by far: the loss falls for a while, then rises for good.
        (report,) = begin(seed=1, budget=30, learning_rate=0.5, patience=3).train(30)
        losses = [metrics["validation/loss"] for _, metrics in report.points]
        best = losses.index(min(losses)) + 1
        assert report.best_steps == best
        assert report.stopped_at == report.steps == best + 3 == len(losses)

    def test_others_never_notice_and_the_stopped_stays_as_it_is(self) -> None:
        pair = begin({"seed": 1}, {**STILL, "seed": 2, "patience": 1}, budget=4)
        pair.train(2)
        frozen = pair.state()[1]["learner"]
        found = pair.train(4)[0]
        torch.testing.assert_close(pair.state()[1]["learner"], frozen, rtol=0, atol=0)
        alone = begin({"seed": 1}, budget=4)
        alone.train(2)
        assert found.points[-1][1] == pytest.approx(alone.train(4)[0].points[-1][1], rel=1e-4)

    def test_a_pack_that_has_stopped_trains_no_further_and_can_be_resumed(self) -> None:
        members = [{**STILL, "patience": 1}, {**STILL, "patience": 2}]
        loop = begin(*members, budget=6)
        first = loop.train(5)
        assert [report.stopped_at for report in first] == [2, 3]
        resumed = begin(*members, budget=6)
        resumed.load(loop.state())
        for report, before in zip(resumed.train(6), first, strict=True):
            assert (report.points, report.steps, report.stopped_at) == ([], before.steps, before.stopped_at)
            assert (report.best, report.best_steps) == (before.best, before.best_steps)

    def test_divergence_is_no_stopping(self) -> None:
        (report,) = begin(learning_rate=1e38, patience=1, budget=6).train(6)
        assert report.diverged_at is not None
        assert report.stopped_at is None


def test_what_an_earlier_version_began_goes_on_with_targets_as_they_are() -> None:
    fields = {"seed": 3, "budget": 2, "batch_size": 160}
    raw, started = (begin(**fields, standardise_targets=False, split="random") for _ in range(2))
    expected = raw.train(1) + raw.train(2)
    started.train(1)
    kept = [{name: part for name, part in state.items() if name != "outputs"} for state in started.state()]
    resumed = begin(**fields)
    resumed.load(kept)
    assert resumed.train(2) == expected[1:]
    assert "mean" not in resumed.best()[0]["outputs"]


class TestDropout:
    """Masks from a stream of each member's own."""

    def weights(self, *members: dict[str, Any]) -> list[dict[str, torch.Tensor]]:
        loop = begin(*members, budget=2)
        loop.train(2)
        return [state["learner"]["parameters"] for state in loop.state()]

    def test_a_member_draws_the_same_masks_wherever_it_is(self) -> None:
        member = {"seed": 4, "dropout": 0.5}
        first, *_ = self.weights(member, {"seed": 1})
        *_, last = self.weights({"seed": 1, "dropout": 0.2}, {"seed": 2}, member)
        (alone,) = self.weights(member)
        torch.testing.assert_close(first, alone, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(last, alone, rtol=1e-4, atol=1e-5)

    def test_a_member_without_any_is_the_same_beside_one_with_some(self) -> None:
        beside, other = self.weights({"seed": 4}, {"seed": 4, "dropout": 0.5})
        (alone,) = self.weights({"seed": 4})
        torch.testing.assert_close(beside, alone, rtol=1e-4, atol=1e-5)
        assert not torch.allclose(other["0.weight"], alone["0.weight"], atol=1e-4)

    def test_members_of_one_seed_differ_in_their_rate_alone(self) -> None:
        one, same, other = self.weights(*({"seed": 4, "dropout": rate} for rate in (0.5, 0.5, 0.4)))
        torch.testing.assert_close(one, same)
        assert not torch.allclose(one["0.weight"], other["0.weight"], atol=1e-4)


class TestFiles:
    """A person's own data, from the file to what is deployed."""

    @pytest.fixture
    def corners(self, tmp_path: Path) -> str:
        """Points of a square in four classes by its corners, and their distance from its middle."""
        points = np.random.default_rng(0).uniform(-1, 1, (300, 2))
        names = np.array(["sw", "se", "nw", "ne"])[(points[:, 0] > 0) + 2 * (points[:, 1] > 0)]
        rows = [f"{x},{y},{name},{np.hypot(x, y)}" for (x, y), name in zip(points, names, strict=True)]
        path = tmp_path / "corners.csv"
        path.write_text("\n".join(["x,y,corner,distance", *rows]))
        return str(path)

    def test_classes_are_learnt_and_their_accuracy_is_told(self, corners: str) -> None:
        fields = {"data": corners, "features": ["x", "y"], "targets": ["corner"], "loss": "cross_entropy"}
        loop = begin({"seed": 1}, {"seed": 2}, budget=20, batch_size=20, learning_rate=0.02, **fields)
        reports = loop.train(20)
        data = datasets.load(SupervisedConfig(budget=1, **fields).source)
        for report, best in zip(reports, loop.best(), strict=True):
            assert report.points[-1][1]["validation/accuracy"] > 0.9
            assert best["outputs"] == {"names": ["corner"], "classes": ["ne", "nw", "se", "sw"]}
            outputs = predicted(best, data.validation_features)
            truth = torch.tensor(data.validation_targets[:, 0]).long()
            assert nn.functional.cross_entropy(outputs, truth).item() == pytest.approx(report.best, rel=1e-4)
            shown = dict(report.points)[report.best_steps]["validation/accuracy"]
            assert (outputs.argmax(1) == truth).float().mean().item() == pytest.approx(shown)

    @pytest.mark.parametrize("standardised", [True, False])
    @pytest.mark.parametrize("loss", ["mse", "huber"])
    def test_numbers_are_scored_by_the_loss_that_is_trained_on(
        self, corners: str, loss: str, standardised: bool
    ) -> None:
        fields = {"data": corners, "features": ["y"], "targets": ["distance", "x"], "loss": loss}
        loop = begin(budget=3, batch_size=20, learning_rate=0.02, standardise_targets=standardised, **fields)
        (report,), (best,) = loop.train(3), loop.best()
        data = datasets.load(SupervisedConfig(budget=1, **fields).source)
        errors = predicted(best, data.validation_features).numpy() - data.validation_targets
        unit = data.train_targets.std(0) if standardised else np.ones(2)
        within = errors**2 / 2, unit * (np.abs(errors) - unit / 2)
        losses = errors**2 if loss == "mse" else np.where(np.abs(errors) < unit, *within)
        assert losses.mean() == pytest.approx(report.best, rel=1e-4)
        assert "validation/accuracy" not in report.points[-1][1]

    def test_targets_far_from_0_are_learnt(self, tmp_path: Path) -> None:
        path, rows = tmp_path / "prices.csv", np.random.default_rng(0).uniform(0, 10, 400)
        path.write_text("rooms,price\n" + "".join(f"{row},{500_000 + 50_000 * row}\n" for row in rows))
        loop = begin(data=str(path), budget=20, batch_size=20, learning_rate=0.02)
        (report,), (best,) = loop.train(20), loop.best()
        assert predicted(best, np.array([[0.0], [10.0]]))[:, 0].numpy() == pytest.approx([5e5, 1e6], rel=0.05)
        spread = datasets.load(Source(str(path))).validation_targets.var()
        assert report.best == pytest.approx(report.points[-1][1]["train/loss"], rel=2)
        assert report.best < 0.01 * spread

    @pytest.mark.parametrize("scale", [1e-30, 1e29])
    def test_targets_whose_squares_are_beyond_float32(self, tmp_path: Path, scale: float) -> None:
        path, rows = tmp_path / "far.csv", np.random.default_rng(0).uniform(0, 10, 100)
        path.write_text("x,y\n" + "".join(f"{row},{float(row) * scale!r}\n" for row in rows))
        (report,) = begin(data=str(path), budget=2, batch_size=20).train(2)
        (_, metrics) = report.points[-1]
        assert report.best is not None
        assert 0 < report.best == metrics["validation/best_loss"] < 100 * scale**2
        assert 0.1 * scale < metrics["validation/mae"] < 10 * scale
        assert metrics["train/loss"] == pytest.approx(metrics["validation/loss"], rel=3)

    def test_a_rare_class_counts_for_as_much_as_the_others(self, tmp_path: Path) -> None:
        # Where the two overlap, one in twenty is rare: only by its weight it is worth being said.
        random = np.random.default_rng(0)
        rare = np.arange(600) % 20 == 0
        path = tmp_path / "rare.csv"
        path.write_text(
            "x,kind\n" + "".join(f"{x},{kind}\n" for x, kind in zip(random.normal(rare, 0.7), rare, strict=True))
        )
        fields = {"data": str(path), "loss": "cross_entropy", "budget": 20, "batch_size": 32, "learning_rate": 0.02}
        plain, balanced = (
            dict(begin(**fields, class_weights=weights).train(20)[0].points)[20] for weights in ("none", "balanced")
        )
        assert plain["validation/balanced_accuracy"] < 0.6
        assert balanced["validation/balanced_accuracy"] > 0.7
        assert balanced["validation/loss"] > plain["validation/loss"]

    def test_a_constant_feature_is_left_as_it_is(self, tmp_path: Path) -> None:
        path = tmp_path / "constant.csv"
        path.write_text("a,b,y\n" + "".join(f"0.1,{row},{row}\n" for row in range(20)))
        (best,) = begin(data=str(path), batch_size=4, budget=1).best()
        assert best["inputs"]["deviation"][0] == 1.0
