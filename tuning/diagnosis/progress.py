"""How the score went: too slowly, to and fro, no further, or nowhere at all."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tuning.diagnosis.curves import FEWEST_POINTS, Curve
from tuning.diagnosis.training import RETURN, Training, kind
from tuning.diagnosis.verdict import Verdict

STILL_GAINS = 0.1
"""Of all that was gained, the share that the last fifth of the budget brought where a training was cut off."""

SWINGS = 0.25
"""Noise beside all that was gained, from which on a training swings rather than learns."""

STILL = 0.05
"""Noise beside the level that it is about, below which a training stands still."""

LEARNT = 4.0
"""What was gained, in units of its noise, from which on a training has learnt anything."""

OFF = 0.1
"""Of all that was gained, the share that the end lies below the best where a training can't settle."""

STEADY_RATES = ("fixed", None)


def rules(training: Training) -> Iterator[Verdict]:
    """What the score alone tells, whatever was trained."""
    gain = training.gain
    if gain is None or len(gain) < FEWEST_POINTS or training.is_solved:
        return
    if float(np.ptp(gain.values)) <= 1e-9 * max(1.0, float(abs(gain.values).max())):
        if training.score_name == RETURN:
            yield _no_reward(training, gain)
        return
    smooth = gain.smoothed()
    gained, last = gain.gained, gain.part(0.5, 1.0)
    # About a level that nothing has changed, noise is no swing.
    swings = last.noise > max(SWINGS * gained, STILL * abs(last.end))
    if swings and _turns(last) > 0.5:
        yield _oscillating(training, last, gained)
        return
    if last.trend > 0:
        yield from _cut_off(training, smooth, gained)
    elif last.trend == 0 and len(last) >= FEWEST_POINTS and gained > LEARNT * gain.noise:
        yield from _at_the_end(training, smooth, gained)


def _no_reward(training: Training, gain: Curve) -> Verdict:
    value = float(gain.values[0])
    return Verdict(
        "no_reward",
        f"Its return was {value:g} every time: it never saw anything else to learn from.",
        "The goal is too far for random actions to find within an episode.",
        {"return": value},
        _explores_more(training),
    )


def _explores_more(training: Training) -> dict[str, Any]:
    if training.loop == "dqn":
        return {"epsilon": {"linear": {"share": 0.5, "end": 0.1}}, "n_steps": 5}
    return {"entropy_weight": 0.1} if training.loop == "reinforce" else {}


def _turns(curve: Curve) -> float:
    """The share of its points at which it turns round; two thirds of pure noise."""
    signs = np.sign(np.diff(curve.values))
    return float(np.mean(signs[1:] != signs[:-1])) if len(signs) > 1 else 0.0


def _oscillating(training: Training, last: Curve, gained: float) -> Verdict:
    return Verdict(
        "oscillating",
        f"It swings to and fro by {last.noise:.3g} where all that it gained is {gained:.3g}.",
        "Steps too large to settle: the learning rate is too high for the noise of its gradient.",
        {"noise": last.noise, "gained": gained},
        training.rate_times(0.1),
        float(last.steps[0]),
    )


def _cut_off(training: Training, smooth: Curve, gained: float) -> Iterator[Verdict]:
    """Trainings that are still under way when their budget ends."""

    def gained_in(first: float, last: float) -> float:
        values = smooth.part(first, last).values
        return float(values[-1] - values[0]) if len(values) else 0.0

    late, early = gained_in(0.8, 1.0), gained_in(0.0, 0.2)
    if gained <= 0 or late < STILL_GAINS * gained or late < 2 * smooth.noise:
        return
    evidence = {"gained": gained, "gained_in_the_last_fifth": late}
    if late > 0.5 * early:
        yield Verdict(
            "too_slow",
            f"It improves as slowly as at the beginning: the last fifth brought {late / gained:.0%} of what it gained.",
            "The learning rate is too low for the budget.",
            evidence,
            training.rate_times(3.0),
            float(smooth.steps[-1]),
        )
    yield Verdict(
        "still_improving",
        f"It was still improving when its budget ended: {late / gained:.0%} of what it gained came in the last fifth.",
        "The budget is too small.",
        evidence,
        {"budget": int(3 * training.length)},
        float(smooth.steps[-1]),
    )


def _at_the_end(training: Training, smooth: Curve, gained: float) -> Iterator[Verdict]:
    """Trainings that have come to where they stay."""
    best = int(smooth.values.argmax())
    off = float(smooth.values[best]) - smooth.end
    schedule = training.config.get("schedule", "fixed" if training.rate is not None else None)
    steady = kind(schedule) in STEADY_RATES
    if gained > 0 and off > OFF * gained and steady:
        yield Verdict(
            "slightly_off",
            f"It ends {off:.3g} below its best, at a learning rate that does not fall.",
            "The last steps are as large as the first, and keep it from settling.",
            {"best": float(abs(smooth.values[best])), "end": float(abs(smooth.end))},
            {"schedule": "cosine", "warmup": 0.05},
            float(smooth.steps[best]),
            fault=False,
        )
    elif gained > 0 and smooth.steps[best] < 0.6 * smooth.steps[-1]:
        yield Verdict(
            "plateau",
            f"Nothing was gained after step {smooth.steps[best]:,.0f}, with budget left.",
            "It is as good as these settings make it, or its steps are too large for more.",
            {"best": float(abs(smooth.values[best])), "end": float(abs(smooth.end))},
            {"schedule": "cosine"} if steady else {},
            float(smooth.steps[best]),
            fault=False,
        )
