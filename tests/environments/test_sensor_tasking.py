"""Sensor tasking: a minute worked out by hand, the grid against the single one, and what planning ahead is worth."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainables import environments
from trainables.environments import sensor_baselines
from trainables.environments.grid import Grid, GymnasiumGrid
from trainables.environments.sensor_tasking import (
    ALERT,
    ALERT_WEIGHT,
    FEATURES,
    ID,
    LEAST_KM,
    MAX_EPISODE_STEPS,
    MOST_KM,
    TURN_DEG,
    SensorTasking,
    SensorTaskingGrid,
    Sky,
    turn,
)

SEEDS = np.arange(500)
ONE = np.array([7])


def at(minute: int) -> NDArray[np.int64]:
    return np.array([minute])


@pytest.mark.parametrize("arguments", [{}, {"objects": 2}, {"objects": 20, "detection": 1.0}])
@pytest.mark.filterwarnings("ignore:.*we recommend using a symmetric and normalized space")
def test_clean_under_gymnasiums_check(arguments: dict[str, Any]) -> None:
    check_env(gymnasium.make(ID, **arguments).unwrapped)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"objects": 1}, "objects: should be 2 to 20, is 1"),
        ({"objects": 21}, "objects: should be 2 to 20, is 21"),
        ({"detection": 0.0}, "detection: should be a probability above 0, is 0.0"),
        ({"detection": 1.1}, "detection: should be a probability above 0, is 1.1"),
    ],
)
def test_arguments_out_of_bounds(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SensorTasking(**arguments)


@pytest.mark.parametrize(
    ("pointing", "direction", "expected"),
    [(0, 90, 90), (90, 0, -90), (350, 10, 20), (10, 350, -20), (0, 180, -180), (180, 0, -180), (42, 42, 0)],
)
def test_the_sensor_turns_the_shorter_way(pointing: float, direction: float, expected: float) -> None:
    assert turn(np.array(float(pointing)), np.array(float(direction))) == pytest.approx(expected)


class TestAMinute:
    """Two objects, at 0 and at 137.5 degrees, that grow by 0.02 and 0.4 km a minute; every look detects."""

    sky = Sky(2, detection=1.0)

    def seed_with(self, open_first: bool, alert: int) -> NDArray[np.int64]:
        """A seed in whose first minute the first object's window is open or not, and the alert is this object's."""
        is_open, _ = self.sky.changes(SEEDS, np.zeros_like(SEEDS))
        now, _, _ = self.sky.alerts(SEEDS, np.zeros_like(SEEDS))
        found: NDArray[np.int64] = SEEDS[(is_open[:, 0] == open_first) & (now == alert)]
        return found[:1]

    @pytest.mark.parametrize(
        ("open_first", "alert", "action", "left", "reward"),
        [
            (True, 1, 0, [LEAST_KM, 3.4], -(0.1 + 10 * 3.4) / 2),
            (True, 0, 0, [LEAST_KM, 3.4], -(10 * 0.1 + 3.4) / 2),
            (False, 1, 0, [2.02, 3.4], -(2.02 + 34.0) / 2),
            (True, 1, 2, [2.02, 3.4], -(2.02 + 34.0) / 2),
            (True, 1, 1, [2.02, 3.4], -(2.02 + 34.0) / 2),
        ],
        ids=["detected", "with an alert", "window closed", "idle", "still turning"],
    )
    def test_detection_growth_and_reward(
        self, open_first: bool, alert: int, action: int, left: list[float], reward: float
    ) -> None:
        seed = self.seed_with(open_first, alert)
        found, _, earned = self.sky.passed(seed, at(0), np.array([[2.0, 3.0]]), np.array([0.0]), np.array([action]))
        assert found[0] == pytest.approx(left)
        assert earned[0] == pytest.approx(reward)

    def test_turning_takes_minutes_and_idling_none(self) -> None:
        pointing, uncertainty = np.array([0.0]), np.array([[2.0, 3.0]])
        way = []
        for minute in range(8):
            _, pointing, _ = self.sky.passed(ONE, at(minute), uncertainty, pointing, np.array([1]))
            way.append(float(pointing[0]))
        direction = self.sky.directions[1]
        assert way == pytest.approx([TURN_DEG * minute for minute in range(1, 7)] + [direction, direction])
        _, pointing, _ = self.sky.passed(ONE, at(8), uncertainty, pointing, np.array([2]))
        assert pointing[0] == direction

    def test_uncertainty_has_an_end(self) -> None:
        found, _, _ = self.sky.passed(ONE, at(0), np.array([[MOST_KM, MOST_KM - 0.1]]), np.array([0.0]), np.array([2]))
        assert found[0].tolist() == [MOST_KM, MOST_KM]

    def test_some_looks_miss(self) -> None:
        sky = Sky(2, detection=0.7)
        is_open, _ = sky.changes(SEEDS, np.zeros_like(SEEDS))
        shape = len(SEEDS)
        found, _, _ = sky.passed(
            SEEDS, np.zeros_like(SEEDS), np.full((shape, 2), 5.0), np.zeros(shape), np.zeros(shape, dtype=np.int64)
        )
        detected = found[:, 0] == LEAST_KM
        assert not detected[~is_open[:, 0]].any()
        assert detected[is_open[:, 0]].mean() == pytest.approx(0.7, abs=0.1)


def test_windows_open_and_close_when_it_is_said() -> None:
    sky = Sky(5)
    is_open, left = sky.changes(ONE, at(0))
    for minute in range(1, 200):
        opened, after = sky.changes(ONE, at(minute))
        changed = left == 1
        assert ((opened != is_open) == changed).all()
        assert (after[~changed] == left[~changed] - 1).all()
        is_open, left = opened, after
    every = np.array([sky.changes(ONE, at(minute))[0][0] for minute in range(20)])
    assert every[:, 0].sum() == 12, "the first object is to be seen 12 of 20 minutes"


def test_alerts_come_as_announced_and_count_more() -> None:
    sky = Sky(6)
    for minute in range(100):
        now, later, ahead = sky.alerts(ONE, at(minute))
        assert 1 <= ahead[0] <= ALERT
        assert sky.alerts(ONE, at(minute) + ahead)[0] == later
        weights = sky.weights(ONE, at(minute))[0]
        assert weights[now[0]] == ALERT_WEIGHT
        assert weights.sum() == ALERT_WEIGHT + 5
    having = np.bincount(sky.alerts(SEEDS, np.zeros_like(SEEDS))[0], minlength=6)
    assert having == pytest.approx([500 / 6] * 6, abs=35)


def test_what_is_seen() -> None:
    sky = Sky(3)
    seed, minute = np.array(5), np.array(4)
    (is_open, left), (now, later, ahead) = sky.changes(seed, minute), sky.alerts(seed, minute)
    seen = sky.seen(seed, minute, np.array([1.0, 2.5, 10.0]), np.array(10.0)).reshape(3, FEATURES)
    assert seen[:, 0].tolist() == pytest.approx([0.1, 0.25, 1.0])
    assert seen[:, 1].tolist() == is_open.tolist()
    assert seen[:, 2] == pytest.approx(left / [20, 24, 28])
    assert seen[:, 3] == pytest.approx([-10 / 180, 127.5077640 / 180, -94.9844719 / 180])
    assert np.flatnonzero(seen[:, 4]).tolist() == [now]
    assert seen[later, 5] == pytest.approx(1 - (ahead - 1) / 15)
    assert np.count_nonzero(seen[:, 5]) == 1


@settings(max_examples=30)
@given(data=st.data())
def test_the_grid_in_one_piece_equals_single_ones(data: st.DataObject) -> None:
    objects, places = data.draw(st.integers(2, 7)), st.lists(st.booleans(), min_size=6, max_size=6)
    description = environments.describe(ID, {"objects": objects})
    grids: list[Grid] = [grid(description, 2, 3) for grid in (SensorTaskingGrid, GymnasiumGrid)]
    assert type(environments.make(description, 2, 3)) is SensorTaskingGrid
    drawn = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    begin = chosen = np.ones((2, 3), dtype=np.bool_)
    for _ in range(data.draw(st.integers(1, 3))):
        seeds = drawn.integers(0, 2**31, (2, 3))
        for grid in grids:
            grid.reset(seeds, begin)
        for _ in range(data.draw(st.integers(1, 20))):
            assert (grids[0].observations == grids[1].observations).all()
            actions = drawn.integers(0, objects + 1, (2, 3))
            chosen = np.array(data.draw(places)).reshape(2, 3)
            for one, other in zip(grids[0].step(actions, chosen), grids[1].step(actions, chosen), strict=True):
                assert one.dtype == other.dtype
                assert (one == other).all()
        begin = chosen


def test_an_episode_is_cut_at_its_limit_alike() -> None:
    description, one = environments.describe(ID, {}), np.ones((1, 1), dtype=np.bool_)
    for grid in (SensorTaskingGrid(description, 1, 1), GymnasiumGrid(description, 1, 1)):
        grid.reset(np.array([[3]]), one)
        ends = [grid.step(np.array([[0]]), one)[1:] for _ in range(MAX_EPISODE_STEPS)]
        assert [bool(cut[0, 0]) for _, cut in ends] == [False] * (MAX_EPISODE_STEPS - 1) + [True]
        assert not any(ended[0, 0] for ended, _ in ends)


def test_the_next_episode_of_its_own_stream_is_another() -> None:
    environment = SensorTasking()
    first, _ = environment.reset(seed=1)
    second, _ = environment.reset()
    assert (first != second).any()
    assert (environment.reset(seed=1)[0] == first).all()


def planned(seeds: NDArray[np.int64], objects: int) -> sensor_baselines.Act:
    """Where most is gained for each minute of turning and looking, alerts that are to come included."""
    sky = Sky(objects)

    def act(observations: NDArray[np.float32]) -> NDArray[np.int64]:
        uncertainty, is_open, left, bearing, alert, near = np.moveaxis(
            observations.reshape(*observations.shape[:2], objects, FEATURES), -1, 0
        )
        minutes = np.maximum(1, np.ceil(np.abs(bearing) * 180 / TURN_DEG - 1e-4))
        reached = np.where(is_open > 0, left * sky.periods >= minutes, left * sky.periods <= minutes)
        gained = (1 + 9 * alert + 5 * near) * (uncertainty * MOST_KM + sky.growth * minutes - LEAST_KM)
        worth = np.where(reached, gained / (minutes + 1), 0.0)
        return np.where(worth.max(-1) > 0, worth.argmax(-1), objects)

    return act


def test_planning_ahead_beats_greed_and_turns_and_they_beat_chance() -> None:
    seeds = range(60)
    means = {name: sensor_baselines.returns(each, seeds).mean() for name, each in sensor_baselines.BASELINES.items()}
    ahead = sensor_baselines.returns(planned, seeds).mean()
    assert means["random"] * 0.7 < min(means["round-robin"], means["greedy"])
    assert max(means["round-robin"], means["greedy"]) * 0.8 < ahead


@pytest.mark.parametrize("name", sensor_baselines.BASELINES)
def test_the_return_of_a_baseline_belongs_to_its_seed(name: str) -> None:
    baseline = sensor_baselines.BASELINES[name]
    together = sensor_baselines.returns(baseline, [4, 5, 6])
    assert together[1:2] == pytest.approx(sensor_baselines.returns(baseline, [5]))
    assert len(set(together)) == 3
