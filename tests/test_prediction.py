"""What a best.pt says of cases: scaled as it was trained, named as its data were, and nothing but the file needed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from trainables import prediction
from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from trainables.data import table_files
from trainables.data.table_files import TableError
from trainables.environments import Actions, action_spaces
from trainables.environments.action_spaces import Continuous, Discrete, Parts
from trainables.networks import networks, specs
from trainables.networks.specs import MLP

SPEC = MLP(2, 3, (4,))


def written(folder: Path, **changes: Any) -> Path:
    best = {
        "network": specs.as_plain(SPEC),
        "state_dict": networks.initial(SPEC, 0),
        "inputs": {"names": ["a", "b"], "mean": [1.0, -2.0], "deviation": [2.0, 0.5]},
        "outputs": {"names": ["x", "y", "z"], "classes": []},
        **changes,
    }
    checkpoint.save([folder], [{"moment": 1}], [best])
    return folder / "best.pt"


def plain(cases: list[list[float]]) -> torch.Tensor:
    module = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3))
    module.load_state_dict(networks.initial(SPEC, 0))
    inputs = (np.array(cases) - [1.0, -2.0]) / [2.0, 0.5]
    return module(torch.tensor(inputs, dtype=torch.float32)).detach()


def test_numbers_by_the_names_of_their_targets(tmp_path: Path) -> None:
    cases = [[0.5, 3.0], [7.0, -1.0]]
    found = prediction.load(written(tmp_path)).predict(cases)
    assert [list(each) for each in found] == [["x", "y", "z"]] * 2
    np.testing.assert_allclose([list(each.values()) for each in found], plain(cases), rtol=1e-6)


def test_numbers_in_the_units_of_their_targets(tmp_path: Path) -> None:
    cases, scaling = [[0.5, 3.0], [7.0, -1.0]], {"mean": [5e5, 0.0, 1e9], "deviation": [1e5, 1e-6, 1.0]}
    predictor = prediction.load(written(tmp_path, outputs={"names": ["x", "y", "z"], "classes": [], **scaling}))
    expected = plain(cases).double().numpy() * scaling["deviation"] + scaling["mean"]
    found = [list(each.values()) for each in predictor.predict(cases)]
    assert np.abs((found - predictor.network(cases).numpy()) / scaling["deviation"]).max() < 1e-6
    np.testing.assert_allclose((found - expected) / scaling["deviation"], 0, atol=1e-6)
    assert all(len(str(price).partition(".")[2]) <= 2 for price, _, _ in found)


def test_a_class_with_its_probability(tmp_path: Path) -> None:
    path = written(tmp_path, outputs={"names": ["kind"], "classes": ["red", "green", "blue"]})
    (found,) = prediction.load(path).predict([[0.5, 3.0]])
    shares = plain([[0.5, 3.0]]).softmax(-1)[0]
    assert found == {
        "kind": ["red", "green", "blue"][int(shares.argmax())],
        "probability": pytest.approx(shares.max().item(), abs=1e-6),
    }


def test_no_cases(tmp_path: Path) -> None:
    assert prediction.load(written(tmp_path)).predict([]) == []


def test_what_an_earlier_version_kept_without_names(tmp_path: Path) -> None:
    path = written(tmp_path, inputs={"mean": [0.0, 0.0], "deviation": [1.0, 1.0]}, outputs={})
    predictor = prediction.load(path)
    assert predictor.features == ("feature[0]", "feature[1]")
    assert list(predictor.predict([[1.0, 2.0]])[0]) == ["target[0]", "target[1]", "target[2]"]


def test_what_an_earlier_version_kept_takes_numbers_and_no_gaps(tmp_path: Path) -> None:
    predictor = prediction.load(written(tmp_path))
    read = predictor.read(table_files.as_texts({"b": ["3", "-1"], "a": [0.5, 7], "c": ["x", ""]}))
    assert predictor.numbers(read).tolist() == [[0.5, 3], [7, -1]]
    with pytest.raises(TableError, match=r"^column 'b' has no number in row 2$"):
        predictor.read(table_files.as_texts({"a": [0.5, 7], "b": ["3", ""]}))


@pytest.mark.parametrize(
    ("actions", "names"),
    [
        (Discrete(3, -1), ["action"]),
        (Parts((1, 2), (0, 0), (2,), "int64"), ["action[0]", "action[1]"]),
        (Continuous((-2.0,) * 3, (2.0,) * 3, (3, 1), "float32"), ["action[0]", "action[1]", "action[2]"]),
    ],
    ids=["discrete", "parts", "continuous"],
)
def test_a_policy_acts(tmp_path: Path, actions: Actions, names: list[str]) -> None:
    best = {"network": specs.as_plain(SPEC), "state_dict": networks.initial(SPEC, 0)}
    checkpoint.save([tmp_path], [{"moment": 1}], [{**best, "actions": action_spaces.as_plain(actions)}])
    predictor = prediction.load(tmp_path / "best.pt")
    assert predictor.features == ("observation[0]", "observation[1]")
    found = predictor.predict([[0.5, 3.0], [7.0, -1.0]])
    assert [list(each) for each in found] == [names] * 2
    np.testing.assert_allclose(
        [list(each.values()) for each in found],
        predictor.network.act([[0.5, 3.0], [7.0, -1.0]]).reshape(2, -1),
    )


def test_what_says_nothing_of_its_inputs_predicts_nothing(tmp_path: Path) -> None:
    for best in ({"network": specs.as_plain(SPEC), "state_dict": networks.initial(SPEC, 0)}, {"altitude": 3.0}):
        checkpoint.save([tmp_path], [{"moment": 1}], [best])
        with pytest.raises(CheckpointError, match="does not say what its network takes"):
            prediction.load(tmp_path / "best.pt")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no such file"):
        prediction.load(tmp_path / "best.pt")
