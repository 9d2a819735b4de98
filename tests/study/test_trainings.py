"""Trainings as their diagnosis sees them: what is wrong with their data comes along."""

from pathlib import Path

import numpy as np
import pytest

from tuning.diagnosis import diagnosis
from tuning.rules.trial_outcome import MemberResult
from tuning.study.legs import Plan
from tuning.study.trainings import trainings
from tuning.sweep.model import Sweep


@pytest.mark.parametrize(("leaks", "word"), [(True, "target_leaked"), (False, "cut_short")])
def test_a_feature_that_is_the_target_is_named_first(tmp_path: Path, leaks: bool, word: str) -> None:
    chance = np.random.default_rng(0)
    x, y = chance.normal(size=(100, 2)), chance.normal(size=100)
    if leaks:
        x[:, 1] = 3 * y + 1
    rows = [f"{a},{b},{c}" for (a, b), c in zip(x, y, strict=True)]
    path = tmp_path / "table.csv"
    path.write_text("\n".join(["a,b,y", *rows]))
    values = {
        "name": "t",
        "loop": "supervised",
        "data": str(path),
        "budget": 10,
        "search": {"warmup": {"low": 0.0, "high": 0.1}},
    }
    sweep = Sweep.model_validate(values)
    (one,) = trainings(sweep, Plan(0, {}, {}, [0]), [MemberResult()], [[(1, {"validation/loss": 0.5})]])
    found = diagnosis.of_trial([one])
    assert found.word == word
    if leaks:
        assert found.verdicts[0].patch == {"features": ["a"]}
