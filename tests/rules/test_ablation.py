"""Ablation of made-up functions, of which it is known what makes the difference."""

import random
from collections.abc import Callable, Sequence
from itertools import count

import pytest

from tuning.rules.ablation import Ablation, Changes, ablate, most_trained
from tuning.rules.comparison import Sample
from tuning.rules.objective import Direction

Score = Callable[[Changes], float]


def found(names: str, score: Score, noise: float = 0.1, direction: Direction = "maximize", seed: int = 0) -> Ablation:
    """The ablation of a function of the changes that are made, with ten noisy scores of each configuration."""
    draws, asked = random.Random(seed), list[Changes]()

    def train(configurations: Sequence[Changes]) -> list[Sample]:
        asked.extend(configurations)
        return [[score(each) + draws.gauss(0, noise) for _ in range(10)] for each in configurations]

    answer = ablate(list(names), train, direction, seed)
    assert len(asked) == len(set(asked)) == answer.trained <= most_trained(len(names))
    return answer


def linear(**parts: float) -> Score:
    return lambda changes: sum(parts[name] for name in changes)


def path(answer: Ablation) -> list[str]:
    return ["".join(step.changes) for step in answer.path]


def test_effects_that_add_are_named_in_the_order_of_their_size() -> None:
    answer = found("abc", linear(a=100, b=1, c=10))
    assert answer.cause == ("a", "c", "b")
    assert path(answer) == ["a", "c", "b"]
    assert [round(step.difference.difference) for step in answer.path] == [100, 10, 1]
    assert all(
        step.difference.low < size < step.difference.high for step, size in zip(answer.path, [100, 10, 1], strict=True)
    )
    assert {name: round(each.difference) for name, each in answer.alone.items()} == {"a": 100, "b": 1, "c": 10}


@pytest.mark.parametrize("seed", range(5))
def test_both_directions_agree_where_effects_add(seed: int) -> None:
    answer = found("abcd", linear(a=5, b=-2, c=3, d=0), seed=seed)
    for name, size in {"a": 5, "b": -2, "c": 3, "d": 0}.items():
        assert answer.alone[name].difference == pytest.approx(size, abs=0.3)
        assert answer.undone[name].difference == pytest.approx(size, abs=0.3)


def test_what_is_less_than_the_noise_is_left_to_the_end() -> None:
    answer = found("abcd", linear(a=100, b=0.01, c=0, d=30), noise=3)
    assert path(answer) == ["a", "d", "bc"]
    assert answer.cause == ("a", "d")
    assert set(answer.minimal) == {"a", "d"}
    assert answer.path[-1].difference.towards == 0


def test_of_a_pair_neither_helps_alone() -> None:
    answer = found("abcd", lambda changes: 50.0 * ({"b", "d"} <= changes))
    assert answer.together == (("b", "d"),)
    assert path(answer)[0] == "bd"
    assert answer.cause == ("b", "d") == answer.minimal
    assert answer.alone["b"].towards == answer.alone["d"].towards == 0
    assert answer.undone["b"].towards == answer.undone["d"].towards == 1


def test_an_exclusive_or_is_named_as_a_pair() -> None:
    """One of two changes makes it worse, and both are as good as B."""
    answer = found("abc", lambda changes: 10.0 * ("c" in changes) - 20.0 * (("a" in changes) != ("b" in changes)))
    assert answer.alone["a"].towards == answer.alone["b"].towards == -1
    assert answer.cause == ("c",) == answer.minimal
    worse = found("ab", lambda changes: 30.0 if len(changes) == 2 else -20.0 * len(changes))
    assert worse.together == (("a", "b"),)
    assert worse.cause == ("a", "b")


def test_three_that_need_each_other_are_named_together() -> None:
    answer = found("abcde", lambda changes: 50.0 * ({"a", "c", "e"} <= changes))
    assert answer.together == (("a", "c", "e"),)
    assert answer.minimal == ("a", "c", "e")


def test_equal_configurations_have_no_cause() -> None:
    answer = found("abc", lambda changes: 1.0, noise=1)
    assert answer.cause is None
    assert (answer.path, answer.minimal, answer.trained) == ((), (), 2)
    close = found("abc", linear(a=0.3, b=0, c=0), noise=1, seed=3)
    assert close.cause is None
    assert close.more_seeds is None or close.more_seeds > 0


def test_a_difference_for_the_worse_is_found_as_well() -> None:
    answer = found("abc", linear(a=-100, b=3, c=-10))
    assert answer.cause == ("a", "c")
    assert answer.between.towards == -1


def test_losses_are_better_where_they_are_lower() -> None:
    answer = found("abc", linear(a=-100, b=0, c=-10), direction="minimize")
    assert answer.cause == ("a", "c")
    assert (answer.between.towards, round(answer.between.difference)) == (1, -110)


def test_trainings_that_diverged_count_as_the_worst() -> None:
    def better(configurations: Sequence[Changes]) -> list[Sample]:
        good = {"a": [20.0 + n / 10 for n in range(10)], "ab": [90.0 + n / 10 for n in range(10)], "": [None] * 10}
        return [good.get("".join(sorted(each)), [9.0 + n / 10 for n in range(10)]) for each in configurations]

    answer = ablate(["a", "b"], better, "maximize")
    assert answer.cause == ("a", "b")
    assert (answer.a.diverged, answer.a.score) == (10, 9.0)
    nothing = ablate(["a"], lambda configurations: [[None] * 10 for _ in configurations], "maximize")
    assert nothing.cause is None


@pytest.mark.parametrize("changes", [1, 2, 3, 5, 8])
def test_it_never_trains_more_than_it_says(changes: int) -> None:
    names = "abcdefgh"[:changes]
    sizes = dict(zip(names, count(1), strict=False))
    answer = found(names, linear(**{name: 10.0 * size for name, size in sizes.items()}))
    assert path(answer) == list(reversed(names))
    assert answer.cause == tuple(reversed(names))
