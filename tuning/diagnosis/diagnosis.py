"""All rules asked of a training, and of the members of a trial together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tuning.diagnosis import divergence, fit, gradients, policy, progress, settings, steps, units, values
from tuning.diagnosis.training import Training
from tuning.diagnosis.verdict import CUT_SHORT, GOAL_MISSED, Diagnosis, Verdict

RULES = (
    divergence.rules,
    settings.rules,
    values.rules,
    steps.rules,
    units.rules,
    policy.rules,
    fit.rules,
    gradients.rules,
    progress.rules,
)
"""Those that find causes before those that find effects."""

FOLLOWS_FROM_DIVERGENCE = frozenset(
    {"exploding_gradients", "oscillating", "plateau", "slightly_off", "underfitting", "values_overestimated"}
)
"""What is left out where a training diverged."""

SPEAKS_OF_THE_END = frozenset(
    {"exploration_never_over", "plateau", "policy_never_settles", "slightly_off", "still_improving", "too_slow"}
)
"""What is left out where a training did not come near the end of its budget, as where halving gave it up."""

DISAGREE = 0.5
"""How far seeds end apart, as a share of all that any of them gained, where a result depends on its seed."""


def of_training(training: Training) -> Diagnosis:
    """What the rules find in one training."""
    # Of a training of unknown length that has reported nothing, nothing but its data can be judged.
    rules = RULES if training.length > 0 else ()
    found = [*training.of_data, *(verdict for rule in rules for verdict in rule(training))]
    if training.is_cut_short:
        found = [verdict for verdict in found if verdict.name not in SPEAKS_OF_THE_END]
        if not any(verdict.fault for verdict in found):
            found.insert(0, _cut_short(training))
    elif _misses_its_goal(training) and not any(verdict.fault for verdict in found):
        found.append(_goal_missed(training))
    return Diagnosis(_ordered(_known_once(found)), _bound(training, found))


def _misses_its_goal(training: Training) -> bool:
    return training.solved is not None and training.gain is not None and not training.is_solved


def _goal_missed(training: Training) -> Verdict:
    goal = float(training.solved or 0.0)
    return Verdict(
        GOAL_MISSED,
        f"It comes to {training.reached:.4g} where {goal:g} is the goal, and nothing in its curves says why.",
        "The budget is too small for these settings, or they lead no further.",
        {"reached": training.reached, "goal": goal},
        {"budget": int(3 * training.length)},
        training.ended_at,
        fault=False,
    )


def _cut_short(training: Training) -> Verdict:
    return Verdict(
        CUT_SHORT,
        f"It ended at step {training.ended_at:,.0f} of {training.length:,.0f}; up to there nothing is wrong with it.",
        "It was given up for others, interrupted, or reached what it was to reach.",
        {"ended_at": training.ended_at, "budget": training.length},
        step=training.ended_at,
        fault=False,
    )


def of_trial(members: Sequence[Training]) -> Diagnosis:
    """What the rules find in the members of one trial, which differ by their seeds.

    A verdict counts that half of the members have; a divergence counts, and whatever explains it, wherever it is seen.
    """
    each = [of_training(member) for member in members]
    if len(each) == 1:
        return each[0]
    counted = Counter(verdict.name for one in each for verdict in one.verdicts)
    diverged = {verdict.name for one in each if _diverged(one) for verdict in one.verdicts}
    wanted = {name for name, count in counted.items() if 2 * count >= len(each) or name in diverged}
    shown: dict[str, Verdict] = {}
    for one in each:
        shown |= {v.name: v for v in one.verdicts if v.name in wanted and v.name not in shown}
    verdicts = [*shown.values(), *_disagreement(members)]
    return Diagnosis(_ordered(verdicts), each[0].bound)


def short_of_goal(members: Sequence[Training]) -> Verdict | None:
    """The verdict that more budget might bring the members of a trial to a known goal, whatever else ails them.

    None where there is no goal, or most of them reach it.
    """
    short = [each for each in members if _misses_its_goal(each)]
    return _goal_missed(short[0]) if 2 * len(short) > len(members) else None


def _diverged(one: Diagnosis) -> bool:
    return any(verdict.name == "diverged" for verdict in one.verdicts)


def _known_once(found: Iterable[Verdict]) -> list[Verdict]:
    known: dict[str, Verdict] = {}
    for verdict in found:
        known.setdefault(verdict.name, verdict)
    return list(known.values())


def _ordered(found: Sequence[Verdict]) -> list[Verdict]:
    """Faults first; where it diverged, what only follows from that is left out."""
    names = {verdict.name for verdict in found}
    left = [v for v in found if not ("diverged" in names and v.name in FOLLOWS_FROM_DIVERGENCE)]
    return sorted(left, key=lambda verdict: not verdict.fault)


def _disagreement(members: Sequence[Training]) -> Iterator[Verdict]:
    gains = [member.gain for member in members]
    ends = [gain.smoothed().end for gain in gains if gain is not None]
    if len(ends) < 2 or any(member.diverged is not None for member in members):
        return
    lows = [float(gain.values[0]) for gain in gains if gain is not None]
    gained, apart = max(ends) - float(np.median(lows)), max(ends) - min(ends)
    if gained > 0 and apart > DISAGREE * gained:
        yield Verdict(
            "seeds_disagree",
            f"Its seeds end {apart:.3g} apart, where the best of them gained {gained:.3g}.",
            "How it ends depends on its seed more than on its settings.",
            {"apart": apart, "gained": gained},
            {"warmup": 0.05, "schedule": "cosine"},
            fault=False,
        )


def _bound(training: Training, found: Sequence[Verdict]) -> str:
    if training.is_solved:
        return "It reaches what there is to reach."
    names = {verdict.name for verdict in found}
    if "plateau" in names:
        return "It has come to where these settings lead; a larger network or other inputs may lead further."
    if training.gain is not None and training.gain.part(0.5, 1.0).trend > 0:
        return "It was still gaining at the end: more budget may bring more."
    return "Nothing in its curves says what bounds it."
