"""Which of the patches that a diagnosis prescribes mend a training. Pure: it asks for trainings and for diagnoses.

Each patch is tried alone, the two best together, and all of them together, as each of several faults may hide what
mending the others brings. The best goes on to the next round, where it is diagnosed anew. At last every patch of what
was found is left out once: what is missed by nobody is no part of it.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tuning.rules.comparison import Comparison, Difference, Estimate, Sample
from tuning.rules.objective import Direction

Patch: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Prescription:
    """A patch, and the verdicts that prescribe it."""

    verdicts: tuple[str, ...]
    patch: Patch


Course: TypeAlias = tuple[Prescription, ...]
"""What is prescribed together: each patch over those before it."""


@dataclass(frozen=True)
class Tried:
    """A course that was tried.

    base: how many of its prescriptions were there before it was tried, from earlier rounds.
    after: the score with it.
    over: against the same without what was tried.
    original: against the original.
    proved: whether what was tried is shown to help: over what was there before, or since the mended configuration is
        worse without it.
    """

    course: Course
    base: int
    after: Estimate
    over: Difference
    original: Difference
    proved: bool

    @property
    def new(self) -> Course:
        """What was tried."""
        return self.course[self.base :]


@dataclass(frozen=True)
class Mending:
    """What has come of it.

    original: the score before.
    tried: all courses, in the order in which they were tried.
    mended: the course that mends it, without what nobody misses; empty where none is better than the original.
    found: its score on the seeds by which it was chosen.
    trained: how many configurations.
    """

    original: Estimate
    tried: tuple[Tried, ...]
    mended: Course
    found: Estimate
    trained: int


def merged(course: Course) -> dict[str, Any]:
    """The patch that a course comes to."""
    return {name: value for each in course for name, value in each.patch.items()}


def gathered(verdicts: Iterable[tuple[str, Patch]]) -> list[Prescription]:
    """Prescriptions out of verdicts and their patches; of several with the same patch one."""
    known: dict[str, Prescription] = {}
    for name, patch in verdicts:
        key = json.dumps(patch, sort_keys=True)
        before = known.get(key)
        names = (name,) if before is None else tuple(dict.fromkeys([*before.verdicts, name]))
        known[key] = Prescription(names, patch)
    return list(known.values())


Train: TypeAlias = Callable[[Sequence[Course], str], Sequence[Sample]]
"""(courses, none of which comes to the same as another or one before; why) -> the scores of each."""

Prescribe: TypeAlias = Callable[[Course], Sequence[Prescription]]
"""What is prescribed to a course that was trained, with all that changes nothing left out."""


def mend(train: Train, prescribe: Prescribe, rounds: int, direction: Direction, seed: int = 0) -> Mending:
    """Find what mends a training.

    train: trains courses.
    prescribe: diagnoses one.
    rounds: how often the best so far is diagnosed.
    direction: of the score.
    seed: of the resampling.
    """
    return _Ward(train, prescribe, direction, seed).mended(rounds)


class _Ward:
    def __init__(self, train: Train, prescribe: Prescribe, direction: Direction, seed: int) -> None:
        self._train, self._prescribe, self._direction, self._seed = train, prescribe, direction, seed
        self._samples: dict[str, Sample] = {}
        self._courses: dict[str, Course] = {}
        self._tried: list[tuple[Course, int]] = []
        self._compared = Comparison(self._samples, direction, seed)

    def mended(self, rounds: int) -> Mending:
        self._trained([()], "as it is")
        best: Course = ()
        for number in range(1, rounds + 1):
            after = self._round(best, number)
            if _key(after) == _key(best):
                break
            best = after
        needed: set[str] = set()
        if best and self._difference(best, ()).towards > 0:
            best, needed = self._without_what_nobody_misses(best)
        else:
            best = ()
        return Mending(
            original=self._compared.estimate(_key(())),
            tried=tuple(self._as_tried(course, base, needed) for course, base in self._tried),
            mended=best,
            found=self._compared.estimate(_key(best)),
            trained=len(self._samples),
        )

    def _round(self, base: Course, number: int) -> Course:
        """The best course after another diagnosis."""
        prescribed = [each for each in self._prescribe(base) if self._is_new((*base, each))]
        if not prescribed:
            return base
        singles: list[Course] = [(*base, each) for each in prescribed]
        self._try(singles, base, f"round {number}, each patch alone")
        ranked = sorted(singles, key=self._cost)
        together = [(*base, *each) for each in (_compatible(ranked, 2), _compatible(ranked)) if len(each) > 1]
        self._try([each for each in together if self._is_new(each)], base, f"round {number}, patches together")
        # Where two are equally good the one with fewer patches is simpler.
        return min(self._courses.values(), key=lambda course: (self._cost(course), len(course)))

    def _without_what_nobody_misses(self, whole: Course) -> tuple[Course, set[str]]:
        """The smallest course that is as good, and the keys of the prescriptions that it is worse without."""
        course = _in_force(whole)
        if len(course) == 1:
            return course, {_name(course[0])}
        without = [(*course[:place], *course[place + 1 :]) for place in range(len(course))]
        self._trained(without, "the best without each of its patches")
        missed = [
            each for each, other in zip(course, without, strict=True) if self._difference(course, other).towards > 0
        ]
        fewer = tuple(missed)
        self._trained([fewer] if fewer else [], "the best without what nobody misses")
        smaller = [each for each in (fewer, *without) if each and self._difference(course, each).towards <= 0]
        return min([*smaller, course], key=lambda each: (len(each), self._cost(each))), set(map(_name, missed))

    def _as_tried(self, course: Course, base: int, needed: set[str]) -> Tried:
        over = self._difference(course, course[:base])
        new = course[base:]
        return Tried(
            course,
            base,
            self._compared.estimate(_key(course)),
            over,
            self._difference(course, ()),
            over.towards > 0 or (len(new) == 1 and _name(new[0]) in needed),
        )

    def _try(self, courses: Sequence[Course], base: Course, why: str) -> None:
        unlike = list({_key(each): each for each in courses}.values())
        self._tried += [(each, len(base)) for each in unlike]
        self._trained(unlike, why)

    def _trained(self, wanted: Iterable[Course], why: str) -> None:
        new = list({_key(each): each for each in wanted if _key(each) not in self._samples}.values())
        if new:
            scores = self._train(new, why)
            self._samples.update(zip(map(_key, new), scores, strict=True))
            self._courses.update(zip(map(_key, new), new, strict=True))
            self._compared = Comparison(self._samples, self._direction, self._seed)

    def _is_new(self, course: Course) -> bool:
        return _key(course) not in self._samples

    def _difference(self, one: Course, other: Course) -> Difference:
        return self._compared.difference(_key(one), _key(other))

    def _cost(self, course: Course) -> float:
        return self._compared.cost(_key(course))


def _compatible(ranked: Sequence[Course], most: int | None = None) -> list[Prescription]:
    """The last prescriptions of these courses, the best first, without those that contradict a better one."""
    chosen: list[Prescription] = []
    for *_, each in ranked:
        if all(other.patch.get(name, value) == value for name, value in each.patch.items() for other in chosen):
            chosen.append(each)
    return chosen[:most]


def _in_force(course: Course) -> Course:
    """A course without the prescriptions that later ones replace in all their settings."""
    later = [{name for other in course[place + 1 :] for name in other.patch} for place in range(len(course))]
    return tuple(each for each, names in zip(course, later, strict=True) if not each.patch.keys() <= names)


def _key(course: Course) -> str:
    return json.dumps(merged(course), sort_keys=True)


def _name(prescription: Prescription) -> str:
    return json.dumps(prescription.patch, sort_keys=True)
