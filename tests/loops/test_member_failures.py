"""A member whose environment breaks fails alone, and says why; the others come to the end that they would have."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_environments import MOODY, MOODY_NUMBER, Moody

from trainables.base import random_streams
from trainables.base.member_failure import MemberFailed
from trainables.base.random_streams import Purpose
from trainables.tune import DQN, PackTrainable, Reinforce

SEEDS = (3, 4, 5)
FIELDS: dict[str, Any] = {"environment": MOODY, "budget": 96, "hidden": [4], "reports": 4, "evaluation_episodes": 2}
LOOPS: dict[str, tuple[type[PackTrainable], dict[str, Any]]] = {
    "dqn": (DQN, {"batch_size": 4, "learning_starts": 8}),
    "reinforce": (Reinforce, {"batch_size": 2}),
}

_LINES, _FIRST = inspect.getsourcelines(Moody.step)
RAISED_AT = f"{Path(__file__).parents[1].name}/tiny_environments.py:" + str(
    _FIRST + next(place for place, line in enumerate(_LINES) if "raise OSError" in line)
)


def episode(seed: int, number: int, width: int) -> int:
    """The seed of an episode that a member trains on: the first of those begun at this position."""
    drawn = random_streams.Uniforms([seed], Purpose.EPISODES, width).at(np.array([number]))
    return int(random_streams.episode_seeds(drawn, random_streams.TRAINING)[0, 0])


def trained(
    loop: str, folder: Path | None, breaks: list[int], way: str = "raises", seeds: tuple[int, ...] = SEEDS, **more: Any
) -> list[dict[str, Any]]:
    """All results of a pack of these members."""
    kind, fields = LOOPS[loop]
    members = [{"seed": seed, **({"folder": str(folder / str(seed))} if folder is not None else {})} for seed in seeds]
    config = {**FIELDS, **fields, "environment_args": {"breaks": breaks, "way": way}, "members": members, **more}
    trainable = kind(config)
    results = [trainable.train()]
    while not results[-1]["done"]:
        results.append(trainable.train())
    return results


def ends(results: list[dict[str, Any]]) -> list[Any]:
    """Of each member all its points and how it ended."""
    curves: list[dict[int, Any]] = [{} for _ in results[-1]["members"]]
    for result in results:
        for curve, report in zip(curves, result["members"], strict=True):
            curve.update(dict(report["points"]))
    last = results[-1]["members"]
    return [
        (curve, report["steps"], report["best"], report["error"]) for curve, report in zip(curves, last, strict=True)
    ]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kept", [False, True], ids=["begun again", "from checkpoints"])
@pytest.mark.parametrize(
    ("environment", "way", "told"),
    [
        (MOODY, "raises", "raised OSError: the clock's hand has come off"),
        (MOODY, "shape", "of shape (3,): should be numbers of shape (1,)"),
        (MOODY_NUMBER, "above", "10: should be a whole number from 1 to 9"),
    ],
)
def test_the_others_come_to_the_end_that_they_would_have(
    loop: str, kept: bool, environment: str, way: str, told: str, tmp_path: Path
) -> None:
    width = LOOPS[loop][1]["batch_size"] if loop == "reinforce" else 1
    broken = [episode(SEEDS[1], 5 if loop == "dqn" else 3, width)]
    alone = ends(trained(loop, None, [], seeds=(SEEDS[0], SEEDS[2]), environment=environment))
    (first, failed, last) = ends(trained(loop, tmp_path if kept else None, broken, way, environment=environment))
    assert [first, last] == alone
    assert told in failed[-1]
    assert failed[1] < FIELDS["budget"]
    assert (tmp_path / str(SEEDS[0]) / "latest.pt").exists() is kept
    if kept:
        assert "in step" in (tmp_path / str(SEEDS[1]) / "error.txt").read_text()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize(
    ("environment", "way", "told"),
    [
        (MOODY, "raises", f"raised OSError: the clock's hand has come off ({RAISED_AT})"),
        (MOODY, "observation", "gave an observation that is not finite, [nan]"),
        (MOODY, "reward", "gave a reward that is not finite, -inf"),
        (MOODY, "no reward", "returned the reward None from step; should be a number"),
        (
            MOODY,
            "four",
            "returned 4 values from step, as Gym had it before version 0.26; should return observation, reward, "
            "terminated, truncated, info",
        ),
        *(
            (MOODY, way, f"gave an observation that is not in its space, {seen}: should be numbers of shape (1,)")
            for way, seen in {
                "shape": "of shape (3,)",
                "ragged": "[[1.0], [2.0, 3.0]]",
                "text": "three",
                "nothing": "None",
            }.items()
        ),
        *(
            (
                MOODY_NUMBER,
                way,
                f"gave an observation that is not in its space, {seen}: should be a whole number from 1 to 9",
            )
            for way, seen in {
                "above": "10",
                "below": "0",
                "between": "2.5",
                "not a number": "nan",
                "nothing": "None",
            }.items()
        ),
    ],
)
def test_what_is_said_of_it(loop: str, environment: str, way: str, told: str) -> None:
    width = LOOPS[loop][1]["batch_size"] if loop == "reinforce" else 1
    broken = episode(SEEDS[2], 0, width)
    sound, other, (_, _, _, error) = ends(trained(loop, None, [broken], way, environment=environment))
    assert error == f"environment: {environment} {told} (in step 3 of the episode of seed {broken})"
    assert (sound[-1], other[-1]) == (None, None)


def test_where_every_member_fails_the_pack_is_done() -> None:
    scored_on = random_streams.evaluation_seeds(0, FIELDS["evaluation_episodes"]).tolist()
    results = trained("reinforce", None, scored_on[:1])
    assert len(results) == 1
    assert all(report["error"].startswith(f"environment: {MOODY} raised") for report in results[0]["members"])
    assert np.isfinite(results[0]["evaluation/return_mean"]), "Tune takes no other number"


def test_one_that_breaks_in_confirmation_has_no_score(tmp_path: Path) -> None:
    fresh = random_streams.evaluation_seeds(0, 3, random_streams.CONFIRMATION).tolist()
    results = trained("reinforce", tmp_path, fresh[1:2], confirm=3)
    assert results[-1]["done"]
    assert np.isnan(results[-1]["confirmed"]).all()


def test_alone_in_a_flat_config_it_fails_its_trial() -> None:
    kind, fields = LOOPS["reinforce"]
    broken = {"breaks": [episode(3, 0, 2)], "way": "reward"}
    trainable = kind({**FIELDS, **fields, "seed": 3, "environment_args": broken})
    with pytest.raises(MemberFailed, match="a reward that is not finite, -inf"):
        trainable.train()
