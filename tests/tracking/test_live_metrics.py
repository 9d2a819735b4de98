"""What a page that is left open shows of a study, a point every few seconds. The clock is the test's own."""

import legs_by_hand
import pytest
import sweeps
from tracked import Clock

from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Leg, Plan
from tuning.tracking.live_metrics import EVERY_S, LiveMetrics

PLANS = [Plan(number, {}, {}, [number]) for number in range(4)]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def live(clock: Clock) -> LiveMetrics:
    live = LiveMetrics(sweeps.tiny(trials=4), clock)
    live.begun(Leg("leg", PLANS, 0, 0, 200))
    return live


def ended(live: LiveMetrics, number: int, found: Outcome) -> None:
    live.finished(PLANS[number], found, legs_by_hand.results(found.value, diverged_at=found.diverged_at))


def test_it_says_how_far_the_study_is_and_how_fast_every_few_seconds(live: LiveMetrics, clock: Clock) -> None:
    assert live.point() is None, "nobody knows yet what MLflow has"
    live.go_on(-1)
    clock.sleep(EVERY_S - 1)
    assert live.point() is None
    clock.sleep(1)
    for plan in PLANS:
        live.reported(plan, 0, [], MemberResult(100, value=float(plan.number), value_steps=50))
    none_done = {"trials_done": 0.0, "pruned": 0.0, "diverged": 0.0}
    assert live.point() == (5, {**none_done, "best": 3.0, "member_steps_per_s": 400 / EVERY_S})
    assert live.point() is None
    ended(live, 0, Outcome("complete", 7.0))
    ended(live, 1, Outcome("pruned"))
    ended(live, 2, Outcome("pruned", diverged_at=60))
    clock.sleep(2 * EVERY_S)
    told = live.point()
    assert told is not None
    assert told == (15, {"trials_done": 3.0, "pruned": 1.0, "diverged": 1.0, "best": 7.0, "member_steps_per_s": 0.0})


def test_the_last_point_is_told_whenever_it_comes_and_no_second_twice(live: LiveMetrics, clock: Clock) -> None:
    live.go_on(-1)
    clock.sleep(0.5)
    told = live.point(last=True)
    assert told is not None
    assert (told[0], "member_steps_per_s" in told[1]) == (0, False)
    assert live.point(last=True) is None


def test_a_study_that_goes_on_tells_nothing_of_seconds_that_mlflow_has(live: LiveMetrics, clock: Clock) -> None:
    for plan in PLANS:
        live.reported(plan, 0, [], MemberResult(100))
    clock.sleep(20.0)
    live.go_on(27)
    clock.sleep(EVERY_S)
    assert live.point() is None, "the clock of a study that was killed has lost some seconds"
    clock.sleep(5.0)
    told = live.point()
    assert told is not None
    assert (told[0], told[1]["member_steps_per_s"]) == (30, 0.0), "what was trained before is no speed of now"
