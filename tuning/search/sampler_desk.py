"""The desk where samplers sit: the study's trials in memory, to be asked for new ones and told of what became of them.

In a database each parameter of a trial is a transaction of its own; from here a trial reaches it whole, as one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.borrowed import put_in_place
from tuning.search.earlier_trials import EarlierTrials
from tuning.study.legs import Decision, Leg, Plan
from tuning.study.observer import Observer
from tuning.study.study import Study

_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class SamplerDesk(Observer):
    """Holds all trials of a study as they are when it is made, and those that are asked for here."""

    def __init__(self, study: Study) -> None:
        storage = InMemoryStorage()
        self.study = optuna.create_study(storage=storage, directions=study.sweep.directions)
        self._storage = storage
        self._id = storage.get_study_id_from_name(self.study.study_name)
        self._curves: dict[int, dict[int, float]] = {}
        """Of the trials that have not ended: their values at the rungs that they have come to, by budget."""
        changes, plans = study.attributes.changes, study.records.plans()
        earlier = EarlierTrials(study.sweep) if changes else None
        for trial in study.optuna.get_trials(deepcopy=True):
            if earlier is not None and trial.number < changes[-1].first and trial.number in plans:
                earlier.as_now(trial, plans[trial.number])
            # A trial that was put back runs again, or will.
            trial.state = TrialState.RUNNING if trial.state == TrialState.WAITING else trial.state
            self.study.add_trial(trial)

    def ask(self, sampler: BaseSampler) -> optuna.Trial:
        """A new trial, whose parameters this sampler proposes."""
        self.study.sampler = sampler
        return self.study.ask()

    def replace(self, number: int, params: Mapping[str, Any], distributions: Mapping[str, BaseDistribution]) -> None:
        """Give a trial that has been asked for, and not trained, other parameters.

        distributions: of all parameters that a trial may have.
        """
        trial = self.trial(number)
        trial.params = dict(params)
        trial.distributions = {name: distributions[name] for name in params}
        put_in_place(self._storage, self._trial_id(number), trial)

    def trial(self, number: int) -> FrozenTrial:
        """A trial as it is now."""
        return self._storage.get_trial(self._trial_id(number))

    def closed(self, leg: Leg, decision: Decision) -> None:
        """Show samplers what trials that go on have come to; those that have ended are told at their end."""
        for number, value in decision.values.items():
            if value is not None:
                self._curves.setdefault(number, {})[leg.until] = value
                if number in decision.going_on:
                    self._set_value(number, leg.until, value)

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """Tell the sampler of a trial's end.

        One that diverged is told as pruned without any value, which samplers take for the worst there is.
        """
        curve = self._curves.pop(plan.number, {})
        if self.trial(plan.number).state.is_finished():
            return
        for steps, value in ({} if found.diverged_at is not None else curve).items():
            self._set_value(plan.number, steps, value)
        self.study.tell(plan.number, found.values or None, state=_STATES[found.state])

    def _set_value(self, number: int, steps: int, value: float) -> None:
        trial_id = self._trial_id(number)
        if not self._storage.get_trial(trial_id).state.is_finished():
            self._storage.set_trial_intermediate_value(trial_id, steps, value)

    def _trial_id(self, number: int) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._id, number)
