"""What is said at the end of a policy that has hardly an answer."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sweeps
import torch

from trainables import prediction
from trainables.base import checkpoint
from trainables.networks import specs
from trainables.networks.specs import MLP
from trainables.prediction import Answers
from tuning.report.remarks import remarks
from tuning.study.summary import TrialSummary

NUMBERS = 100


def policy(folder: Path, weight: float, environment: str = "NumberMatch-v0", **arguments: Any) -> Path:
    """A best.pt whose logits at x are weight x a - a^2 / 2: it names the number, from 0 on, nearest to weight x."""
    spec, actions = MLP(1, NUMBERS, ()), torch.arange(float(NUMBERS))
    config = {"environment": environment, "environment_args": arguments, "wrappers": []}
    weights = {"0.weight": weight * actions[:, None], "0.bias": -actions.square() / 2}
    names = list(specs.from_plain(specs.as_plain(spec)).build().state_dict())
    best = {
        "network": specs.as_plain(spec),
        "state_dict": dict(zip(names, weights.values(), strict=True)),
        "config": config,
    }
    checkpoint.save([folder], [{"moment": 1}], [best])
    return folder / checkpoint.BEST


@pytest.mark.parametrize(("weight", "answers"), [(1.0, 100), (0.0, 1), (0.03, 4)])
def test_how_many_answers_a_policy_has(tmp_path: Path, weight: float, answers: int) -> None:
    path = policy(tmp_path, weight, n=NUMBERS)
    assert prediction.answers(path) == Answers(answers, NUMBERS, NUMBERS)
    assert prediction.answers(path, fewest_actions=NUMBERS + 1) is None


@pytest.mark.parametrize(
    ("environment", "arguments"), [("nowhere:Absent-v0", {}), ("CartPole-v1", {}), ("NumberMatch-v0", {"n": 7})]
)
def test_where_that_can_not_be_told(tmp_path: Path, environment: str, arguments: dict[str, int]) -> None:
    assert prediction.answers(policy(tmp_path, 1.0, environment, **arguments)) is None


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (
            0.0,
            ["the policy of trial 3 gives 1 answer to 100 inputs, the observations that episodes begin with, though "],
        ),
        (0.03, ["the policy of trial 3 gives 4 different answers to 100 inputs, "]),
        (0.3, []),
    ],
)
def test_few_answers_are_remarked_upon(tmp_path: Path, weight: float, said: list[str]) -> None:
    summary = sweeps.created(tmp_path / "runs").summary()
    assert remarks(summary) == [], "nothing is trained"
    best = TrialSummary(
        number=3,
        state="complete",
        value=-2.5,
        params={},
        run_id=None,
        seeds=[1],
        steps=200,
        seconds=1.0,
        diverged_at=None,
        reason=None,
        default=False,
        checkpoint=str(policy(tmp_path, weight, n=NUMBERS)),
    )
    found = remarks(replace(summary, trials=[best]))
    assert len(found) == len(said)
    for note, part in zip(found, said, strict=True):
        assert note.warning
        assert note.message.startswith(part)
