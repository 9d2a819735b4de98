"""The size of gradients, and what clipping does to them."""

from collections.abc import Iterator

from tuning.diagnosis.curves import level
from tuning.diagnosis.divergence import SAFE_NORM
from tuning.diagnosis.training import CLIPPED, LOSS, NORM, Training
from tuning.diagnosis.verdict import Verdict

VANISHED = 1e-7
"""A mean gradient norm below this moves nothing (as Amazon SageMaker Debugger has it)."""

EXPLODED = 100.0
"""A gradient norm this many times its usual one."""

ALWAYS, NEVER = 0.95, 0.001
"""Shares of updates that are clipped."""


def rules(training: Training) -> Iterator[Verdict]:
    """Exploding and vanishing gradients; `max_norm` that does nothing, or everything."""
    norm = training.curve(NORM)
    if norm is not None and len(norm) >= 3:
        usual, largest = level(norm.values), float(norm.values.max())
        if usual > 0 and largest > EXPLODED * usual and float(norm.end) > EXPLODED / 10 * norm.start:
            yield Verdict(
                "exploding_gradients",
                f"Gradients grew to {largest:.3g}, {largest / usual:,.0f} times their usual size.",
                "Errors that feed on themselves, and a max_norm that does not hold them.",
                {"usual": usual, "largest": largest},
                {"max_norm": SAFE_NORM.get(training.loop or "", 1.0)},
                float(norm.steps[int(norm.values.argmax())]),
            )
        if norm.end < VANISHED and not _nothing_left(training):
            yield Verdict(
                "vanishing_gradients",
                f"Gradients have all but vanished: {norm.end:.2g}.",
                "Units that are saturated or dead, or a network too deep for how it begins.",
                {"gradient_norm": norm.end},
                {"initialisation": "orthogonal", "activation": "tanh", "layer_norm": True},
                float(norm.steps[-1]),
            )
    yield from _clipping(training)


def _nothing_left(training: Training) -> bool:
    """Whether the loss is so small beside where it began that gradients have to be."""
    loss = training.curve(LOSS)
    return training.is_solved or (loss is not None and abs(loss.end) < 1e-6 * max(abs(loss.start), 1e-12))


def _clipping(training: Training) -> Iterator[Verdict]:
    shares, limit = training.curve(CLIPPED), training.config.get("max_norm", "unknown")
    if shares is None or limit is None or len(shares) < 3:
        return
    share = float(shares.values.mean())
    if share > ALWAYS:
        patch = {"max_norm": float(f"{10 * limit:.3g}")} if isinstance(limit, int | float) else {}
        yield Verdict(
            "max_norm_in_charge",
            f"{share:.0%} of its updates were clipped: max_norm sets the size of every step.",
            "max_norm lies below nearly all gradients.",
            {"clipped_share": share},
            patch,
            fault=False,
        )
    elif share < NEVER and limit != "unknown":
        yield Verdict(
            "max_norm_inert",
            "No gradient ever reached max_norm.",
            "max_norm lies above all gradients, and does nothing.",
            {"clipped_share": share},
            fault=False,
        )
