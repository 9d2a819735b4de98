"""Settings far outside of what works, of trainings that did not get where they should."""

import math
from collections.abc import Iterator
from typing import Any

from tuning.diagnosis.training import DEPENDENCE, KINDS, LOSS, RETURN, UPDATES, VALIDATION, Training
from tuning.diagnosis.verdict import Verdict

SHORT_SIGHT = 10.0
"""Steps that gamma should look ahead at least, 1 / (1 - gamma), where episodes are as long."""

FEW_UPDATES = 0.02
"""Updates for each step of the budget, from which on a DQN has learnt from too little."""

SMALL_MEMORY = 0.05
"""The share of the budget that a memory should hold at least."""

NARROW = 4
"""Units of a hidden layer that are a bottleneck."""

ENCODER = "OneHotObservation"
"""The wrapper that makes unit vectors of whole numbers."""

LOOKS_AWAY = 0.3
"""The share of its decisions that depends on the input, below which a policy tells little of it apart."""

TOO_WIDE = 2.0
"""First weights are meant to lie within 1 / sqrt(n) of zero behind a layer of n units, as torch has them (LeCun et al.,
1998, "Efficient BackProp", section 4.6); this many times as much is too far."""

STRONG_DECAY, STRONG_DROPOUT = 0.03, 0.7

HELD_BACK = 2.0
"""A training loss so many times that of validation is of a network that is never all there while it learns."""

HEAVY = 50.0
"""A weight of the values' error beside the policy's loss that nobody means."""

MOST_TO_VALIDATE = 0.6
"""The share of the rows that may be kept to validate on."""

FEW_STEPS = 300
"""Updates below which a network has hardly begun."""


def rules(training: Training) -> Iterator[Verdict]:
    """What is so far from usual that it is likely to blame."""
    if training.diverged is not None or not training.fell_short:
        return
    yield from _encoding(training)
    yield from _network(training)
    yield from _held_back(training)
    yield from _rewards(training)
    if training.loop == "dqn":
        yield from _memory(training)
    if training.loop in ("dqn", "reinforce") and training.optimizer == "sgd":
        yield Verdict(
            "plain_gradient_descent",
            "All its weights move at one rate, whatever the size of their gradients.",
            "Plain gradient descent; errors of values and of policies differ in size by orders of magnitude.",
            patch={"optimizer": "adam", "learning_rate": 0.001},
        )
    if training.loop == "reinforce":
        yield from _value_weight(training)
        yield from _updates(training)
    if training.loop == "supervised":
        yield from _rows(training)


def _encoding(training: Training) -> Iterator[Verdict]:
    kinds, dependence = training.curve(KINDS), training.curve(DEPENDENCE)
    wrappers = training.config.get("wrappers")
    if kinds is None or not isinstance(wrappers, list | tuple) or ENCODER in wrappers:
        return
    # Counts of things are whole numbers too, and sizes. So it is said only of what is known to fail.
    if training.solved is not None or (dependence is not None and dependence.end < LOOKS_AWAY):
        yield Verdict(
            "input_as_number",
            f"Its observations are whole numbers, {kinds.end:.0f} values in all, which it takes for sizes.",
            "If each value stands for something else, neighbours look alike to it; a unit vector a value tells them "
            "apart.",
            {"input_kinds": kinds.end},
            {"wrappers": [*wrappers, ENCODER]},
        )


def _network(training: Training) -> Iterator[Verdict]:
    hidden, bound = training.config.get("hidden"), _first_weights(training.config.get("initialisation"))
    # Of observations that are unit vectors a layer alone can tell anything.
    layers = hidden if hidden or training.loop == "supervised" else None
    if isinstance(layers, list | tuple) and min(layers, default=0) < NARROW:
        least = min(layers, default=0)
        yield Verdict(
            "network_too_small",
            f"A hidden layer of its network has {least} unit{'s' * (least > 1)}."
            if layers
            else "Its network has no hidden layer: its outputs are straight lines of its inputs.",
            "The network is too small to fit anything but the simplest.",
            {"units": float(least)},
            {"hidden": [64, 64]},
        )
    widest = max(layers, default=0) if isinstance(layers, list | tuple) else 0
    if bound is not None and (bound >= 1.0 or bound <= 1e-3 or bound * math.sqrt(widest) > TOO_WIDE):
        yield Verdict(
            "first_weights",
            f"Its weights began within {bound:g} of zero, whatever the width of a layer.",
            "All units begin alike, near zero."
            if bound <= 1e-3
            else "Weights that are too large drown what is learnt.",
            {"bound": bound, "widest_layer": float(widest)},
            {"initialisation": "torch"},
        )


def _first_weights(option: Any) -> float | None:
    """The bound of uniform weights; None of other ways to begin, which go by the width of layers."""
    if isinstance(option, dict) and "uniform" in (option.get("kind"), next(iter(option), None)):
        within = option if "bound" in option else option.get("uniform", {})
        return float(within.get("bound", 0.5))
    return None


def _held_back(training: Training) -> Iterator[Verdict]:
    decay, dropout = _decay(training), float(training.config.get("dropout") or 0.0)
    if decay > STRONG_DECAY and training.optimizer != "adamw":
        yield Verdict(
            "weight_decay_too_strong",
            f"Its weights decay by a penalty of {decay:g}.",
            "Weight decay holds the network back.",
            {"weight_decay": decay},
            {"optimizer": {training.optimizer or "adam": {"weight_decay": 0.0}}},
        )
    loss, validation = training.curve(LOSS), training.curve(VALIDATION)
    apart = loss.end / validation.end if loss and validation and validation.end > 0 else 1.0
    if dropout > STRONG_DROPOUT or (dropout and apart > HELD_BACK):
        yield Verdict(
            "dropout_too_strong",
            f"Each update leaves out {dropout:.0%} of its hidden units; its training loss is {apart:.1f} times that of "
            "validation.",
            "Dropout leaves too little of the network to learn with.",
            {"dropout": dropout, "train_beside_validation": apart},
            {"dropout": 0.0},
        )


