"""Schedules: equal to torch's, bounded, continuous where they should be, the same at every budget."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from torch.optim.lr_scheduler import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    SequentialLR,
    StepLR,
)

from trainables import schedules
from trainables.schedules import Cosine, Exponential, Fixed, Schedule, Step

STEPS = 100
Kind = Fixed | Step | Exponential | Cosine

REFERENCES: list[tuple[Kind, Callable[[torch.optim.Optimizer, int], LRScheduler]]] = [
    (Fixed(), lambda optimizer, steps: ConstantLR(optimizer, factor=1.0)),
    (Step(factor=0.5, every=0.25), lambda optimizer, steps: StepLR(optimizer, steps // 4, 0.5)),
    (Step(factor=0.9, every=0.1), lambda optimizer, steps: StepLR(optimizer, steps // 10, 0.9)),
    (Exponential(final=0.01), lambda optimizer, steps: ExponentialLR(optimizer, 0.01 ** (1 / steps))),
    (Cosine(), lambda optimizer, steps: CosineAnnealingLR(optimizer, steps)),
    (Cosine(floor=0.1), lambda optimizer, steps: CosineAnnealingLR(optimizer, steps, eta_min=0.1)),
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
    for schedule, end in ((Fixed(), 1.0), (Exponential(final=0.02), 0.02), (Cosine(floor=0.3), 0.3)):
        assert factor(schedule, 0.0, 0.0, 0.01) == pytest.approx(1.0)
        assert factor(schedule, 0.0, 1.0, 0.01) == pytest.approx(end, rel=1e-5)


def test_in_a_pack_each_member_has_its_own() -> None:
    pack = [
        tensors(schedule, warmup) for (schedule, _), warmup in zip(REFERENCES, (0, 0.1, 0.2, 0, 0.5, 0), strict=True)
    ]
    stacked = {name: torch.stack([each[name] for each in pack]) for name in pack[0]}
    progress, tick = torch.linspace(0.05, 0.9, len(pack)), torch.full((len(pack),), 0.01)
    together = torch.func.vmap(schedules.factor)(stacked, progress, tick)
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
kinds: st.SearchStrategy[Any] = st.one_of(
    st.just(Fixed()),
    st.builds(Step, factor=st.floats(1e-3, 1), every=st.floats(1e-3, 1)),
    st.builds(Exponential, final=st.floats(1e-6, 1)),
    st.builds(Cosine, floor=shares),
)


@given(schedule=kinds, warmup=st.floats(0, 1, exclude_max=True), progress=shares, tick=shares)
def test_never_below_zero_nor_above_one(schedule: Kind, warmup: float, progress: float, tick: float) -> None:
    assert 0 <= factor(schedule, warmup, progress, tick) <= 1 + 1e-6


@given(
    schedule=st.one_of(st.builds(Exponential, final=st.floats(1e-4, 1)), st.builds(Cosine, floor=shares)),
    warmup=st.one_of(st.just(0.0), st.floats(0.01, 0.9)),
    progress=st.floats(0, 0.999),
)
def test_warmup_exponential_and_cosine_do_not_jump(schedule: Kind, warmup: float, progress: float) -> None:
    further = progress + 1e-3
    # The steepest that any of them is: the warmup's slope, the exponential's at its start, the cosine's half way.
    steepest = max(1 / warmup if warmup else 0, -math.log(1e-4) / (1 - warmup), math.pi / 2 / (1 - warmup))
    jump = abs(factor(schedule, warmup, further, 0.0) - factor(schedule, warmup, progress, 0.0))
    assert jump <= steepest * 1e-3 + 1e-5


@given(schedule=kinds, progress=st.floats(0, 0.999))
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
        {"cosine": {}, "step": {}},
        {"cosine": 0.1},
        3,
        {},
    ],
)
def test_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Schedule).validate_python(written)
