"""Learning of values (DQN): what its targets, its exploration and the beginning of its updates do to it."""

from collections.abc import Iterator
from typing import Any

from tuning.diagnosis.curves import Curve, side_by_side
from tuning.diagnosis.training import BELIEVED, EPSILON, HAD, RETURN, VALUE, Training
from tuning.diagnosis.verdict import Verdict

OVERESTIMATED = 2.0
"""Mean values this many times the largest return ever had can't be true, nor a first state's value so many times what
its episode came to."""

TARGET_SLOW, TARGET_FAST = 0.1, 10.0
"""Of the budget between two copies of the target network: too long; and updates between them: too few."""

LATE = 0.3
"""The share of the budget after which learning begins too late."""

EXPLORED, NEVER_OVER = 0.02, 0.3
"""The share of the budget within which exploration is over too soon; and the epsilon of one that is never over."""


def rules(training: Training) -> Iterator[Verdict]:
    """What curves and settings tell of a DQN that did not get where it should."""
    if training.loop != "dqn" or training.is_solved:
        return
    yield from _overestimated(training)
    yield from _target(training)
    yield from _exploration(training)
    yield from _late(training)


def _overestimated(training: Training) -> Iterator[Verdict]:
    if (believed := training.curve(BELIEVED)) is not None and (had := training.curve(HAD)) is not None:
        yield from _believed(training, believed, had)
        return
    values, returns = training.curve(VALUE), training.curve(RETURN)
    if values is None or returns is None:
        return
    most = float(abs(returns.values).max()) * float(training.config.get("reward_scale", 1.0))
    largest = float(abs(values.values).max())
    if largest > OVERESTIMATED * max(most, 1e-9):
        at = float(values.steps[int((abs(values.values) > OVERESTIMATED * most).argmax())])
        yield Verdict(
            "values_overestimated",
            f"It believes in values of {largest:.3g} where no return was ever beyond {most:.3g}.",
            "Errors of its values feed on themselves through the maximum in their targets.",
            {"largest_value": largest, "largest_return": most},
            {"double": True, "target_network": True},
            at,
        )


def _believed(training: Training, believed: Curve, had: Curve) -> Iterator[Verdict]:
    """What it believes the first states are worth, against what their episodes came to (van Hasselt et al., 2016)."""
    believed, had = side_by_side(believed, had)
    if not len(had):
        return
    size = max(float(abs(had.values).max()), 1e-9)
    beyond, at = float((believed.smoothed().values - had.smoothed().values).max()), believed.smoothed()
    if beyond > OVERESTIMATED * size:
        yield Verdict(
            "values_overestimated",
            f"It believes that an episode is worth {float(at.values.max()):.3g}, where none was ever worth more than "
            f"{size:.3g}.",
            "Errors of its values feed on themselves through the maximum in their targets.",
            {"believed": float(at.values.max()), "had": size},
            {"double": True, "target_network": True},
            float(at.steps[int(at.values.argmax())]),
        )


def _target(training: Training) -> Iterator[Verdict]:
    config = training.config
    interval, tau = config.get("target_interval"), float(config.get("target_tau", 1.0))
    if config.get("target_network") is False and training.diverged is None:
        yield Verdict(
            "target_missing",
            "Each of its updates moves the target of the next.",
            "There is no target network.",
            patch={"target_network": True},
        )
    if not isinstance(interval, int | float) or config.get("target_network") is False:
        return
    lag = interval / tau
    right = {"target_interval": max(1, round(training.length / 100)), "target_tau": 1.0}
    updates = lag * float(config.get("gradient_steps", 1)) / float(config.get("train_frequency", 1))
    if lag > TARGET_SLOW * training.length:
        yield Verdict(
            "target_too_slow",
            f"Its target network follows {lag:,.0f} steps behind, {lag / training.length:.0%} of the budget.",
            "The target network is copied too seldom.",
            {"lag_steps": lag},
            right,
        )
    elif updates < TARGET_FAST:
        yield Verdict(
            "target_too_fast",
            f"Its target network is {updates:.1f} updates behind: as good as none.",
            "The target network is copied too often.",
            {"lag_updates": updates},
            right,
        )


def _exploration(training: Training) -> Iterator[Verdict]:
    epsilon = training.curve(EPSILON)
    if epsilon is None or len(epsilon) < 3:
        return
    lowest = float(epsilon.values.min())
    over = epsilon.steps[int((epsilon.values <= lowest + 1e-6).argmax())]
    starts = float(training.config.get("learning_starts", 0))
    right: dict[str, Any] = {"epsilon": {"linear": {"share": 0.3, "end": 0.05}}}
    if epsilon.end > NEVER_OVER:
        yield Verdict(
            "exploration_never_over",
            f"At the end it still acts at random {epsilon.end:.0%} of the time.",
            "Epsilon does not fall far enough.",
            {"epsilon": epsilon.end},
            right,
        )
    elif over <= max(starts, EXPLORED * training.length):
        yield Verdict(
            "exploration_too_short",
            f"It stopped exploring by step {over:,.0f}, before it had learnt anything to use.",
            "Epsilon falls too soon.",
            {"explored_until": float(over), "learning_starts": starts},
            right,
            float(over),
        )


def _late(training: Training) -> Iterator[Verdict]:
    starts = float(training.config.get("learning_starts", 0))
    if starts > LATE * training.length:
        yield Verdict(
            "learning_starts_too_late",
            f"It learnt nothing for the first {starts / training.length:.0%} of its budget.",
            "learning_starts is too large for the budget.",
            {"learning_starts": starts, "budget": training.length},
            {"learning_starts": max(1, round(0.03 * training.length))},
            starts,
        )
