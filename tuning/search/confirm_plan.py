"""Which trials are confirmed, on which seeds, and what their scores come to.

The best trials and the default are trained afresh with seeds that no part of the search has used. What is compared are
the scores of their best weights on fresh episodes, so that neither a lucky seed nor a lucky evaluation makes a
champion.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from tuning.rules import racing, statistics
from tuning.rules.choice import Choice
from tuning.rules.objective import Direction
from tuning.rules.statistics import Verdict
from tuning.study.seeds import fresh_seeds
from tuning.study.study import Study
from tuning.study.summary import Candidate, Confirmation, StudySummary, TrialSummary, strongest
from tuning.sweep.sections import Confirm

TrialAndSeed: TypeAlias = tuple[int, int]
"""What a training that confirms is known by."""

Scores: TypeAlias = Mapping[TrialAndSeed, float | None]
"""The score of each training; None of one that diverged, or could not be trained."""


@dataclass(frozen=True)
class Judge:
    """What scores are held against, known before the first of them.

    direction: of the metric. seed: of the resampling. looks: how often scores are looked at.
    seen: what the metric has been: of who has learnt nothing, and of the trials of the search. What a training that
        diverged is worth at the least is the worst of these.
    averages: of trials, over their whole training. seconds: of trials, what one training costs.
    default: the default configuration, if it is a candidate. base: the value of the best trivial answer, if known.
    """

    direction: Direction
    seed: int
    looks: int
    seen: list[float]
    averages: dict[int, float]
    seconds: dict[int, float]
    default: int | None
    base: float | None

    def of(self, samples: Mapping[int, list[float | None]]) -> tuple[Verdict, Choice]:
        """What these scores of the candidates show, and which of them to use."""
        return racing.judged(
            samples,
            self.direction,
            self.seed,
            self.looks,
            self.seen,
            self.averages,
            self.default,
            self.base,
            self.seconds,
        )


@dataclass(frozen=True)
class ConfirmPlan:
    """Which trials are to be confirmed, and on which seeds: settled once, before the first of them is trained.

    candidates: the trials. seeds: all that there may be, the same for each. looks: how many of them are trained before
    the scores are looked at, each time. episodes: that a training is scored on. judge: what scores are held against.
    """

    candidates: list[TrialSummary]
    seeds: list[int]
    looks: tuple[int, ...]
    episodes: int
    judge: Judge

    def due(self, scores: Scores) -> list[TrialAndSeed]:
        """The trainings that should have a score by now: of each look for whoever is in the race then.

        Who was left behind comes back where it turns out that the leader was not so far ahead.
        """
        counts = dict.fromkeys((trial.number for trial in self.candidates), self.looks[0])
        for look in self.looks[1:]:
            due = self._of(counts)
            if any(key not in scores for key in due):
                break
            counts |= dict.fromkeys(racing.going_on(*self.judge.of(self.samples(scores, due))), look)
        return self._of(counts)

    def _of(self, counts: Mapping[int, int]) -> list[TrialAndSeed]:
        return [(trial.number, seed) for trial in self.candidates for seed in self.seeds[: counts[trial.number]]]

    def missing(self, scores: Scores) -> list[TrialAndSeed]:
        """The trainings that are due and have no score yet."""
        return [key for key in self.due(scores) if key not in scores]

    def samples(self, scores: Scores, due: list[TrialAndSeed]) -> dict[int, list[float | None]]:
        """The scores of each candidate, for each seed that is due."""
        return {
            trial.number: [scores.get((trial.number, seed)) for number, seed in due if number == trial.number]
            for trial in self.candidates
        }


def planned(study: Study, summary: StudySummary, wanted: Confirm) -> ConfirmPlan:
    """The best trials, and the default one if it has a value."""
    best, default = summary.ranked()[: wanted.top], summary.default
    also = [default] if default and default.value is not None and default not in best else []
    candidates, sweep = best + also, summary.sweep
    looks = racing.LOOKS if wanted.seeds == "auto" else (wanted.seeds,)
    answers = study.attributes.trivial or []
    answer = strongest(answers, sweep.direction)
    judge = Judge(
        sweep.direction,
        sweep.seed,
        len(looks),
        [
            *(each.value for each in answers),
            *(each.value for each in summary.trials if each.value is not None),
        ],
        {trial.number: trial.average for trial in candidates if trial.average is not None},
        {trial.number: trial.seconds / len(trial.seeds) for trial in candidates},
        next((trial.number for trial in candidates if trial.default), None),
        None if answer is None else answer.value,
    )
    return ConfirmPlan(candidates, fresh_seeds(sweep.seed, looks[-1]), looks, wanted.episodes, judge)


def conclusion(study: Study, plan: ConfirmPlan, failures: Mapping[TrialAndSeed, str]) -> Confirmation:
    """What the scores come to. failures: why trainings have none; they count as diverged."""
    sweep, judge = study.sweep, plan.judge
    known = {**dict.fromkeys(failures), **study.attributes.scores()}
    due = plan.due(known)
    scores = plan.samples(known, due)
    answer = strongest(study.attributes.trivial or [], sweep.direction)
    found, used = judge.of(scores)
    counted = statistics.counted(scores, sweep.direction, judge.seen)
    candidates = [
        Candidate(
            number=trial.number,
            default=trial.default,
            searched=trial.value,
            scores=scores[trial.number],
            mean=statistics.interquartile_mean(counted[trial.number]),
            interval=statistics.interval(counted[trial.number], sweep.seed),
            improvement=None
            if judge.default is None or trial.default
            else statistics.probability_of_improvement(scores[trial.number], scores[judge.default], sweep.direction),
            errors=[failures[key] for key in due if key[0] == trial.number and key in failures],
        )
        for trial in plan.candidates
    ]
    unbeaten = answer is not None and not any(each.beats(answer, sweep.direction) for each in candidates)
    return Confirmation(
        candidates=candidates,
        champion=None if unbeaten else found.champion,
        leader=found.leader,
        tied=list(found.tied),
        more_seeds=used.more_seeds if used.kind == "undecided" else found.more_seeds,
        seeds=max(len(each.scores) for each in candidates),
        unbeaten=answer.name if answer is not None and unbeaten else None,
        kind="no winner" if unbeaten else used.kind,
        use=found.leader if unbeaten else used.use,
        equals=list(used.equals),
        margin=used.margin,
        reason=used.reason,
    )
