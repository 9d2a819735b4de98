"""Whose fault it is that a leg could not be trained, and whether that counts as one of its tries."""

import pytest

from tuning.rules.blame import CLUSTER_TRIES, Blame


def test_what_a_training_raises_counts_and_what_the_cluster_does_never() -> None:
    blame = Blame()
    assert all(blame.counts("leg", "trial", steps) for steps in (0, 10, 20))
    assert not any(blame.counts("leg", "cluster", steps) for steps in (0, 0, 0))


@pytest.mark.parametrize(
    ("steps", "counted"),
    [
        ([0, 0], [True, True]),
        ([100, 100, 100], [False, True, True]),
        ([100, 200, 300], [False, False, False]),
        ([100, 0, 100, 101], [False, True, True, False]),
    ],
)
def test_a_worker_that_died_counts_where_its_leg_came_no_further_than_before(
    steps: list[int], counted: list[bool]
) -> None:
    blame = Blame()
    assert [blame.counts("leg", "worker", each) for each in steps] == counted


def test_legs_are_told_apart() -> None:
    blame = Blame()
    assert not blame.counts("one", "worker", 10)
    assert not blame.counts("other", "worker", 10)


def test_a_leg_that_the_cluster_fails_again_and_again_is_left_unless_it_comes_further() -> None:
    blame = Blame()
    assert [blame.is_hopeless("leg", 0) for _ in range(CLUSTER_TRIES)] == [False] * (CLUSTER_TRIES - 1) + [True]
    assert not any(blame.is_hopeless("other", steps) for steps in range(2 * CLUSTER_TRIES))