def _decay(training: Training) -> float:
    option = training.config.get("optimizer")
    if not isinstance(option, dict):
        return 0.0
    within = option if "weight_decay" in option else next((v for v in option.values() if isinstance(v, dict)), {})
    return float(within.get("weight_decay", 0.0))


def _rewards(training: Training) -> Iterator[Verdict]:
    gamma, returns = training.config.get("gamma"), training.curve(RETURN)
    steps = training.episode_steps
    if isinstance(gamma, int | float) and gamma < 1 and steps is not None:
        ahead = 1 / (1 - gamma)
        if ahead < SHORT_SIGHT and steps > 2 * ahead:
            yield Verdict(
                "short_sighted",
                f"It looks {ahead:.1f} steps ahead, in episodes of {steps:.0f}.",
                "gamma is too low for how late rewards come.",
                {"steps_ahead": ahead, "episode_steps": steps},
                {"gamma": 0.99},
            )
    scale = float(training.config.get("reward_scale") or 1.0)
    if returns is None or training.config.get("normalise_advantages"):
        return
    size = scale * float(abs(returns.values).max())
    if size > 1e3 or 0 < size < 0.1:
        yield Verdict(
            "reward_scale",
            f"Returns of {size:.2g} are what it learns from, after reward_scale.",
            "Rewards are too large beside all else in the loss." if size > 1e3 else "Rewards are too small to tell.",
            {"largest_return": size},
            {"reward_scale": float(f"{min(1.0, 10 * scale / size):.1g}") if size > 1e3 else 1.0},
        )


def _memory(training: Training) -> Iterator[Verdict]:
    config, budget = training.config, training.length
    capacity, frequency = config.get("replay_capacity"), config.get("train_frequency")
    if config.get("replay") is False:
        yield Verdict(
            "replay_missing",
            "It learns from each transition as it comes, and forgets it.",
            "There is no replay memory.",
            # A sum over more transitions would be a larger step.
            patch={"replay": True, "batch_size": 64}
            | ({"reduction": "mean"} if config.get("reduction") == "sum" else {}),
        )
    elif isinstance(capacity, int) and capacity < SMALL_MEMORY * budget:
        yield Verdict(
            "replay_too_small",
            f"It remembers {capacity:,} transitions, {capacity / budget:.1%} of its budget.",
            "What it learns from is all alike.",
            {"replay_capacity": float(capacity)},
            {"replay_capacity": max(1_000, round(budget))},
        )
    if isinstance(frequency, int):
        updates = float(config.get("gradient_steps", 1)) / frequency
        if updates < FEW_UPDATES:
            yield Verdict(
                "updates_too_few",
                f"It learns once in {1 / updates:.0f} steps.",
                "train_frequency is too large for the budget.",
                {"updates_a_step": updates},
                {"train_frequency": 4, "gradient_steps": 2},
            )
    spans = config.get("n_steps")
    if isinstance(spans, int) and spans > 20:
        yield Verdict(
            "n_steps_too_many",
            f"Its targets sum up {spans} steps of a policy that has changed since.",
            "n_steps is too large.",
            {"n_steps": float(spans)},
            {"n_steps": 3},
        )


def _value_weight(training: Training) -> Iterator[Verdict]:
    weight = training.config.get("value_weight")
    if training.config.get("baseline") == "value" and isinstance(weight, int | float) and weight > HEAVY:
        yield Verdict(
            "value_weight_too_large",
            f"The error of its values weighs {weight:g} times as much as its policy.",
            "Gradients are clipped together, so that those of the values leave nothing of the policy's.",
            {"value_weight": float(weight)},
            {"value_weight": 0.5},
        )


def _rows(training: Training) -> Iterator[Verdict]:
    size, updates = training.config.get("batch_size"), training.curve(UPDATES)
    share = training.config.get("validation_share")
    if isinstance(share, float) and share > MOST_TO_VALIDATE:
        yield Verdict(
            "training_part_too_small",
            f"{share:.0%} of the rows are kept to validate on, and {1 - share:.0%} are left to learn from.",
            "validation_share is too large.",
            {"validation_share": share},
            {"validation_share": 0.2},
        )
    # A training that is cut short has made fewer than its budget would have had.
    if isinstance(size, int) and size >= 32 and updates is not None and not training.is_cut_short:
        count = float(updates.values.max())
        if count < FEW_STEPS / 3:
            yield Verdict(
                "updates_too_few",
                f"Its budget was enough for {count:.0f} updates.",
                "Batches are too large for the budget, or the budget is too small.",
                {"updates": count, "batch_size": float(size)},
                {"batch_size": max(16, round(size * count / (2 * FEW_STEPS)))},
            )


def _updates(training: Training) -> Iterator[Verdict]:
    size, steps = training.config.get("batch_size"), training.episode_steps
    if not isinstance(size, int) or steps is None or size < 32:
        return
    updates = training.length / (size * max(1.0, steps))
    if updates < FEW_STEPS / 3:
        yield Verdict(
            "updates_too_few",
            f"Its budget is enough for {updates:.0f} updates.",
            "Batches are too large for the budget.",
            {"updates": updates, "batch_size": float(size)},
            {"batch_size": max(8, size // 10)},
        )
