"""Mending of made-up trainings, of which it is known what is wrong with them."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tuning.rules.comparison import Sample
from tuning.rules.mending import Course, Mending, Prescription, gathered, mend, merged

Config = dict[str, Any]
SOUND: Config = {"rate": 1, "clip": True, "target": True, "wide": True}


def found(
    broken: Config,
    score: Callable[[Config], float | None],
    prescribe: Callable[[Config], list[tuple[str, Config]]],
    rounds: int = 3,
    noise: float = 1.0,
) -> tuple[Mending, list[Config]]:
    """What mends a broken configuration, and all that were trained for it."""
    draws, trained = random.Random(0), list[Config]()

    def config(course: Course) -> Config:
        return {**broken, **merged(course)}

    def train(courses: Sequence[Course], why: str) -> list[Sample]:
        trained.extend(map(config, courses))
        value = [score(config(course)) for course in courses]
        return [[None if each is None else each + draws.gauss(0, noise) for _ in range(10)] for each in value]

    def prescribed(course: Course) -> list[Prescription]:
        before = config(course)
        return [each for each in gathered(prescribe(before)) if {**before, **each.patch} != before]

    answer = mend(train, prescribed, rounds, "maximize")
    assert answer.trained == len(trained)
    assert len({str(sorted(each.items())) for each in trained}) == len(trained), "nothing is trained twice"
    return answer, trained


def everything(config: Config) -> list[tuple[str, Config]]:
    return [(f"{name}_wrong", {name: value}) for name, value in SOUND.items()]


def test_the_one_patch_that_helps_is_proved_and_the_others_are_not() -> None:
    answer, _ = found(
        {**SOUND, "rate": 9, "clip": False, "wide": False}, lambda config: 100.0 / config["rate"], everything
    )
    assert merged(answer.mended) == {"rate": 1}
    proved = {each.new[0].verdicts[0]: each.proved for each in answer.tried if len(each.new) == 1}
    assert proved == {"rate_wrong": True, "clip_wrong": False, "wide_wrong": False}
    assert (round(answer.original.score), round(answer.found.score)) == (11, 100)
    assert next(each for each in answer.tried if each.proved).original.improvement == 1.0


def test_what_is_broken_in_three_places_is_mended_in_three_though_each_hides_the_others() -> None:
    broken = {"rate": 9, "clip": False, "target": False, "wide": False}

    def score(config: Config) -> float | None:
        whole = [config[name] == SOUND[name] for name in ("rate", "clip", "target")]
        return 100.0 if all(whole) else None if not any(whole) else 10.0

    answer, _ = found(broken, score, everything)
    assert merged(answer.mended) == {"rate": 1, "clip": True, "target": True}
    assert answer.original.diverged == 10
    proved = {each.new[0].verdicts[0] for each in answer.tried if each.proved and len(each.new) == 1}
    assert proved == {"rate_wrong", "clip_wrong", "target_wrong"}, "the mended one is worse without each of them"


def test_what_shows_only_later_is_mended_in_a_later_round() -> None:
    def prescribe(config: Config) -> list[tuple[str, Config]]:
        first = next((name for name in ("rate", "clip", "target") if config[name] != SOUND[name]), None)
        return [] if first is None else [(f"{first}_wrong", {first: SOUND[first]})]

    def score(config: Config) -> float:
        return 10.0 * sum(config[name] == value for name, value in SOUND.items())

    broken = {"rate": 9, "clip": False, "target": False, "wide": True}
    answer, _ = found(broken, score, prescribe)
    assert merged(answer.mended) == {"rate": 1, "clip": True, "target": True}
    assert [each.base for each in answer.tried] == [0, 1, 2]
    two, _ = found(broken, score, prescribe, rounds=2)
    assert merged(two.mended) == {"rate": 1, "clip": True}


def test_nothing_is_made_of_patches_that_do_nothing() -> None:
    answer, trained = found({**SOUND, "rate": 9, "clip": False}, lambda config: 5.0, everything)
    assert (answer.mended, answer.found) == ((), answer.original)
    assert not any(each.proved for each in answer.tried)
    assert len(trained) <= 8


def test_one_without_prescriptions_is_trained_once() -> None:
    answer, trained = found(SOUND, lambda config: 5.0, lambda config: [])
    assert (answer.tried, answer.mended, trained) == ((), (), [SOUND])


def test_what_contradicts_a_better_patch_is_not_put_together_with_it() -> None:
    verdicts = [("slow", {"rate": 3}), ("fast", {"rate": 1}), ("loose", {"clip": True})]
    answer, trained = found(
        {**SOUND, "rate": 9, "clip": False},
        lambda config: {9: 0, 3: 50, 1: 20}[config["rate"]] + 30.0 * config["clip"],
        lambda config: [each for each in verdicts if config["rate"] == 9],
    )
    assert merged(answer.mended) == {"rate": 3, "clip": True}
    assert {"rate": 1, "clip": True, "target": True, "wide": True} not in trained


def test_a_patch_that_several_verdicts_prescribe_is_one() -> None:
    (both, other) = gathered([("a", {"rate": 1}), ("b", {"clip": True}), ("c", {"rate": 1})])
    assert (both.verdicts, other.verdicts) == (("a", "c"), ("b",))


@pytest.mark.parametrize("helps", [3.0, 40.0])
def test_what_nobody_misses_is_left_out(helps: float) -> None:
    """Two patches of which either is enough."""
    answer, _ = found(
        {**SOUND, "rate": 9, "clip": False},
        lambda config: helps * (config["rate"] == 1 or config["clip"]),
        everything,
        noise=0.5,
    )
    assert len(answer.mended) == 1
