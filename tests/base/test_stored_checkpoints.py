"""Checkpoints once written stay of use: those stored of each format load, and best.pt needs torch alone."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from tiny_environments import PICTURE
from torch import nn

from trainables.base import checkpoint
from trainables.base.images import Image
from trainables.loops.config import network
from trainables.loops.registry import LOOPS
from trainables.tune import TRAINABLES

DOCUMENT = Path(__file__).parents[2] / "docs" / "checkpoints.md"
STORED = sorted((Path(__file__).parents[1] / "fixtures" / "checkpoints").glob("format-*/*"))


def snippets(*headings: str) -> str:
    """The Python code of the document below these headings, in order."""
    sections = re.split(r"^#+ ", DOCUMENT.read_text(), flags=re.MULTILINE)
    chosen = [next(each for each in sections if each.startswith(heading)) for heading in headings]
    return "\n".join("\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL)) for section in chosen)


def run(code: str, **given: Any) -> dict[str, Any]:
    """The names that the code leaves behind."""
    assert "trainables" not in code
    assert "tuning" not in code
    names: dict[str, Any] = dict(given)
    exec(code, names)
    return names


def test_every_format_is_stored_for_every_loop() -> None:
    assert [folder.name for folder in STORED if folder.parent.name == f"format-{checkpoint.FORMAT}"] == sorted(LOOPS)


@pytest.mark.parametrize("folder", STORED, ids=lambda folder: f"{folder.parent.name} {folder.name}")
class TestStored:
    """What was written by this version or an earlier one of its format."""

    def test_the_best_answers_as_it_did(self, folder: Path) -> None:
        expected = json.loads((folder / "expected.json").read_text())
        model = run(snippets("Use `best.pt`", "`mlp`").split("with torch")[0], path=folder / "best.pt")["model"]
        assert model(torch.tensor(expected["inputs"])).tolist() == pytest.approx(expected["outputs"], rel=1e-5)
        best = checkpoint.read(folder / checkpoint.BEST)
        assert best is not None
        assert best["score"] == expected["score"]

    def test_training_goes_on_from_the_latest(self, folder: Path, tmp_path: Path) -> None:
        shutil.copytree(folder, tmp_path / "member")
        latest = checkpoint.read(folder / checkpoint.LATEST)
        assert latest is not None
        budget = latest["config"]["budget"]
        trainable = TRAINABLES[folder.name]({"members": [{**latest["config"], "folder": str(tmp_path / "member")}]})
        result = trainable.train()
        (report,) = result["members"]
        assert [steps for steps, _ in report["points"]] == [budget // 2, budget]
        assert report["points"][0][1] == latest["report"]["points"][0][1]
        assert report["diverged_at"] is None
        assert result["done"]


def trained(folder: Path, loop: str, **settings: Any) -> tuple[Path, nn.Module]:
    """The best.pt of a short training, and its network as the loop itself has it."""
    fields = {"hidden": [4], "budget": 60, "reports": 1, "batch_size": 8, "compile": "never", **settings}
    if loop != "supervised":
        fields |= {"evaluation_episodes": 2}
    if loop == "dqn":
        fields |= {"learning_starts": 8}
    trainable = TRAINABLES[loop]({"members": [{**fields, "folder": str(folder)}]})
    while not trainable.train()["done"]:
        pass
    best = checkpoint.read(folder / checkpoint.BEST)
    assert best is not None
    config = LOOPS[loop].Config(**fields)
    image = Image(**best["network"]["image"]) if "image" in best["network"] else None
    inputs = image.numbers if image else best["network"]["inputs"]
    model = network(config, inputs, best["network"]["outputs"], image).build()
    model.load_state_dict(best["state_dict"])
    return folder / checkpoint.BEST, model.eval()


@pytest.mark.parametrize("loop", ["dqn", "reinforce"])
@pytest.mark.parametrize("settings", [{}, {"layer_norm": True, "hidden": [4, 3], "activation": "gelu"}], ids=str)
def test_a_policy_of_vectors_as_the_document_builds_it(tmp_path: Path, loop: str, settings: dict[str, Any]) -> None:
    path, expected = trained(tmp_path, loop, environment="CartPole-v1", **settings)
    observation, _ = gymnasium.make("CartPole-v1").reset(seed=1)
    code = snippets("Use `best.pt`", "`mlp`").partition("mean, deviation")[0]
    found = run(code, path=path, observation=observation)
    logits = expected(torch.as_tensor(observation))
    torch.testing.assert_close(found["model"](torch.as_tensor(observation)), logits)
    assert found["action"] == int(logits.argmax())


def test_a_regression_as_the_document_builds_it(tmp_path: Path) -> None:
    path, expected = trained(tmp_path, "supervised", data="conjunction-risk", budget=1, batch_size=400)
    best = torch.load(path, weights_only=True)
    scaling, back = best["inputs"], best["outputs"]
    features = np.array([[12.0, 0.3, 0.9, 2.0], [2.0, 4.5, 0.5, 20.0]])
    head, _, tail = snippets("Use `best.pt`", "`mlp`").partition("with torch.no_grad():\n    action")
    code = head + "mean, deviation" + tail.partition("mean, deviation")[2]
    found = run(code, path=path, features=features)
    scaled = (features - np.array(scaling["mean"])) / np.array(scaling["deviation"])
    outputs = expected(torch.tensor(scaled, dtype=torch.float32)).detach()
    torch.testing.assert_close(found["predicted"], outputs * back["deviation"][0] + back["mean"][0])


@pytest.mark.parametrize("channels_first", [False, True])
def test_a_policy_of_images_as_the_document_builds_it(tmp_path: Path, channels_first: bool) -> None:
    arguments = {"channels_first": channels_first}
    path, expected = trained(tmp_path, "dqn", environment=PICTURE, environment_args=arguments, channels=[2, 3])
    observation, _ = gymnasium.make(PICTURE, **arguments).reset(seed=1)
    found = run(snippets("Use `best.pt`", "`convolutional`"), path=path, observation=observation)
    upright = observation if channels_first else observation.transpose(2, 0, 1)
    values = expected(torch.tensor(upright[None] / 255, dtype=torch.float32))
    torch.testing.assert_close(found["model"](found["picture"][None]), values)
    assert found["action"] == int(values.argmax())


@pytest.mark.parametrize(
    ("name", "environment", "shape"),
    [("own_networks:TwoHeads", "CartPole-v1", (4,)), ("own_networks:Eye", PICTURE, (3, 6, 5))],
)
def test_an_own_network_as_the_document_builds_it(
    tmp_path: Path, name: str, environment: str, shape: tuple[int, ...]
) -> None:
    path, expected = trained(tmp_path, "dqn", environment=environment, network=name)
    found = run(snippets("Use `best.pt`", "`own`"), path=path)
    seen = torch.rand(3, *shape)
    torch.testing.assert_close(found["model"](seen), expected(seen))
