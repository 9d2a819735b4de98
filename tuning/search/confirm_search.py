"""The best trials and the default configuration, trained afresh with seeds that no part of the search has used.

Every training is a member of a pack like any other. What is compared are the scores of their best weights on fresh
episodes, so that neither a lucky seed nor a lucky evaluation makes a champion.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ray.tune.search import Searcher

from tuning.rules import statistics
from tuning.rules.objective import Direction
from tuning.search.leg_search import pack_size
from tuning.study.study import SEARCH_SEEDS, Study
from tuning.study.summary import Candidate, Confirmation, StudySummary, TrialSummary
from tuning.sweep.model import Confirm


@dataclass(frozen=True)
class Member:
    """One training that confirms: a trial's configuration with a fresh seed."""

    number: int
    values: dict[str, Any]
    seed: int


@dataclass(frozen=True)
class Pack:
    """Members that are trained together; full: how many a full pack of the search had, 0 where it may be filled up to
    no more than it is: there was none, or its worker died.
    """

    members: list[Member]
    full: int = 0


class Watcher(Protocol):
    """Is told how a confirmation goes; members are known by their trial and seed."""

    def reported(self, pack: Mapping[tuple[int, int], int], seconds: float) -> None:
        """The members of a pack have come to these steps, in so many seconds since their last report."""

    def scored(self, members: Sequence[tuple[int, int]]) -> None:
        """These have a score, or never will."""


def candidates(summary: StudySummary, top: int) -> list[TrialSummary]:
    """The best trials, and the default one if it has a value."""
    best = summary.ranked()[:top]
    default = summary.default
    return best + ([default] if default and default.value is not None and default not in best else [])


def fresh_seeds(study_seed: int, count: int) -> list[int]:
    """Seeds above all those that a search trains with; the same for every configuration."""
    drawn = random.Random(f"confirm {study_seed}")
    return [SEARCH_SEEDS + drawn.randrange(SEARCH_SEEDS) for _ in range(count)]


class ConfirmSearch(Searcher):
    """A Ray Searcher that suggests packs of the members that have no score yet."""

    def __init__(self, study: Study, wanted: Confirm, members: Sequence[Member], workers: int) -> None:
        super().__init__(metric=study.sweep.metric, mode="max" if study.sweep.direction == "maximize" else "min")
        self._study, self._wanted = study, wanted
        self._packs = list(_packs(study, members, workers))
        self._under_way: dict[str, Pack] = {}
        self.failures: dict[tuple[int, int], str] = {}
        """Why trainings, by trial and seed, could not be trained."""
        self.watcher: Watcher | None = None

    def suggest(self, trial_id: str) -> Any:
        """The next pack as the config of a Trainable."""
        if not self._packs:
            return None if self._under_way else Searcher.FINISHED
        pack = self._under_way[trial_id] = self._packs.pop(0)
        home, name = self._study.home, self._study.name
        members = [
            self._study.member(each.values, each.seed, home.confirming(name, each.number, each.seed))
            for each in pack.members
        ]
        confirm = self._wanted.episodes
        return {"members": members, "full_pack": pack.full, "confirm": confirm, "leg": f"confirm-{trial_id}"}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """A pack has come further."""
        if self.watcher is not None:
            pack, reports = self._under_way[trial_id].members, result["members"]
            steps = {(each.number, each.seed): report["steps"] for each, report in zip(pack, reports, strict=True)}
            self.watcher.reported(steps, result["train_s"])
        self._study.keep_seconds()

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """A pack has its scores; one that diverged has none and counts as the worst there is."""
        if not error and result is not None:
            self.on_trial_result(trial_id, result)
            pack, scored = self._under_way.pop(trial_id).members, []
            for each, report, score in zip(pack, result["members"], result["confirmed"], strict=True):
                if report["error"] is not None:
                    self.failures[each.number, each.seed] = report["error"]
                else:
                    sound = report["diverged_at"] is None and math.isfinite(score)
                    scored.append((each.number, each.seed, score if sound else None))
            self._study.keep_scores(scored)
            self._have_ended(pack)

    def failed(self, trial_id: str, error: str) -> None:
        """A pack could not be trained, however often it was tried. Whose fault it is is found by halves."""
        pack = self._under_way.pop(trial_id).members
        if len(pack) > 1:
            middle = len(pack) // 2
            self._packs[:0] = [Pack(pack[:middle]), Pack(pack[middle:])]
            return
        self.failures[pack[0].number, pack[0].seed] = error
        self._have_ended(pack)

    def _have_ended(self, pack: Sequence[Member]) -> None:
        if self.watcher is not None:
            self.watcher.scored([(each.number, each.seed) for each in pack])

    def save(self, checkpoint_path: str) -> None:
        """Nothing: all that is needed is in the study."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, likewise."""

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher, which nothing reads back."""
        return {}


def _packs(study: Study, members: Sequence[Member], workers: int) -> Iterator[Pack]:
    """Members of one structure together, in packs of even size, enough of them that no worker idles."""
    trials, plans = pack_size(study.sweep, workers), study.plans()
    largest, groups = trials * study.sweep.seeds, dict[str, list[Member]]()
    full = {
        study.sweep.structure_of(plans[leg.numbers[0]].values) for leg in study.legs() if len(leg.numbers) == trials
    }
    for member in members:
        groups.setdefault(study.sweep.structure_of(member.values), []).append(member)
    for structure, group in groups.items():
        # As large as the search's packs, whose size is compiled already; if they are few, so that no worker idles.
        count = max(math.ceil(len(group) / largest), min(workers, len(group)))
        size = math.ceil(len(group) / count)
        for first in range(0, len(group), size):
            yield Pack(group[first : first + size], largest if structure in full else 0)


def missing(study: Study, wanted: Confirm) -> list[Member]:
    """The members that are still to be trained."""
    summary, known, plans = study.summary(), study.scores(), study.plans()
    return [
        Member(trial.number, plans[trial.number].values, seed)
        for trial in candidates(summary, wanted.top)
        for seed in fresh_seeds(study.sweep.seed, wanted.seeds)
        if (trial.number, seed) not in known
    ]


def conclude(study: Study, wanted: Confirm, failures: Mapping[tuple[int, int], str]) -> Confirmation:
    """What the scores come to; kept in the study. failures: why trainings have none; they count as diverged."""
    summary, known = study.summary(), study.scores()
    seeds = fresh_seeds(study.sweep.seed, wanted.seeds)
    chosen = candidates(summary, wanted.top)
    scores = {trial.number: [known.get((trial.number, seed)) for seed in seeds] for trial in chosen}
    default = next((trial.number for trial in chosen if trial.default), None)
    direction: Direction = study.sweep.direction
    found = statistics.verdict(scores, direction, study.sweep.seed)
    counted = statistics.counted(scores, direction)
    confirmation = Confirmation(
        candidates=[
            Candidate(
                number=trial.number,
                default=trial.default,
                searched=trial.value,
                scores=scores[trial.number],
                mean=statistics.interquartile_mean(counted[trial.number]),
                interval=statistics.interval(counted[trial.number], study.sweep.seed),
                improvement=None
                if default is None or trial.default
                else statistics.probability_of_improvement(scores[trial.number], scores[default], direction),
                errors=[failures[trial.number, seed] for seed in seeds if (trial.number, seed) in failures],
            )
            for trial in chosen
        ],
        champion=found.champion,
        leader=found.leader,
        tied=list(found.tied),
        more_seeds=found.more_seeds,
        seeds=wanted.seeds,
    )
    study.set_confirmation(confirmation)
    return confirmation
