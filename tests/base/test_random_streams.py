"""Streams: numbers that belong to a member, wherever it stands and in whatever order they are asked for."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.base import random_streams
from trainables.base.random_streams import CONFIRMATION, SEARCH_EVALUATION, TRAINING, Purpose, Uniforms

SEEDS = [7, 0, 2**63 - 1]


def at(seeds: list[int], positions: list[int], width: int = 3, purpose: Purpose = Purpose.ACTIONS) -> list[list[float]]:
    return Uniforms(seeds, purpose, width).at(np.array(positions)).tolist()


def test_the_same_alone_and_in_a_pack_and_at_any_place() -> None:
    packed = at(SEEDS, [5, 900, 40_000])
    assert [at([seed], [position])[0] for seed, position in zip(SEEDS, [5, 900, 40_000], strict=True)] == packed
    assert at(SEEDS[::-1], [40_000, 900, 5]) == packed[::-1]


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=30))
def test_the_order_of_asking_does_not_matter(positions: list[int]) -> None:
    stream = Uniforms([3], Purpose.SAMPLING, 200)
    asked = {position: stream.at(np.array([position]))[0].tolist() for position in positions}
    for position in sorted(asked):
        assert asked[position] == at([3], [position], 200, Purpose.SAMPLING)[0]


@pytest.mark.parametrize("width", [1, 3, 127, 128, 129, 2**16, 2**16 + 1])
def test_uniform_in_0_to_1_and_of_the_width_asked_for(width: int) -> None:
    drawn = Uniforms([1, 2], Purpose.EPISODES, width).at(np.array([0, 1]))
    assert drawn.shape == (2, width)
    assert drawn.min() >= 0
    assert drawn.max() < 1


def test_no_position_repeats_another() -> None:
    stream = Uniforms([1], Purpose.ACTIONS, 1)
    drawn = [stream.at(np.array([position]))[0, 0] for position in range(5_000)]
    assert len(set(drawn)) == 5_000
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.02)
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.05


def test_purposes_and_seeds_are_independent() -> None:
    series = {
        (seed, purpose): Uniforms([seed], purpose, 2_000).at(np.array([0]))[0]
        for seed in (0, 1, 2)
        for purpose in Purpose
    }
    for first, second in itertools.combinations(series.values(), 2):
        assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_integers_are_of_their_seed_and_purpose() -> None:
    drawn = {random_streams.integer(seed, purpose) for seed in SEEDS for purpose in Purpose}
    assert len(drawn) == len(SEEDS) * len(Purpose)
    assert all(0 <= each < 2**63 for each in drawn)
    assert random_streams.integer(7, Purpose.WEIGHTS) == random_streams.integer(7, Purpose.WEIGHTS)


@given(uniform=st.floats(0, 1, exclude_max=True), chosen=st.sampled_from([TRAINING, SEARCH_EVALUATION, CONFIRMATION]))
def test_episode_seeds_stay_in_their_range(uniform: float, chosen: tuple[int, int]) -> None:
    first, count = chosen
    seed = int(random_streams.episode_seeds(np.array([uniform]), chosen)[0])
    assert first <= seed < first + count <= 2**31


def test_training_evaluation_and_confirmation_share_no_seed() -> None:
    ranges = [range(first, first + count) for first, count in (TRAINING, SEARCH_EVALUATION, CONFIRMATION)]
    for one, other in itertools.combinations(ranges, 2):
        assert one.stop <= other.start or other.stop <= one.start


def test_evaluation_seeds_are_of_the_study_and_in_the_range_of_the_search() -> None:
    first, count = SEARCH_EVALUATION
    seeds = random_streams.evaluation_seeds(4, 1_000)
    assert seeds.shape == (1_000,)
    assert seeds.min() >= first
    assert seeds.max() < first + count
    assert (np.diff(seeds) == 1).all()
    assert (random_streams.evaluation_seeds(4, 1_000) == seeds).all()
    assert (random_streams.evaluation_seeds(5, 1_000) != seeds).any()
