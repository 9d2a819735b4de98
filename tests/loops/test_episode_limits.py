"""How long episodes may be and how many steps evaluations take: counted in real environments, by what they are for."""

import collections
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from tiny_environments import CLOCK, CUT_CLOCK

from trainables import EpisodicConfig, environments
from trainables.base import random_streams
from trainables.base.report import Report
from trainables.loops import episode_limits
from trainables.loops.registry import LOOPS

CPU = torch.device("cpu")
ENDLESS: dict[str, Any] = {"environment": CLOCK, "environment_args": {"length": 10**9}}
SMALL: dict[str, dict[str, Any]] = {
    "dqn": {"hidden": (4,), "batch_size": 4, "learning_starts": 20, "train_frequency": 50, "compile": "never"},
    "reinforce": {"hidden": (4,), "batch_size": 4, "compile": "never"},
}

PURPOSES = {
    "training": random_streams.TRAINING,
    "evaluation": random_streams.SEARCH_EVALUATION,
    "confirmation": random_streams.CONFIRMATION,
}
COUNTED: collections.Counter[str] = collections.Counter()
"""Steps of all environments, by what their episodes are for."""
LENGTHS: list[int] = []
"""Steps of each evaluation's episode so far."""


class Counting(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Counts steps by what they are for, which the seed of their episode tells."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        assert seed is not None
        self._purpose = next(each for each, (first, count) in PURPOSES.items() if first <= seed < first + count)
        if self._purpose == "evaluation":
            LENGTHS.append(0)
            self._place = len(LENGTHS) - 1
        return super().reset(seed=seed, options=options)

    def step(self, action: Any) -> Any:
        COUNTED[self._purpose] += 1
        if self._purpose == "evaluation":
            LENGTHS[self._place] += 1
        return super().step(action)


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    COUNTED.clear()
    LENGTHS.clear()


def begun(loop: str, *members: dict[str, Any], **common: Any) -> Any:
    fields = {**SMALL[loop], **common}
    return LOOPS[loop]([LOOPS[loop].Config(**(fields | member)) for member in members or ({},)], CPU)


def trained(training: Any, moments: Sequence[int]) -> list[Report]:
    """The last reports, with all points."""
    points: list[list[Any]] = []
    for until in moments:
        reports = training.train(until)
        points = [before + each.points for before, each in zip(points or [[] for _ in reports], reports, strict=True)]
    return [Report(each.steps, shown, each.best, each.best_steps) for each, shown in zip(reports, points, strict=True)]


def evenly(budget: int, reports: int) -> list[int]:
    return [budget * (each + 1) // reports for each in range(reports)]


@pytest.mark.parametrize(
    ("fields", "trained_on", "evaluated_on"),
    [
        # Its own limit, where every evaluation has room for an episode of that length.
        ({"environment": "CartPole-v1", "budget": 25_000}, 500, 500),
        ({"environment": "CartPole-v1", "budget": 24_999}, 500, 499),
        ({"environment": "CartPole-v1", "budget": 24_999, "evaluation_share": 0.3}, 500, 500),
        ({"environment": "CartPole-v1", "budget": 24_999, "evaluation_share": None}, 500, 500),
        ({"environment": "CartPole-v1", "budget": 24_999, "reports": 5}, 500, 500),
        ({"environment": "CartPole-v1", "budget": 10, "reports": 10}, 500, 1),
        # One that is asked for, longer or shorter.
        ({"environment": "CartPole-v1", "budget": 10**6, "max_episode_steps": 2_000}, 2_000, 2_000),
        ({"environment": "CartPole-v1", "budget": 10**6, "max_episode_steps": 7}, 7, 7),
        ({"environment": "CartPole-v1", "budget": 10**6, "environment_args": {"max_episode_steps": 9}}, 9, 9),
        (
            {
                "environment": "CartPole-v1",
                "budget": 10**6,
                "environment_args": {"max_episode_steps": 9},
                "max_episode_steps": 8,
            },
            8,
            8,
        ),
        ({"environment": CUT_CLOCK, "environment_args": {"length": 9}, "budget": 10**6}, 3, 3),
        # None: as much as an evaluation has room for, and training for some batches.
        ({**ENDLESS, "budget": 3_000}, 60, 60),
        ({**ENDLESS, "budget": 3_000, "reports": 20}, 30, 30),
        ({**ENDLESS, "budget": 3_000, "evaluation_share": 0.01}, 3, 3),
        ({**ENDLESS, "budget": 10**9}, 10_000, 10_000),
        ({**ENDLESS, "budget": 10**9, "max_episode_steps": 20_000}, 20_000, 20_000),
        ({**ENDLESS, "budget": 1}, 1, 1),
        ({**ENDLESS, "budget": 3_000, "evaluation_share": None}, 10_000, 10_000),
        ({**ENDLESS, "environment_args": {"length": 9, "max_episode_steps": -1}, "budget": 3_000}, 60, 60),
        ({"loop": "reinforce", **ENDLESS, "budget": 3_000, "batch_size": 20}, 30, 30),
        # A wrapper's own limit is one, too.
        ({**ENDLESS, "budget": 3_000, "wrappers": [{"TimeLimit": {"max_episode_steps": 70}}]}, 70, 60),
        ({**ENDLESS, "budget": 30_000, "wrappers": [{"TimeLimit": {"max_episode_steps": 70}}]}, 70, 70),
    ],
)
def test_the_longest_episodes(fields: dict[str, Any], trained_on: int, evaluated_on: int) -> None:
    loop = fields.get("loop", "dqn")
    config = LOOPS[loop].Config(**{name: value for name, value in fields.items() if name != "loop"})
    assert isinstance(config, EpisodicConfig)
    description = episode_limits.described(config)
    assert description.longest == trained_on
    assert episode_limits.longest_evaluated(config, description) == evaluated_on
    environment = description.make()
    environment.reset(seed=1)
    steps, cut, ended = 0, False, False
    while not (cut or ended) and steps <= 3_000:
        _, _, ended, cut, _ = environment.step(environment.action_space.sample())
        steps += 1
    assert steps <= trained_on
    assert not cut or steps == trained_on


@pytest.mark.parametrize("loop", SMALL)
@pytest.mark.parametrize(
    ("environment", "budget", "reports", "share"),
    [
        (ENDLESS, 600, 3, 0.2),
        (ENDLESS, 600, 20, 0.2),
        (ENDLESS, 600, 3, 1.5),
        ({"environment": "CliffWalking-v1"}, 1_500, 20, 0.2),
        ({"environment": "CliffWalking-v1", "max_episode_steps": 10**6}, 300, 3, 0.2),
        ({"environment": "FrozenLake-v1"}, 600, 4, 0.2),
        ({"environment": "CartPole-v1"}, 600, 4, 0.2),
    ],
    ids=str,
)
def test_nothing_goes_far_beyond_the_budget(
    loop: str, environment: dict[str, Any], budget: int, reports: int, share: float
) -> None:
    common = {**environment, "budget": budget, "reports": reports, "evaluation_share": share}
    training = begun(loop, **common, wrappers=["test_episode_limits:Counting"])
    (report,) = trained(training, evenly(budget, reports))
    assert budget <= COUNTED["training"] <= max(1.1 * budget, budget + 100) + SMALL["reinforce"]["batch_size"]
    # The last episode may go beyond the share.
    assert reports <= COUNTED["evaluation"] <= share * budget * (1 + 1 / reports)
    assert len(report.points) == reports
    played = [metrics["evaluation/episodes"] for _, metrics in report.points]
    assert sum(played) == len(LENGTHS)
    assert all(1 <= each <= 10 for each in played)

    training.confirm(100)
    assert 0 < COUNTED["confirmation"] <= max(1, share) * budget * (1 + 1 / reports)


@pytest.mark.parametrize(
    ("length", "limit", "episodes", "steps", "truncated"),
    [
        # 18 steps more at each of five evaluations; the last episode may go beyond them, at the cost of later ones.
        (8, 8, [3, 2, 2, 2, 3], 8, 0.0),
        # Nobody knows how long an episode will be, but for how long the others were.
        (8, None, [3, 2, 2, 2, 3], 8, 0.0),
        (10**9, 8, [3, 2, 2, 2, 3], 8, 1.0),
        (10**9, None, [1, 1, 1, 1, 1], 18, 1.0),
        (1, None, [4, 4, 4, 4, 4], 1, 0.0),
    ],
)
def test_as_many_episodes_as_there_is_room_for(
    length: int, limit: int | None, episodes: list[int], steps: int, truncated: float
) -> None:
    common = {"environment": CLOCK, "environment_args": {"length": length}, "budget": 100, "reports": 5}
    training = begun(
        "dqn",
        **common,
        max_episode_steps=limit,
        evaluation_share=0.9,
        evaluation_episodes=4,
        wrappers=["test_episode_limits:Counting"],
    )
    (report,) = trained(training, evenly(100, 5))
    assert [metrics["evaluation/episodes"] for _, metrics in report.points] == episodes
    assert all(metrics["evaluation/truncated_share"] == truncated for _, metrics in report.points)
    # The t-th step earns t.
    assert all(metrics["evaluation/return_mean"] == steps * (steps + 1) / 2 for _, metrics in report.points)
    assert set(LENGTHS) == {steps}


UNEVEN: dict[str, Any] = {
    "environment": "CartPole-v1",
    "budget": 400,
    "reports": 5,
    "evaluation_share": 0.5,
    "evaluation_episodes": 6,
}
"""In which poles stand for so long, or so short, that members come to have different numbers of episodes."""
MEMBERS = tuple({"seed": seed, "learning_rate": 0.03} for seed in (1, 2, 3, 4))


@pytest.mark.parametrize("loop", SMALL)
class TestMembersOfAPack:
    """Whose episodes are of different lengths, and so are different in number."""

    def test_have_as_many_episodes_as_alone(self, loop: str) -> None:
        packed = trained(begun(loop, *MEMBERS, **UNEVEN), evenly(400, 5))
        episodes = [[metrics["evaluation/episodes"] for _, metrics in each.points] for each in packed]
        assert len({tuple(each) for each in episodes}) > 1
        for member, expected in zip(MEMBERS, packed, strict=True):
            (alone,) = trained(begun(loop, member, **UNEVEN), evenly(400, 5))
            for (_, metrics), (_, other) in zip(alone.points, expected.points, strict=True):
                assert metrics == pytest.approx(other, rel=1e-3, abs=1e-5)

    def test_are_scored_on_the_first_of_the_same_episodes(self, loop: str) -> None:
        short, whole = (
            begun(loop, *MEMBERS, **{**UNEVEN, "max_episode_steps": 40, "evaluation_share": share})
            for share in (0.5, None)
        )
        found, expected = short.train(80), whole.train(80)
        for each, other in zip(found, expected, strict=True):
            ((_, metrics),), ((_, all_of_them),) = each.points, other.points
            if metrics["evaluation/episodes"] == 6:
                assert metrics == all_of_them
            else:
                assert metrics["evaluation/return_max"] <= all_of_them["evaluation/return_max"]
                assert metrics["evaluation/return_min"] >= all_of_them["evaluation/return_min"]

    def test_go_on_as_if_they_had_never_stopped(self, loop: str) -> None:
        whole = begun(loop, *MEMBERS, **UNEVEN)
        trained(whole, (80, 160))
        states = whole.state()
        expected = trained(whole, (240, 320, 400))
        resumed = begun(loop, *MEMBERS, **UNEVEN)
        resumed.load(states)
        assert trained(resumed, (240, 320, 400)) == expected
        torch.testing.assert_close(resumed.state(), whole.state(), rtol=0, atol=0)

    def test_go_on_from_checkpoints_that_count_no_steps_of_evaluations(self, loop: str) -> None:
        earlier = begun(loop, *MEMBERS, **UNEVEN)
        earlier.train(80)
        states = [{name: each for name, each in state.items() if name != "evaluation"} for state in earlier.state()]
        resumed = begun(loop, *MEMBERS, **UNEVEN)
        resumed.load(states)
        assert all(report.points[0][1]["evaluation/episodes"] >= 1 for report in resumed.train(160))


def test_a_batch_of_episodes_is_cut_a_little_beyond_the_budget_and_still_learnt_from() -> None:
    common = {**ENDLESS, "max_episode_steps": 10_000, "budget": 2_000, "reports": 1, "batch_size": 10}
    training = begun("reinforce", {"seed": 1}, {"seed": 2}, **common, wrappers=["test_episode_limits:Counting"])
    before = training.state()[0]["learner"]["parameters"]
    reports = training.train(2_000)
    assert [report.steps for report in reports] == [2_200, 2_200]
    assert COUNTED["training"] == 4_400
    assert reports[0].points[0][1]["train/episode_steps"] == 220
    after = training.state()[0]["learner"]["parameters"]
    assert any(not torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    ("longest", "most", "lengths"), [(5, None, [5, 3, 5]), (None, [4, 9], [2, 2, 8]), (2, [3, 9], [2, 2, 2])]
)
def test_episodes_played_side_by_side_are_cut_alone_or_together(
    longest: int | None, most: list[int] | None, lengths: list[int]
) -> None:
    """Two members: the first with two episodes, of which one ends by itself after 3 steps; the second with one."""

    class Grid:
        rewinds = True
        observations = np.zeros((2, 2, 1), dtype=np.float32)
        time = 0

        def reset(self, seeds: Any, where: Any) -> None:
            self.time = 0

        def step(self, actions: Any, where: Any) -> Any:
            self.time += 1
            ended = np.array([[False, self.time == 3], [self.time == 8, False]])
            return np.ones((2, 2)) * where, ended & where, np.zeros((2, 2), dtype=np.bool_)

    where = np.array([[True, True], [True, False]])
    given = None if most is None else np.array(most)
    steps = list(
        environments.play(
            Grid(), np.zeros((2, 2), dtype=np.int64), where, lambda seen: 0 * seen[..., 0], longest, given
        )
    )
    active = np.sum([step.active for step in steps], axis=0)
    assert active[where].tolist() == lengths
