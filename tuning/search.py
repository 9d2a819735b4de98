"""Legs for Ray Tune: asks Optuna for a pack at a time, hands it out, and takes in what comes back."""

import math
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler, TPESampler
from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from tuning import outcome as outcomes
from tuning import space as spaces
from tuning.outcome import MemberResult, Outcome
from tuning.study import Plan, Study
from tuning.sweep import Sweep

LARGEST_PACK, PACKS_A_WORKER = 16, 4
"""With pack size auto: a pack as large as pays on a CPU core, but each worker gets some, so that Optuna learns."""


@dataclass(frozen=True)
class Leg:
    """A pack trained from one budget to the next: what Ray Tune takes for one trial."""

    name: str
    plans: list[Plan]
    until: int


class Observer(Protocol):
    """Is told of everything that happens to trials; must not take long."""

    def begun(self, leg: Leg) -> None:
        """A leg is handed out."""

    def reported(
        self, plan: Plan, place: int, points: list[tuple[int, dict[str, float]]], result: MemberResult
    ) -> None:
        """A member of a trial, the one of its seed at `place`, has come further."""

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has come to its end."""


def sampler(sweep: Sweep) -> BaseSampler:
    """What proposes configurations, seeded by the sweep."""
    if sweep.sampler == "random":
        return RandomSampler(seed=sweep.seed)
    with _experiments():
        return TPESampler(seed=sweep.seed, multivariate=True, group=True, constant_liar=True)


@contextmanager
def _experiments() -> Iterator[None]:
    """Optuna calls experimental what a search in packs can't do without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def pack_size(sweep: Sweep, workers: int) -> int:
    """Trials in a pack."""
    if sweep.pack_size != "auto":
        return max(1, sweep.pack_size // sweep.seeds)
    members = min(LARGEST_PACK, math.ceil(sweep.trials * sweep.seeds / (PACKS_A_WORKER * workers)))
    return max(1, members // sweep.seeds)


class PackSearch(Searcher):
    """A Ray Searcher that suggests legs."""

    def __init__(self, study: Study, workers: int, observers: Sequence[Observer]) -> None:
        super().__init__(metric=study.sweep.metric, mode="max" if study.sweep.direction == "maximize" else "min")
        self._study, self._sweep, self._observers = study, study.sweep, observers
        self._sampler, self._size = sampler(study.sweep), pack_size(study.sweep, workers)
        self._legs: dict[str, Leg] = {}
        self._results: dict[int, list[MemberResult]] = {}
        self._handed_out = self._asked = 0
        self._deadline = math.inf if study.sweep.time_limit is None else time.monotonic() + study.sweep.time_limit

    @property
    def cut_short(self) -> bool:
        """Whether the sweep has ended before all its trials have."""
        return bool(self._results) or self._asked < self._sweep.trials

    def suggest(self, trial_id: str) -> Any:
        """The next leg as the config of a Trainable; None while all that is left is under way."""
        left = self._sweep.trials - self._asked
        if left == 0 or time.monotonic() > self._deadline:
            return None if self._legs else Searcher.FINISHED
        leg = Leg(f"leg-{self._handed_out:05d}", self._ask(min(left, self._size)), self._sweep.budget)
        self._handed_out += 1
        self._legs[trial_id] = leg
        for plan in leg.plans:
            self._results[plan.number] = [MemberResult() for _ in plan.seeds]
        for observer in self._observers:
            observer.begun(leg)
        return self._as_config(leg)

    def _ask(self, count: int) -> list[Plan]:
        """Configurations that can share a pack: of the first, its structural parameters hold for all."""
        study, space = self._study.optuna, self._sweep.space
        study.sampler = self._sampler
        first = study.ask()
        default = self._asked == 0
        plans = [self._plan_default(first) if default else self._plan(first)]
        shared = {name: first.params[name] for name in spaces.structural_names(space, first.params)}
        if shared.keys() < space.structural:
            # The default lies outside the search in a structural field, so nothing that is proposed fits its pack.
            count = 1
        if shared:
            with _experiments():
                study.sampler = PartialFixedSampler(shared, self._sampler)
        plans += [self._plan(study.ask()) for _ in range(count - 1)]
        self._asked += len(plans)
        return plans

    def _plan(self, trial: optuna.Trial) -> Plan:
        values = spaces.suggest(self._sweep.space, trial)
        return self._keep(Plan(trial.number, values, dict(trial.params), self._study.seeds(trial.number)))

    def _plan_default(self, trial: optuna.Trial) -> Plan:
        spaces.suggest_known(self._sweep.space, trial, self._sweep.default_params())
        shown = spaces.shown(self._sweep.space, self._sweep.config().model_dump(mode="json"))
        return self._keep(Plan(trial.number, {}, shown, self._study.seeds(trial.number), default=True))

    def _keep(self, plan: Plan) -> Plan:
        self._study.plan(plan)
        return plan

    def _as_config(self, leg: Leg) -> dict[str, Any]:
        members = [
            {
                **self._sweep.config(plan.values, seed).model_dump(mode="json"),
                "folder": str(self._study.home.member(self._study.name, plan.number, place)),
            }
            for plan in leg.plans
            for place, seed in enumerate(plan.seeds)
        ]
        return {"members": members, "until": leg.until, "leg": leg.name}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """A report of every member of a leg."""
        leg, reports = self._legs[trial_id], iter(result["members"])
        for plan in leg.plans:
            for place in range(len(plan.seeds)):
                report, before = next(reports), self._results[plan.number][place]
                after = outcomes.advanced(before, report, self._sweep.metric, self._sweep.direction)
                after = replace(after, seconds=before.seconds + result["train_s"])
                self._results[plan.number][place] = after
                for observer in self._observers:
                    observer.reported(plan, place, report["points"], after)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """A leg has ended; with an error `LegErrors` says which."""
        if error:
            return
        if result is not None:
            self.on_trial_result(trial_id, result)
            self._finish(trial_id)

    def failed(self, trial_id: str, error: str) -> None:
        """A leg could not be trained."""
        self._finish(trial_id, error)

    def _finish(self, trial_id: str, error: str | None = None) -> None:
        for plan in self._legs.pop(trial_id).plans:
            members = self._results.pop(plan.number)
            found = outcomes.outcome(members, error)
            self._study.finish(plan.number, found, members)
            for observer in self._observers:
                observer.finished(plan, found, members)

    def put_back(self) -> None:
        """Of the trials that were under way when the sweep was cut short: keep how far they came."""
        for number, members in self._results.items():
            self._study.put_back(number, members)

    def save(self, checkpoint_path: str) -> None:
        """Nothing: all that is needed is in the study."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, likewise."""

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher, which nothing reads back."""
        return {}


class LegErrors(Callback):
    """Tells the search why a leg failed, which Tune tells its callbacks alone."""

    def __init__(self, search: PackSearch) -> None:
        self._search = search

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A leg has failed for good."""
        self._search.failed(trial.trial_id, _cause(trial))

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its callbacks, which nothing reads back."""
        return {}


def _cause(trial: Trial) -> str:
    """The last line of the error, which names it, and where the whole of it is."""
    lines = str(trial.get_error() or "the worker died").strip().splitlines()
    return f"{lines[-1].strip()} (all of it: {trial.error_file})"
