"""What people and scripts are shown of a study; plain data, made in summarise.py."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

from trainables.base.trivial_answer import TrivialAnswer
from tuning.diagnosis.verdict import Diagnosis
from tuning.errors import Note
from tuning.rules import halving_cost, ledger, pareto, trial_outcome, trivial
from tuning.rules.choice import Kind, Reason
from tuning.rules.ledger import Spent
from tuning.rules.objective import Direction, cost
from tuning.study.changes import Change
from tuning.sweep.model import Sweep

StudyState = Literal["running", "finished", "interrupted", "waiting", "failed"]
"""waiting: for something that is nobody's fault who is trained, such as the folder of the checkpoints."""
Limit = Literal["time_limit", "max_steps", "target", "exhausted"]
"""What ends a search before its last trial: keys of its sweep, or that all configurations there are were tried."""


def strongest(answers: Sequence[TrivialAnswer], direction: Direction) -> TrivialAnswer | None:
    """The best of the trivial answers; None of none."""
    return min(answers, key=lambda each: cost(each.value, direction), default=None)


@dataclass(frozen=True)
class TrialSummary:
    """A trial as people and scripts are shown it. `steps` and `seconds`: the sums of its members'.

    average: the mean of the metric over its training, and of its seeds'. second: of a sweep with two objectives
    the value of the other one. given_up_at: of a trial that was trained on to the end although halving had given it up,
    where that was. values: one a seed, None of one that diverged. rungs: what it was at the budgets at which it was
    compared, by these; none where it diverged. ended: when it did, in UTC. worker_s: seconds of workers, a pack's
    divided evenly among its members. lost_steps, lost_s: what of its training was lost and done again; the seconds are
    among worker_s. diagnosis: what ails it; None until it has ended, where it failed, and where an earlier version
    ended it.
    """

    number: int
    state: str
    value: float | None
    params: dict[str, Any]
    run_id: str | None
    seeds: list[int]
    steps: int
    seconds: float
    diverged_at: int | None
    reason: str | None
    default: bool
    checkpoint: str | None
    average: float | None = None
    second: float | None = None
    given_up_at: int | None = None
    values: list[float | None] = field(default_factory=list)
    rungs: dict[int, float] = field(default_factory=dict)
    ended: datetime | None = field(default=None, compare=False)
    worker_s: float = 0.0
    lost_steps: int = 0
    lost_s: float = 0.0
    diagnosis: Diagnosis | None = None

    @property
    def last(self) -> tuple[int, float] | None:
        """The highest budget at which it was compared, and its value there; None of one that came to none."""
        return max(self.rungs.items(), default=None)

    @property
    def verdict(self) -> str | None:
        """What ails it in a word, "healthy" where nothing does; None where that is not known."""
        return None if self.diagnosis is None else self.diagnosis.word

    @property
    def spread(self) -> float | None:
        """The standard deviation of its seeds' values; None of fewer than two."""
        return trial_outcome.spread(self.values)


def in_order(trials: Sequence[TrialSummary]) -> list[TrialSummary]:
    """Those that have ended, in the order in which they did."""
    ended = [(trial.ended, trial.number, trial) for trial in trials if trial.ended is not None]
    return [trial for *_, trial in sorted(ended, key=lambda each: each[:2])]


@dataclass(frozen=True)
class Candidate:
    """One configuration as it was confirmed: a score for each fresh seed, None of a training that diverged or failed.

    searched: the trial's value in the search; mean: the interquartile mean of the scores, with its 95 % interval;
    improvement: the probability that a training of it beats one of the default; errors: why trainings that have no
    score could not be trained.
    """

    number: int
    default: bool
    searched: float | None
    scores: list[float | None]
    mean: float
    interval: tuple[float, float]
    improvement: float | None
    errors: list[str] = field(default_factory=list)

    def beats(self, answer: TrivialAnswer, direction: Direction) -> bool:
        """Whether fresh seeds show that it is better than a trivial answer."""
        worst_end = self.interval[0] if direction == "maximize" else self.interval[1]
        return trivial.beats(self.mean, worst_end, answer.value, answer.beaten_from, direction)


