"""What becomes of the trials of a leg that has ended: once and for good, each goes on, or it has come to its end."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from tuning.rules import halving, trial_outcome
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.standing import Standing
from tuning.study.legs import Decision, Leg
from tuning.sweep.model import Sweep


@dataclass(frozen=True)
class Ending:
    """How a trial has ended; curve: its values at the rungs that it has come to, by budget."""

    found: Outcome
    members: list[MemberResult]
    curve: dict[int, float]


def decided(leg: Leg, sweep: Sweep, standing: Standing, error: str | None = None) -> tuple[Decision, dict[int, Ending]]:
    """Who of a leg goes on, and how the others have ended, by their numbers.

    standing: where the search stood when the leg ended.
    error: why the leg could not be trained, if it could not.
    """
    second = sweep.second.metric if sweep.second else None
    found = {
        plan.number: trial_outcome.outcome(
            standing.results[plan.number], error, sweep.direction, sweep.aggregate, second
        )
        for plan in leg.plans
    }
    decision = _decision(leg, sweep, standing, found)
    endings = {
        number: _ending(leg, sweep, standing, number, outcome, decision.values.get(number))
        for number, outcome in found.items()
        if number not in decision.going_on
    }
    return decision, endings


def _decision(leg: Leg, sweep: Sweep, standing: Standing, found: Mapping[int, Outcome]) -> Decision:
    """Who goes on: of all that have come to the rung the best, the default, and some that audit halving."""
    values = {number: outcome.value for number, outcome in found.items() if outcome.state != "failed"}
    if _is_last(leg, sweep):
        return Decision(values)
    default = frozenset(plan.number for plan in leg.plans if plan.default)
    at_the_rung = {**standing.values_at(leg), **values}
    best = halving.promoted(at_the_rung, list(found), sweep.reduction, sweep.direction, default)
    pruned = [number for number, outcome in found.items() if number not in best and outcome.state == "complete"]
    # Chosen by chance, the same whenever the study is run.
    audited = [n for n in pruned if random.Random(f"{sweep.seed}/audit/{n}").random() < sweep.audit_fraction]
    return Decision(values, _standing_of(standing, best), _standing_of(standing, audited))


def _is_last(leg: Leg, sweep: Sweep) -> bool:
    """Whether trials are trained in full at its end; without halving some may have a budget of their own."""
    return sweep.halving is None or leg.until == sweep.budget


def _standing_of(standing: Standing, numbers: Collection[int]) -> dict[int, list[MemberResult]]:
    return {number: list(standing.results[number]) for number in sorted(numbers)}


def _ending(leg: Leg, sweep: Sweep, standing: Standing, number: int, found: Outcome, value: float | None) -> Ending:
    curve = standing.curve(leg, number) | ({} if value is None else {leg.until: value})
    if not _is_last(leg, sweep) and found.state == "complete":
        end = trial_outcome.pruned(leg.until)
    else:
        end = replace(found, given_up_at=standing.given_up.get(number))
    return Ending(end, standing.results[number], curve)
