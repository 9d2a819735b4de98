"""Schedules: equal to torch's, bounded, continuous where they should be, the same at every budget."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    OneCycleLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

from trainables.optimisation import schedules
from trainables.optimisation.schedules import Cosine, Exponential, Fixed, Kind, OneCycle, Plateau, Schedule, Step

STEPS = 100

REFERENCES: list[tuple[Kind, Callable[[torch.optim.Optimizer, int], LRScheduler]]] = [
    (Fixed(), lambda optimizer, steps: ConstantLR(optimizer, factor=1.0)),
    (Step(factor=0.5, every=0.25), lambda optimizer, steps: StepLR(optimizer, steps // 4, 0.5)),
    (Step(factor=0.9, every=0.1), lambda optimizer, steps: StepLR(optimizer, steps // 10, 0.9)),
    (Exponential(final=0.01), lambda optimizer, steps: ExponentialLR(optimizer, 0.01 ** (1 / steps))),
    (Cosine(), lambda optimizer, steps: CosineAnnealingLR(optimizer, steps)),
    (Cosine(floor=0.1), lambda optimizer, steps: CosineAnnealingLR(optimizer, steps, eta_min=0.1)),
    (Cosine(periods=4), lambda optimizer, steps: CosineAnnealingWarmRestarts(optimizer, steps // 4)),
    (
        Cosine(floor=0.2, periods=10),
        lambda optimizer, steps: CosineAnnealingWarmRestarts(optimizer, steps // 10, eta_min=0.2),
    ),
]
CYCLES: list[tuple[OneCycle, dict[str, float]]] = [
    (OneCycle(), {}),
    (OneCycle(rise=0.5), {"pct_start": 0.5}),
    (OneCycle(rise=0.05, start=0.1, final=0.01), {"pct_start": 0.05, "div_factor": 10, "final_div_factor": 10}),
    (OneCycle(rise=0.015), {"pct_start": 0.015}),
]


def tensors(schedule: Kind, warmup: float = 0.0) -> dict[str, torch.Tensor]:
    return {name: torch.tensor(number) for name, number in schedules.numbers(schedule, warmup).items()}


def factor(schedule: Kind, warmup: float, progress: float, tick: float) -> float:
    return schedules.factor(tensors(schedule, warmup), torch.tensor(progress), torch.tensor(tick)).item()


def ours(schedule: Kind, warmup: float, steps: int) -> list[float]:
    return [factor(schedule, warmup, step / steps, 1 / steps) for step in range(steps)]


def theirs(make: Callable[[torch.optim.Optimizer], LRScheduler], steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, rates = make(optimizer), []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize(("schedule", "reference"), REFERENCES)
def test_equal_to_torchs(schedule: Kind, reference: Callable[[torch.optim.Optimizer, int], LRScheduler]) -> None:
    expected = theirs(lambda optimizer: reference(optimizer, STEPS), STEPS)
    assert ours(schedule, 0.0, STEPS) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("schedule", "settings"), CYCLES)
@pytest.mark.parametrize("steps", [67, 100, 1_000])
def test_one_cycle_equal_to_torchs(schedule: OneCycle, settings: dict[str, Any], steps: int) -> None:
    expected = theirs(
        lambda optimizer: OneCycleLR(optimizer, max_lr=1.0, total_steps=steps, cycle_momentum=False, **settings), steps
    )
    assert ours(schedule, 0.0, steps) == pytest.approx(expected, abs=1e-4)


def test_warmup_followed_by_one_cycle() -> None:
    assert ours(OneCycle(), 0.2, STEPS) == pytest.approx(
        ours(Fixed(), 0.2, STEPS)[:20] + ours(OneCycle(), 0.0, 80), abs=1e-5
    )


def factors_of(schedule: Plateau, scores: list[float]) -> list[float]:
    """The factor after each score."""
    state, factors = schedules.before_scores(), []
    for score in scores:
        state = schedules.after_score(state, tensors(schedule), torch.tensor(score, dtype=torch.float64))
        factors.append(state["factor"].item())
    return factors


eighths = st.integers(-40, 40).map(lambda number: number / 8)


@given(
    schedule=st.builds(
        Plateau,
        factor=st.sampled_from([0.5, 0.25]),
        patience=st.integers(0, 3),
        threshold=st.sampled_from([0.0, 0.125, 0.5]),
        floor=st.sampled_from([0.0, 0.1, 1.0]),
    ),
    scores=st.lists(st.one_of(eighths.map(abs), st.just(math.nan)), max_size=30),
)
def test_plateau_equal_to_torchs(schedule: Plateau, scores: list[float]) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler, expected = (
        ReduceLROnPlateau(
            optimizer,
            factor=schedule.factor,
            patience=schedule.patience,
            threshold=schedule.threshold,
            min_lr=schedule.floor,
        ),
        [],
    )
    for score in scores:
        scheduler.step(score)
        expected.append(optimizer.param_groups[0]["lr"])
    assert factors_of(schedule, scores) == pytest.approx(expected)


@given(scores=st.lists(eighths), patience=st.integers(0, 3))
def test_the_rate_falls_only_after_more_evaluations_without_a_better_score_than_are_borne(
    scores: list[float], patience: int
) -> None:
    factors = [1.0, *factors_of(Plateau(factor=0.5, patience=patience, threshold=0.0), scores)]
    for at, (before, after) in enumerate(pairwise(factors)):
        assert after in (before, before / 2)
        if after < before:
            seen = scores[: at - patience]
            assert all(score >= min(seen, default=math.inf) for score in scores[at - patience : at + 1])


def test_a_threshold_is_a_share_of_the_best_also_of_a_negative_one() -> None:
    # From -8, a return of 8 to maximise, a tenth better is -8.8 or less.
    assert factors_of(Plateau(patience=0, threshold=0.1), [-8.0, -8.7, -8.9]) == pytest.approx([1.0, 0.1, 0.1])
    assert factors_of(Plateau(patience=0, threshold=0.1), [8.0, 7.3, 7.1]) == pytest.approx([1.0, 0.1, 0.1])


def test_what_is_no_plateau_never_minds_the_score() -> None:
    state = schedules.after_score(schedules.before_scores(), tensors(Fixed()), torch.tensor(math.nan))
    assert state["factor"] == 1


def test_a_plateau_follows_the_scores_except_during_warmup() -> None:
    schedule = tensors(Plateau(), 0.5) | {"plateau": torch.tensor(0.25)}
    early, late = (schedules.factor(schedule, torch.tensor(at), torch.tensor(0.1)).item() for at in (0.1, 0.7))
    assert (early, late) == pytest.approx((0.4, 0.25))


@given(periods=st.integers(1, 50), steps=st.integers(1, 50), floor=st.floats(0, 1), at=st.data())
def test_every_period_of_a_cosine_is_the_same_and_begins_at_the_full_rate(
    periods: int, steps: int, floor: float, at: st.DataObject
) -> None:
    step, period = at.draw(st.integers(0, steps - 1)), at.draw(st.integers(0, periods - 1))
    schedule, total = Cosine(floor=floor, periods=periods), periods * steps
    found = factor(schedule, 0.0, (period * steps + step) / total, 1 / total)
    assert found == pytest.approx(factor(Cosine(floor=floor), 0.0, step / steps, 1 / steps), abs=1e-3)


@pytest.mark.parametrize(("schedule", "reference"), REFERENCES)
@pytest.mark.parametrize(
    "rising",
    [
        lambda optimizer: LinearLR(optimizer, start_factor=1 / 20, total_iters=19),
        lambda optimizer: LambdaLR(optimizer, lambda step: (step + 1) / 20),
    ],
)
@pytest.mark.filterwarnings("ignore:The epoch parameter in `scheduler.step")  # SequentialLR's own doing
def test_warmup_followed_by_any_equal_to_torchs_in_sequence(
    schedule: Kind,
    reference: Callable[[torch.optim.Optimizer, int], LRScheduler],
    rising: Callable[[torch.optim.Optimizer], LRScheduler],
) -> None:
    expected = theirs(
        lambda optimizer: SequentialLR(optimizer, [rising(optimizer), reference(optimizer, STEPS - 20)], [20]), STEPS
    )
    assert ours(schedule, 0.2, STEPS) == pytest.approx(expected, abs=1e-5)


def test_the_first_warmup_step_is_not_at_rate_zero_and_the_last_is_at_the_full_rate() -> None:
    assert ours(Fixed(), 0.4, 10) == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1, 1, 1, 1, 1])


def test_the_start_and_the_end() -> None:
    for schedule, end in (
        (Fixed(), 1.0),
        (Exponential(final=0.02), 0.02),
        (Cosine(floor=0.3), 0.3),
        (Cosine(floor=0.3, periods=3), 0.3),
    ):
        assert factor(schedule, 0.0, 0.0, 0.01) == pytest.approx(1.0)
        assert factor(schedule, 0.0, 1.0, 0.01) == pytest.approx(end, rel=1e-5)


def test_in_a_pack_each_member_has_its_own() -> None:
    pack = [
        tensors(schedule, warmup)
        for (schedule, _), warmup in zip(
            [*REFERENCES, *CYCLES], (0, 0.1, 0.2, 0, 0.5, 0, 0.3, 0, 0.1, 0, 0, 0), strict=True
        )
    ]
    stacked = {name: torch.stack([each[name] for each in pack]) for name in pack[0]}
    progress, tick = torch.linspace(0.05, 0.9, len(pack)), torch.full((len(pack),), 0.01)
    together = schedules.factor(stacked, progress, tick)
    torch.testing.assert_close(torch.func.vmap(schedules.factor)(stacked, progress, tick), together)
    alone = torch.stack([schedules.factor(each, p, t) for each, p, t in zip(pack, progress, tick, strict=True)])
    torch.testing.assert_close(together, alone)


@given(steps=st.integers(1, 5_000), every=st.data(), factor=st.floats(0.1, 1.0))
def test_a_step_down_comes_at_its_update_and_not_one_late(steps: int, every: st.DataObject, factor: float) -> None:
    size = every.draw(st.integers(1, steps))
    at = every.draw(st.integers(0, steps - 1))
    schedule = tensors(Step(factor=factor, every=size / steps))
    found = schedules.factor(schedule, torch.tensor(at / steps), torch.tensor(1 / steps)).item()
    assert found == pytest.approx(factor ** (at // size), rel=1e-3, abs=1e-30)


shares = st.floats(0, 1)
falling: st.SearchStrategy[Any] = st.one_of(
    st.just(Fixed()),
    st.builds(Step, factor=st.floats(1e-3, 1), every=st.floats(1e-3, 1)),
    st.builds(Exponential, final=st.floats(1e-6, 1)),
    st.builds(Cosine, floor=shares),
)
kinds: st.SearchStrategy[Any] = st.one_of(
    falling,
    st.builds(Cosine, floor=shares, periods=st.integers(1, 1_000)),
    st.builds(OneCycle, rise=st.floats(1e-3, 0.999), start=shares, final=shares),
    st.just(Plateau()),
)


@given(schedule=kinds, warmup=st.floats(0, 1, exclude_max=True), progress=shares, tick=shares)
def test_never_below_zero_nor_above_one(schedule: Kind, warmup: float, progress: float, tick: float) -> None:
    assert 0 <= factor(schedule, warmup, progress, tick) <= 1 + 1e-6


@given(
    schedule=st.one_of(
        st.builds(Exponential, final=st.floats(1e-4, 1)),
        st.builds(Cosine, floor=shares),
        st.builds(OneCycle, rise=st.floats(0.2, 0.8), start=st.just(1.0), final=shares),
    ),
    warmup=st.one_of(st.just(0.0), st.floats(0.01, 0.9)),
    progress=st.floats(0, 0.999),
)
def test_warmup_exponential_and_cosines_do_not_jump(schedule: Kind, warmup: float, progress: float) -> None:
    further = progress + 1e-3
    # The steepest that any of them is: the warmup's slope, the exponential's at its start, a cosine's half way.
    steepest = max(1 / warmup if warmup else 0, -math.log(1e-4) / (1 - warmup), math.pi / 2 / 0.2 / (1 - warmup))
    jump = abs(factor(schedule, warmup, further, 0.0) - factor(schedule, warmup, progress, 0.0))
    assert jump <= steepest * 1e-3 + 1e-5


@given(schedule=falling, progress=st.floats(0, 0.999))
def test_without_warmup_the_rate_never_rises(schedule: Kind, progress: float) -> None:
    assert factor(schedule, 0.0, progress + 1e-3, 1e-3) <= factor(schedule, 0.0, progress, 1e-3) + 1e-6


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cosine", Cosine()),
        ({"cosine": None}, Cosine()),
        ({"cosine": {}}, Cosine()),
        ({"cosine": {"floor": 0.1}}, Cosine(floor=0.1)),
        ({"kind": "step", "factor": 0.1}, Step(factor=0.1)),
        ({"exponential": {"final": 0.5}}, Exponential(final=0.5)),
        ({"one-cycle": {"rise": 0.5}}, OneCycle(rise=0.5)),
        ({"plateau": {"patience": 3}}, Plateau(patience=3)),
    ],
)
def test_written_by_name_with_or_without_settings(written: object, meant: Kind) -> None:
    assert TypeAdapter(Schedule).validate_python(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "cosin",
        {"cosine": {"flor": 0.1}},
        {"cosine": {"floor": -0.1}},
        {"cosine": {"floor": 1.1}},
        {"exponential": {"final": 0}},
        {"step": {"every": 0}},
        {"step": {"factor": 1.5}},
        {"cosine": {"periods": 0}},
        {"cosine": {"periods": 1.5}},
        {"one-cycle": {"rise": 0}},
        {"one_cycle": {}},
        {"plateau": {"patience": -1}},
        {"plateau": {"factor": 1}},
        {"cosine": {}, "step": {}},
        {"cosine": 0.1},
        3,
        {},
    ],
)
def test_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Schedule).validate_python(written)
