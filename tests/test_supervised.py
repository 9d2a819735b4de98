"""Supervised regression: a plain loop to compare with, epochs, scaling, and the accuracy that few epochs must reach."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from loop_cases import network
from torch import nn
from torch.nn.functional import mse_loss

from trainables import datasets, networks, streams
from trainables.networks import MLP
from trainables.streams import Purpose
from trainables.supervised import SupervisedConfig, SupervisedLoop

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def begin(*members: dict[str, Any], **common: Any) -> SupervisedLoop:
    fields = {"compile": "never", "hidden": (8,), "batch_size": 400, **common}
    return SupervisedLoop([SupervisedConfig(**(fields | member)) for member in members or ({},)], CPU)


class TestEqualToAPlainLoop:
    """The same training as anyone would write it: one network, torch's optimizer and scheduler."""

    SPEC, EPOCHS = MLP(4, 1, (8,)), 3

    @pytest.mark.parametrize("standardise", [True, False])
    @pytest.mark.parametrize(("seed", "batch_size", "max_norm"), [(1, 160, 0.05), (2, 170, 10.0)])
    def test_epoch_by_epoch(self, standardise: bool, seed: int, batch_size: int, max_norm: float) -> None:
        (report,) = begin(
            seed=seed,
            batch_size=batch_size,
            max_norm=max_norm,
            budget=self.EPOCHS,
            learning_rate=0.01,
            schedule="cosine",
            standardise=standardise,
        ).train(self.EPOCHS)
        expected = self.plain(seed, batch_size, max_norm, standardise)
        found = [{name: metrics[name] for name in expected[0]} for _, metrics in report.points]
        assert found == [pytest.approx(each, rel=1e-3) for each in expected]

    def plain(self, seed: int, batch_size: int, max_norm: float, standardise: bool) -> list[dict[str, float]]:
        data = datasets.load("conjunction-risk", 0)
        features, held_out = data.train_features, data.validation_features
        if standardise:
            mean, deviation = features.mean(0), features.std(0)
            features, held_out = (features - mean) / deviation, (held_out - mean) / deviation
        inputs, targets, unseen, truth = (
            torch.tensor(each, dtype=torch.float32)
            for each in (features, data.train_targets, held_out, data.validation_targets)
        )
        network, batches = self.SPEC.build(), len(inputs) // batch_size
        network.load_state_dict(networks.initial(self.SPEC, streams.integer(seed, Purpose.WEIGHTS)))
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.EPOCHS * batches)
        shuffling = streams.Uniforms([seed], Purpose.SAMPLING, len(inputs))
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
                losses.append(loss.item())
            network.eval()
            with torch.no_grad():
                validation = mse_loss(network(unseen), truth).item()
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
    features = datasets.load("conjunction-risk", 0).train_features
    scaled, plain = (begin(budget=1, standardise=each).best()[0]["inputs"] for each in (True, False))
    assert scaled["mean"] == pytest.approx(features.mean(0).tolist())
    assert scaled["deviation"] == pytest.approx(features.std(0).tolist())
    assert plain == {"mean": [0.0] * 4, "deviation": [1.0] * 4}


def test_members_see_the_same_data_whatever_their_seed_and_another_with_another_data_seed() -> None:
    # At a rate of nearly nothing the loss is that of the initial weights, on all of the data.
    fields = {"budget": 1, "learning_rate": 1e-30, "batch_size": 1_600, "seed": 1}
    one, same, other = (begin(**fields, data_seed=data_seed).train(1)[0].points for data_seed in (0, 0, 1))
    assert one == same != other
    first, second = begin({"seed": 1}, {"seed": 2}, **(fields | {"seed": 0})).train(1)
    assert first.points == [(1, pytest.approx(one[0][1], rel=1e-5))]
    assert second.points != first.points


def test_conjunction_risk_is_learnt_in_few_epochs_from_every_seed() -> None:
    loop = begin(*({"seed": seed} for seed in range(3)), budget=8, hidden=(64, 64), batch_size=32, learning_rate=3e-3)
    reports = loop.train(8)
    assert all(report.best is not None and report.best < 1e-3 for report in reports)

    scenarios = np.array([[12.0, 0.3, 0.9, 2.0], [2.0, 4.5, 0.5, 20.0]])
    for best in loop.best():
        inputs = torch.tensor((scenarios - best["inputs"]["mean"]) / best["inputs"]["deviation"], dtype=torch.float32)
        high, low = network(best)(inputs)[:, 0].tolist()
        assert high == pytest.approx(0.9698, abs=0.1)
        assert low == pytest.approx(7.1e-6, abs=0.1)
