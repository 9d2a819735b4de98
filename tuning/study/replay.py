"""The record of a study told again: whoever goes on with it stands where it stood."""

from collections.abc import Sequence

from tuning.rules.trial_outcome import MemberResult
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer
from tuning.study.records import Ended, Records


def replay(records: Records, observer: Observer) -> None:
    """Tell an observer of all that has happened to a study's trials, in the order in which its legs were handed out.

    It is told as it was while that happened, with two differences: of each member only where it had come to, not its
    curve; and each leg that has ended is told to its end before the next begins. Last of all comes `replayed`.
    """
    plans, ends, standing = records.plans(), records.ends(), records.standing()
    diagnoses = records.diagnoses()
    for record in records.legs():
        leg = Leg(record.name, [plans[number] for number in record.numbers], record.bracket, record.rung, record.until)
        observer.begun(leg)
        if record.state == "split":
            observer.split(leg)
        if record.state != "closed":
            continue
        decision = record.decision
        for plan in leg.plans:
            _tell_standing(observer, plan, decision.going_on.get(plan.number) or _end_of(ends, plan.number))
        observer.closed(leg, decision)
        for plan in leg.plans:
            if plan.number in ends and plan.number not in decision.going_on:
                if plan.number in diagnoses:
                    observer.diagnosed(plan, diagnoses[plan.number])
                observer.finished(plan, *ends.pop(plan.number))
    for number, members in standing.items():
        _tell_standing(observer, plans[number], members)
    observer.replayed()


def _end_of(ends: dict[int, Ended], number: int) -> Sequence[MemberResult]:
    return ends[number][1] if number in ends else ()


def _tell_standing(observer: Observer, plan: Plan, members: Sequence[MemberResult]) -> None:
    for place, member in enumerate(members):
        observer.reported(plan, place, [], member)
