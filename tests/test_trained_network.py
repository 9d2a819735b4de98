"""A best.pt as a module: called with what its environment or data give, it answers as the trained network does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_environments import OFFSET
from torch import Tensor

from trainables import prediction
from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from trainables.base.images import Image
from trainables.base.own_classes import Unimportable
from trainables.environments import Actions, action_spaces
from trainables.environments.action_spaces import Continuous, Discrete, Parts, Product
from trainables.networks import networks, specs
from trainables.networks.specs import MLP, Convolutional, Own, Spec
from trainables.trained_network import TrainedNetwork

STORED = sorted((Path(__file__).parent / "fixtures" / "checkpoints").glob("format-2/*"))


def written(folder: Path, spec: Spec, **more: Any) -> Path:
    """A best.pt of this network, drawn by chance."""
    best = {"network": specs.as_plain(spec), "state_dict": networks.initial(spec, 0), **more}
    checkpoint.save([folder], [{"moment": 1}], [best])
    return folder / checkpoint.BEST


def answered(spec: Spec, rows: Tensor) -> Tensor:
    """What the loops compute of flat rows."""
    return networks.function(spec)(networks.initial(spec, 0), rows)


@pytest.mark.parametrize("folder", STORED, ids=lambda folder: folder.name)
def test_it_answers_as_it_did_when_it_was_stored(folder: Path) -> None:
    expected = json.loads((folder / "expected.json").read_text())
    network = TrainedNetwork.load(folder / checkpoint.BEST)
    assert not network.training
    inputs = torch.tensor(expected["inputs"])
    given = inputs * network.deviation + network.mean if network.features else inputs
    torch.testing.assert_close(network(given), torch.tensor(expected["outputs"]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("batch", [(), (1,), (5,), (2, 3)])
@pytest.mark.parametrize(
    ("spec", "shape", "scale"),
    [
        (MLP(3, 2, (4,)), (3,), 1),
        (MLP(1, 2, (4,)), (1,), 1),
        (Own("own_networks:TwoHeads", 3, 2), (3,), 1),
        (Convolutional(Image(6, 5, 3, True, 1 / 255), 2, (4,), (5,)), (6, 5, 3), 255),
        (Convolutional(Image(6, 5, 3, False, 1.0), 2, (4,), (5,)), (3, 6, 5), 1),
        (Convolutional(Image(6, 5, 1, True, 1.0), 2, (4,), (5,)), (6, 5), 1),
    ],
    ids=["vector", "number", "own", "image (H, W, C)", "image (C, H, W)", "image (H, W)"],
)
def test_one_observation_or_any_batch_of_them(
    tmp_path: Path, batch: tuple[int, ...], spec: Spec, shape: tuple[int, ...], scale: int
) -> None:
    network = TrainedNetwork.load(written(tmp_path, spec))
    seen = np.random.default_rng(0).uniform(0, scale, (*batch, *shape))
    seen = seen.astype(np.uint8 if scale == 255 else np.float32)
    expected = answered(spec, torch.from_numpy(seen.reshape(-1, spec.inputs).astype(np.float32)))
    found = network(seen)
    assert found.shape == (*batch, 2)
    torch.testing.assert_close(found.reshape(-1, 2), expected)
    torch.testing.assert_close(network(torch.from_numpy(seen)), found)


def test_numbers_for_observations_are_made_vectors(tmp_path: Path) -> None:
    spec = MLP(4, 3, (4,))
    network = TrainedNetwork.load(written(tmp_path, spec, config={"environment": OFFSET}))
    everything = answered(spec, torch.eye(4))
    torch.testing.assert_close(network(np.arange(3, 7)), everything)
    torch.testing.assert_close(network(np.int64(5)), everything[2])


def test_observations_of_several_parts_are_flattened(tmp_path: Path) -> None:
    spec = MLP(32 + 11 + 2, 2, (4,))
    network = TrainedNetwork.load(written(tmp_path, spec, config={"environment": "Blackjack-v1"}))
    eye = torch.eye(32 + 11 + 2)
    flat = torch.stack([eye[13] + eye[32 + 10] + eye[43 + 1], eye[20] + eye[32] + eye[43]])
    expected = answered(spec, flat)
    torch.testing.assert_close(network((13, 10, 1)), expected[0])
    torch.testing.assert_close(network([(13, 10, 1), (20, 0, 0)]), expected)
    torch.testing.assert_close(network(flat.numpy()), expected)


def test_an_environment_that_is_not_here_is_not_needed_for_vectors(tmp_path: Path) -> None:
    spec = MLP(3, 2, (4,))
    network = TrainedNetwork.load(written(tmp_path, spec, config={"environment": "nowhere:Absent-v0"}))
    torch.testing.assert_close(network([1.0, 2.0, 3.0]), answered(spec, torch.tensor([1.0, 2.0, 3.0])))


@pytest.mark.parametrize(
    ("actions", "shape", "dtype"),
    [
        (Discrete(6, start=2), (), "int64"),
        (Product(Parts((2, 3), (0, 1), (2,), "int64")), (2,), "int64"),
        (Parts((2, 4), (0, 1), (2,), "int8"), (2,), "int8"),
        (Continuous((-1.0,) * 6, (5.0,) * 6, (2, 3), "float64", "squash"), (2, 3), "float64"),
    ],
    ids=["discrete", "product", "parts", "continuous"],
)
@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
def test_a_policy_acts_in_the_environments_own_form(
    tmp_path: Path, actions: Actions, shape: tuple[int, ...], dtype: str, batch: tuple[int, ...]
) -> None:
    network = TrainedNetwork.load(written(tmp_path, MLP(3, 6, (4,)), actions=action_spaces.as_plain(actions)))
    seen = np.random.default_rng(0).normal(size=(*batch, 3)).astype(np.float32)
    found = network.act(seen)
    assert (found.shape, str(found.dtype)) == ((*batch, *shape), dtype)
    outputs = network(seen).numpy()
    match actions:
        case Discrete() | Product():
            expected = actions.given(outputs.argmax(-1))
        case Parts():
            expected = actions.given(np.stack([outputs[..., :2].argmax(-1), outputs[..., 2:].argmax(-1)], -1))
        case Continuous():
            expected = (2 + 3 * np.tanh(outputs.astype(np.float64))).reshape(*batch, *shape)
    np.testing.assert_allclose(found, expected)
    assert network.acts
    assert network.chosen == int(np.prod(shape))


def test_a_policy_of_an_earlier_version_acts_by_its_environment(tmp_path: Path) -> None:
    spec = MLP(4, 3, (4,))
    network = TrainedNetwork.load(written(tmp_path, spec, config={"environment": OFFSET}))
    assert network.act(np.int64(5)) == int(answered(spec, torch.eye(4))[2].argmax()) - 1
    absent = TrainedNetwork.load(written(tmp_path, spec, config={"environment": "nowhere:Absent-v0"}))
    assert absent.act(np.eye(4)[2]) == int(answered(spec, torch.eye(4))[2].argmax())


def test_what_was_trained_on_data_does_not_act(tmp_path: Path) -> None:
    network = TrainedNetwork.load(written(tmp_path, MLP(3, 2, (4,))))
    assert not network.acts
    with pytest.raises(ValueError, match="does not act"):
        network.act([1.0, 2.0, 3.0])


def test_features_in_their_own_units(tmp_path: Path) -> None:
    inputs = {"names": ["a", "b"], "mean": [1e6, -2.0], "deviation": [2e-3, 0.5]}
    path = written(tmp_path, MLP(2, 2, (4,)), inputs=inputs, outputs={"names": ["x", "y"], "classes": []})
    cases = [[1e6 + 0.001, 3.0], [1e6 - 0.002, -1.0]]
    network = TrainedNetwork.load(path)
    assert (network.features, network.targets, network.classes) == (("a", "b"), ("x", "y"), ())
    found = [dict(zip(network.targets, row, strict=True)) for row in network(cases).tolist()]
    assert found == [pytest.approx(each) for each in prediction.load(path).predict(cases)]


def test_classes_by_their_logits(tmp_path: Path) -> None:
    inputs = {"names": ["a", "b"], "mean": [1.0, -2.0], "deviation": [2.0, 0.5]}
    outputs = {"names": ["kind"], "classes": ["red", "green", "blue"]}
    path = written(tmp_path, MLP(2, 3, (4,)), inputs=inputs, outputs=outputs)
    network = TrainedNetwork.load(path)
    (likely,) = prediction.load(path).predict([[0.5, 3.0]])
    assert network.classes[int(network([0.5, 3.0]).argmax())] == likely["kind"]
    assert network([0.5, 3.0]).softmax(-1).max().item() == pytest.approx(likely["probability"], abs=1e-6)


def test_inputs_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    network = TrainedNetwork.load(written(tmp_path, MLP(3, 2, (4,))))
    with pytest.raises(ValueError, match=r"should end in axes of 3 numbers in all, have the shape \(2, 4\)"):
        network(torch.zeros(2, 4))


def test_it_is_a_module_like_any_other(tmp_path: Path) -> None:
    network = TrainedNetwork.load(written(tmp_path, MLP(3, 2, (4,))))
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    again = TrainedNetwork.load(written(tmp_path / "other", MLP(3, 2, (4,))))
    again.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    torch.testing.assert_close(again(torch.ones(3)), network(torch.ones(3)))


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no such file"):
        TrainedNetwork.load(tmp_path / "best.pt")
    checkpoint.save([tmp_path], [{"moment": 1}], [{"altitude": 3.0}])
    with pytest.raises(CheckpointError, match="its loop keeps something else"):
        TrainedNetwork.load(tmp_path / "best.pt")
    best = {"network": {"kind": "own", "name": "nowhere:Net", "inputs": 3, "outputs": 2}, "state_dict": {}}
    checkpoint.save([tmp_path], [{"moment": 1}], [best])
    with pytest.raises(Unimportable, match="nowhere"):
        TrainedNetwork.load(tmp_path / "best.pt")
