"""Trainings whose numbers leave all bounds, and what in their settings lets them."""

from collections.abc import Iterator

from tuning.diagnosis.training import LOSS, NORM, RETURN, VALIDATION, Training
from tuning.diagnosis.verdict import Verdict

BLOWN_UP = 1e3
"""A loss or a gradient this many times its usual size is on its way out of all bounds."""

SAFE_NORM = {"supervised": 1.0, "reinforce": 1.0, "dqn": 10.0}
"""What gradients are clipped to at first: 1 for supervised training, 1 to 10 for reinforcement learning."""

LARGE_RETURN = 20.0
"""Returns of this size make errors of this size, whose squares drive a training from its first update."""


def rules(training: Training) -> Iterator[Verdict]:
    """Divergence, and which settings let it happen, those that are most often to blame first."""
    step = training.diverged if training.diverged is not None else _exploded(training)
    if step is None:
        return
    evidence = {"step": step, **_levels(training, step)}
    yield from _missing(training, step, evidence)
    what = training.reason or (
        "a number is no longer finite" if training.diverged is not None else "the loss leaves all bounds"
    )
    yield Verdict(
        "diverged",
        f"It diverged at step {step:,.0f}: {what}.",
        "Steps too large for this loss: the learning rate is too high.",
        evidence,
        training.rate_times(0.1),
        step,
    )
    if _unclipped(training):
        limit = SAFE_NORM.get(training.loop or "", 1.0)
        yield Verdict(
            "gradients_unclipped",
            "Nothing bounded its gradients when they grew.",
            "Gradients are not clipped, or only far above their usual size.",
            evidence,
            {"max_norm": limit},
            step,
        )


def _exploded(training: Training) -> float | None:
    """Where the loss begins to be far above where it was, for good."""
    loss = training.curve(LOSS) or training.curve(VALIDATION)
    if loss is None or len(loss) < 3:
        return None
    usual = abs(loss.part(0.0, 0.3).values).min()
    beyond = abs(loss.values) > BLOWN_UP * max(usual, 1e-12)
    return float(loss.steps[int(beyond.argmax())]) if beyond[-1] else None


def _levels(training: Training, step: float) -> dict[str, float]:
    """What loss and gradients were at first, and last before the end."""
    found: dict[str, float] = {}
    for key, name in (("loss", LOSS), ("gradient_norm", NORM)):
        if (curve := training.curve(name)) is not None:
            found |= {f"{key}_at_first": float(curve.values[0]), f"{key}_at_last": float(curve.values[-1])}
    return found if training.rate is None else found | {"learning_rate": training.rate}


def _missing(training: Training, step: float, evidence: dict[str, float]) -> Iterator[Verdict]:
    """What keeps errors from feeding on themselves, and is switched off."""
    config = training.config
    if config.get("target_network") is False:
        yield Verdict(
            "target_missing",
            "It chases its own values: each update moves the target of the next.",
            "There is no target network.",
            evidence,
            {"target_network": True},
            step,
        )
    if config.get("reduction") == "sum":
        yield Verdict(
            "loss_summed",
            "Its steps grow with the batch.",
            "The loss is the sum over the batch, not the mean.",
            evidence,
            {"reduction": "mean"},
            step,
        )
    if config.get("standardise") is False:
        yield Verdict(
            "input_scale",
            "Its inputs come in whatever size they have.",
            "Features are not standardised.",
            evidence,
            {"standardise": True},
            step,
        )
    returns = training.curve(RETURN)
    scale = config.get("reward_scale", 1.0)
    if config.get("loss") == "squared" and returns is not None and scale * abs(returns.values).max() > LARGE_RETURN:
        largest = float(abs(returns.values).max())
        yield Verdict(
            "reward_scale",
            f"Returns of up to {largest:,.0f} make errors of that size, and their squares drive the training.",
            "Rewards are too large for a squared loss.",
            evidence | {"largest_return": largest},
            {"loss": "huber"},
            step,
        )


def _unclipped(training: Training) -> bool:
    if "max_norm" not in training.config:
        return False
    limit, norm = training.config["max_norm"], training.curve(NORM)
    return limit is None or (norm is not None and limit > 100 * float(norm.part(0.0, 0.3).values.min()))
