"""Which trials are confirmed, on which seeds, and what their scores come to.

The best trials and the default are trained afresh with seeds that no part of the search has used. What is compared are
the scores of their best weights on fresh episodes, so that neither a lucky seed nor a lucky evaluation makes a
champion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tuning.rules import statistics
from tuning.rules.choice import choice
from tuning.study.seeds import fresh_seeds
from tuning.study.study import Study
from tuning.study.summary import Candidate, Confirmation, StudySummary, TrialSummary, strongest
from tuning.sweep.sections import Confirm

TrialAndSeed: TypeAlias = tuple[int, int]
"""What a training that confirms is known by."""


@dataclass(frozen=True)
class ConfirmPlan:
    """Which trials are to be confirmed, and on which seeds: settled once, before the first of them is trained."""

    candidates: list[TrialSummary]
    seeds: list[int]
    episodes: int

    @property
    def keys(self) -> list[TrialAndSeed]:
        """All its trainings."""
        return [(trial.number, seed) for trial in self.candidates for seed in self.seeds]

    def missing(self, scores: Mapping[TrialAndSeed, float | None]) -> list[TrialAndSeed]:
        """The trainings that have no score yet."""
        return [key for key in self.keys if key not in scores]


def planned(summary: StudySummary, wanted: Confirm) -> ConfirmPlan:
    """The best trials, and the default one if it has a value."""
    best, default = summary.ranked()[: wanted.top], summary.default
    also = [default] if default and default.value is not None and default not in best else []
    return ConfirmPlan(best + also, fresh_seeds(summary.sweep.seed, wanted.seeds), wanted.episodes)


def conclusion(study: Study, plan: ConfirmPlan, failures: Mapping[TrialAndSeed, str]) -> Confirmation:
    """What the scores come to. failures: why trainings have none; they count as diverged."""
    sweep, known, chosen = study.sweep, study.attributes.scores(), plan.candidates
    scores = {trial.number: [known.get((trial.number, seed)) for seed in plan.seeds] for trial in chosen}
    default = next((trial.number for trial in chosen if trial.default), None)
    answers = study.attributes.trivial or []
    answer = strongest(answers, sweep.direction)
    # What a training that diverged is worth at the least: the worst of all others, and of who has learnt nothing.
    seen = [
        *(each.value for each in answers),
        *(each.value for each in study.summary().trials if each.value is not None),
    ]
    averages = {trial.number: trial.average for trial in chosen if trial.average is not None}
    found = statistics.verdict(scores, sweep.direction, sweep.seed, seen, averages)
    counted = statistics.counted(scores, sweep.direction, seen)
    candidates = [
        Candidate(
            number=trial.number,
            default=trial.default,
            searched=trial.value,
            scores=scores[trial.number],
            mean=statistics.interquartile_mean(counted[trial.number]),
            interval=statistics.interval(counted[trial.number], sweep.seed),
            improvement=None
            if default is None or trial.default
            else statistics.probability_of_improvement(scores[trial.number], scores[default], sweep.direction),
            errors=[failures[trial.number, seed] for seed in plan.seeds if (trial.number, seed) in failures],
        )
        for trial in chosen
    ]
    unbeaten = answer is not None and not any(each.beats(answer, sweep.direction) for each in candidates)
    used = choice(
        counted,
        found,
        sweep.direction,
        sweep.seed,
        default,
        None if answer is None else answer.value,
        {trial.number: trial.seconds / len(trial.seeds) for trial in chosen},
    )
    return Confirmation(
        candidates=candidates,
        champion=None if unbeaten else found.champion,
        leader=found.leader,
        tied=list(found.tied),
        more_seeds=used.more_seeds if used.kind == "undecided" else found.more_seeds,
        seeds=len(plan.seeds),
        unbeaten=answer.name if answer is not None and unbeaten else None,
        kind="no winner" if unbeaten else used.kind,
        use=found.leader if unbeaten else used.use,
        equals=list(used.equals),
        margin=used.margin,
        reason=used.reason,
    )