@dataclass(frozen=True)
class Confirmation:
    """What fresh seeds say of the best trials.

    champion: None where the leaders can't be told apart, and where none beats a trivial answer, whose name `unbeaten`
    is then. seeds: that a candidate was trained on at the most. kind, use, equals, margin, reason: as of
    rules/choice.py; None where an earlier version confirmed it.
    """

    candidates: list[Candidate]
    champion: int | None
    leader: int
    tied: list[int]
    more_seeds: int | None
    seeds: int
    unbeaten: str | None = None
    kind: Kind | None = None
    use: int | None = None
    equals: list[int] = field(default_factory=list)
    margin: float = 0.0
    reason: Reason | None = None

    @property
    def chosen(self) -> int:
        """The trial to use."""
        return self.leader if self.use is None else self.use

    @property
    def seeds_told(self) -> str:
        """How many seeds candidates were trained on: 10, or 5 to 20 where some of them had more."""
        fewest = min((len(each.scores) for each in self.candidates), default=self.seeds)
        return str(self.seeds) if fewest == self.seeds else f"{fewest} to {self.seeds}"

    def as_json(self) -> Any:
        """Plain data, with null for what is not finite."""
        return json.loads(TypeAdapter(Confirmation).dump_json(self))


@dataclass(frozen=True)
class StudySummary:
    """A study as people and scripts are shown it.

    seconds: those that it has run, in all its lives; confirm_seconds: of these those of its confirmation. ended_by: the
    limit that has ended the search before its last trial. confirm_spent: on trainings that confirm.
    """

    name: str
    state: str
    stored_state: StudyState
    """What the process that ran it said last; a study cut off still says that it runs."""
    sweep: Sweep
    seconds: float
    created: datetime
    tracking: dict[str, str]
    importances: dict[str, float]
    trials: list[TrialSummary]
    confirmation: Confirmation | None = None
    confirm_seconds: float = 0.0
    confirm_spent: Spent = field(default_factory=Spent)
    ended_by: Limit | None = None
    waits_for: str | None = None
    """Why trials could not be trained, where that was no fault of theirs."""
    trivial: list[TrivialAnswer] = field(default_factory=list)
    """What is scored by who has learnt nothing; none where that is not known."""
    changes: list[Change] = field(default_factory=list)
    """What was changed in the search while the study rested, the earliest first."""
    flaw: str | None = None
    """Why it can only be shown here and not gone on with, as where its loop can't be imported."""
    found: dict[str, Any] | None = None
    """What an experiment has found, as its command prints it for scripts; None of a sweep."""
    notes: list[Note] = field(default_factory=list)
    """What its checks found worth knowing before it was begun, and what has come to light by its end."""

    @property
    def is_cut_off(self) -> bool:
        """Whether it was ended before its time, and is to be gone on with."""
        return self.state in ("interrupted", "waiting")

    def ranked(self) -> list[TrialSummary]:
        """The complete trials, the best first, of two objectives the front.

        Among equals the one that was better on the whole of its training: where many reach the highest there is, those
        that did so once among poor evaluations were lucky (docs/findings.md).
        """
        front = self.front
        return front + [trial for trial in self._by_value() if trial not in front]

    def ranks(self) -> dict[int, int]:
        """The places, from 1 on, of all trials that came anywhere: the complete ones first, then who came furthest."""
        given_up = [(trial.last, trial.number) for trial in self.trials if trial.state == "pruned" and trial.last]
        given_up.sort(key=lambda each: (-each[0][0], cost(each[0][1], self.sweep.direction), each[1]))
        ordered = [*(trial.number for trial in self.ranked()), *(number for _, number in given_up)]
        return {number: rank for rank, number in enumerate(ordered, 1)}

    def _by_value(self) -> list[TrialSummary]:
        def place(trial: TrialSummary) -> tuple[float, ...]:
            costs = (
                math.inf if each is None else cost(each, self.sweep.direction) for each in (trial.value, trial.average)
            )
            return *costs, trial.number

        return sorted((trial for trial in self.trials if trial.value is not None), key=place)

    @property
    def front(self) -> list[TrialSummary]:
        """Of a sweep with two objectives the trials that no other beats, the best value first; else none."""
        points = {
            trial.number: (trial.value, trial.second)
            for trial in self.trials
            if trial.value is not None and trial.second is not None
        }
        trials = {trial.number: trial for trial in self.trials}
        return [trials[number] for number in pareto.front(points, self.sweep.directions)] if points else []

    @property
    def best(self) -> TrialSummary | None:
        """The complete trial with the best value; none of a sweep with two objectives, which has a front."""
        if self.sweep.second is not None:
            return None
        return next(iter(self._by_value()), None)

    @property
    def chosen(self) -> TrialSummary | None:
        """The trial to use: by what fresh seeds say, where some were confirmed, else the best of the search."""
        if self.confirmation is None:
            return self.best
        return next(trial for trial in self.trials if trial.number == self.confirmation.chosen)

    @property
    def came_later(self) -> TrialSummary | None:
        """The best of the search where it came after the confirmation, and is better than all that were confirmed."""
        best = self.best
        if self.confirmation is None or best is None or best.value is None:
            return None
        candidates = {each.number: each.searched for each in self.confirmation.candidates}
        searched = [cost(each, self.sweep.direction) for each in candidates.values() if each is not None]
        better = best.number not in candidates and cost(best.value, self.sweep.direction) < min(
            searched, default=math.inf
        )
        return best if better else None

    @property
    def held_against(self) -> TrivialAnswer | None:
        """The best of the trivial answers."""
        return strongest(self.trivial, self.sweep.direction)

    @property
    def unbeaten(self) -> TrivialAnswer | None:
        """The trivial answer that no trial beats; None where one does, and where there is nothing to compare."""
        answer, best = self.held_against, next(iter(self._by_value()), None)
        if answer is None or best is None or best.value is None:
            return None
        direction = self.sweep.direction
        if self.confirmation is None:
            beaten = trivial.beats(best.value, best.value, answer.value, answer.beaten_from, direction)
            return None if beaten else answer
        if self.came_later is best and trivial.beats(
            best.value, best.value, answer.value, answer.beaten_from, direction
        ):
            return None
        return None if any(each.beats(answer, direction) for each in self.confirmation.candidates) else answer

    @property
    def saved(self) -> tuple[float, int] | None:
        """What halving saved of the steps at the full budget, the share and the number; None where it is off."""
        if self.sweep.halving is None:
            return None
        # Who diverged or failed ended by itself.
        ended = [trial for trial in self.trials if trial.state in ("complete", "pruned") and trial.diverged_at is None]
        steps = [trial.steps // len(trial.seeds) for trial in ended for _ in trial.seeds]
        return halving_cost.saved(steps, self.sweep.budget), self.sweep.budget * len(steps) - sum(steps)

    @property
    def audit(self) -> halving_cost.Audit | None:
        """How halving judged, by the pruned trials that were trained on; None where there are none."""
        kept = [trial.value for trial in self.trials if trial.given_up_at is None and trial.value is not None]
        given_up = [trial.value for trial in self.trials if trial.given_up_at is not None and trial.state != "failed"]
        return halving_cost.audit(kept, given_up, self.sweep.reduction, self.sweep.direction)

    @property
    def spent(self) -> dict[ledger.Purpose, Spent]:
        """What was spent, by purpose."""
        return ledger.ledger(self.trials, self.confirm_spent)

    @property
    def default(self) -> TrialSummary | None:
        """The trial of the loop's default configuration."""
        return next((trial for trial in self.trials if trial.default), None)

    def count(self, state: str) -> int:
        """How many trials are in a state."""
        return sum(trial.state == state for trial in self.trials)

    def as_json(self) -> dict[str, Any]:
        """The one object that `--json` prints."""
        best, default = self.best, self.default
        shown = ["number", "state", "value", "second", "params", "run_id", "seeds", "steps", "seconds", "diverged_at"]
        shown += ["given_up_at", "values", "checkpoint", "verdict"]
        return {
            "name": self.name,
            "state": self.state,
            "flaw": self.flaw,
            "notes": [note.as_json() for note in self.notes],
            "metric": self.sweep.metric,
            "direction": self.sweep.direction,
            "second": self.sweep.second and self.sweep.second.model_dump(mode="json"),
            "counts": {state: self.count(state) for state in ("complete", "pruned", "failed", "running", "waiting")},
            "ended_by": self.ended_by,
            "waits_for": self.waits_for,
            "changes": [{"first": each.first, "before": each.before, "after": each.after} for each in self.changes],
            "seconds": self.seconds,
            "confirm_seconds": self.confirm_seconds,
            "member_steps": sum(trial.steps for trial in self.trials),
            "ledger": {purpose: asdict(spent) for purpose, spent in self.spent.items()},
            "halving": self.saved
            and {"saved": self.saved[0], "saved_steps": self.saved[1], "audit": self.audit and asdict(self.audit)},
            "default": default and {"number": default.number, "value": default.value},
            "best": best
            and {
                "number": best.number,
                "value": best.value,
                "params": best.params,
                "run_id": best.run_id,
                "checkpoint": best.checkpoint,
            },
            "front": None
            if self.sweep.second is None
            else [
                {"number": trial.number, "value": trial.value, "second": trial.second, "checkpoint": trial.checkpoint}
                for trial in self.front
            ],
            "trivial": [asdict(each) for each in self.trivial],
            "unbeaten": self.unbeaten and self.unbeaten.name,
            "chosen": self.chosen and self.chosen.number,
            "champion": self.confirmation and self.confirmation.champion,
            "confirmation": self.confirmation and self.confirmation.as_json(),
            "trials": [
                {**{key: getattr(trial, key) for key in shown}, "error": trial.reason, "spread": trial.spread}
                for trial in self.trials
            ],
        }
