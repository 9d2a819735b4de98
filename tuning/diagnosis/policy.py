"""Policies that settle too early, never settle, or do not look."""

from collections.abc import Iterator
from typing import Any

from tuning.diagnosis.curves import FEWEST_POINTS, Curve
from tuning.diagnosis.training import DEPENDENCE, ENTROPY, ENTROPY_SHARE, RETURN, Training
from tuning.diagnosis.verdict import Verdict

COLLAPSED, RANDOM = 0.05, 0.9
"""Shares of the entropy at first: near 0 a policy has made up its mind, near 1 it acts at random (Jones, 2021)."""

EARLY = 0.3
"""The share of the budget before which a policy should not have made up its mind."""

OF_RETURNS = 0.1
"""An entropy weight that holds a policy open, as a share of the returns at first (docs/findings.md)."""

FAR = 2.0
"""How far weights have gone, in units of their size, that were not held back by small steps."""

SETTLED = 0.3
"""The share of a uniform policy's entropy below which a policy hardly tries anything new."""

BLIND = 0.05
"""The share of its decisions that depends on the input, below which a policy gives all inputs the same answers."""


def rules(training: Training) -> Iterator[Verdict]:
    """What entropy and input dependence tell of a policy that did not get where it should."""
    if training.is_solved or training.diverged is not None:
        return
    yield from _baseline(training)
    dependence, random = training.curve(DEPENDENCE), training.curve(ENTROPY_SHARE)
    # A policy that still acts at random has not looked away: it has not begun to look.
    settled = random is None or random.end < RANDOM
    if dependence is not None and dependence.end < BLIND and settled:
        yield Verdict(
            "policy_blind",
            "Its policy is the same for every input.",
            "The input's scale or encoding tells too little apart, or the policy settled before it had learnt to look.",
            {"input_dependence": dependence.end},
            _tries_longer(training),
            float(dependence.steps[-1]),
        )
    yield from _settled_short(training, random)
    entropy = training.curve(ENTROPY)
    # That of continuous actions has no zero, so that no share of it can be told.
    if entropy is None or len(entropy) < FEWEST_POINTS or entropy.values[0] <= 0 or entropy.values.min() < 0:
        return
    share = entropy.times(1.0 / entropy.values[0])
    early = share.part(0.0, EARLY)
    if early.end < COLLAPSED:
        at = float(share.steps[int((share.values < COLLAPSED).argmax())])
        yield Verdict(
            "policy_collapsed",
            f"Its policy had made up its mind by step {at:,.0f}: entropy at {early.end:.1%} of what it was.",
            "It settled before it had tried enough: steps too large, or nothing that rewards trying.",
            {"entropy_share": early.end},
            _tries_longer(training),
            at,
        )
    elif share.end > RANDOM:
        # Weights that have gone far were driven by something: by the reward for entropy.
        far = training.way is None or training.way > FAR
        weight = float(training.config.get("entropy_weight") or 0.0) if far else 0.0
        patch = {"entropy_weight": float(f"{weight / 10:.3g}")} if weight else training.rate_times(3.0 if far else 10.0)
        yield Verdict(
            "policy_never_settles",
            f"Its policy acts as much at random at the end as at first: entropy at {share.end:.0%}.",
            "The entropy weight keeps it from settling."
            if weight
            else "Its steps are too small to settle on anything.",
            {"entropy_share": share.end},
            patch,
            float(share.steps[-1]),
        )


def _baseline(training: Training) -> Iterator[Verdict]:
    returns = training.curve(RETURN)
    if training.config.get("baseline") != "none" or returns is None:
        return
    if returns.values.max() < 0 or returns.values.min() > 0:
        sign = "negative" if returns.values.max() < 0 else "positive"
        yield Verdict(
            "baseline_missing",
            f"All its returns are {sign}, and are compared with nothing.",
            f"Whatever it does is {'discouraged' if sign == 'negative' else 'encouraged'}, what it does most the most.",
            {"lowest_return": float(returns.values.min()), "highest_return": float(returns.values.max())},
            {"baseline": "batch_mean"} | ({"batch_size": 16} if training.config.get("batch_size") == 1 else {}),
        )


def _settled_short(training: Training, share: Curve | None) -> Iterator[Verdict]:
    """A policy that has made up its mind where a goal is known, and has not reached it."""
    gain = training.gain
    if training.solved is None or gain is None or share is None or len(gain) < 2 * FEWEST_POINTS:
        return
    if share.end < SETTLED and gain.part(0.6, 1.0).trend <= 0:
        yield Verdict(
            "policy_settled_short",
            f"It has made up its mind, with {share.end:.0%} of its entropy left, and its goal is not reached.",
            "It settled before it had tried enough, or its inputs tell too little apart for this network.",
            {"entropy_share": share.end, "goal": training.solved},
            _tries_longer(training),
            float(share.steps[int((share.values < SETTLED).argmax())]),
        )


def _tries_longer(training: Training) -> dict[str, Any]:
    """A larger entropy weight, in proportion to the returns that it stands beside, which falls in the end."""
    weight, returns = float(training.config.get("entropy_weight") or 0.0), training.curve(RETURN)
    size = 0.1
    if returns is not None and not training.config.get("normalise_advantages"):
        size = float(training.config.get("reward_scale") or 1.0) * abs(float(returns.values[0]))
    larger = max(10 * weight, OF_RETURNS * size, 0.01)
    return {"entropy_weight": float(f"{larger:.2g}"), "entropy_schedule": "cosine"}
