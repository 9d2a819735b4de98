"""What to try next: trials that a sweep lists, and those that a sampler proposes, in packs."""

import itertools
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import optuna
from optuna.samplers import PartialFixedSampler
from optuna.trial import FixedTrial

from tuning.search.restricted_study import RestrictedSampler
from tuning.search.sampler_desk import SamplerDesk
from tuning.search.samplers import experiments, sampler
from tuning.search.untried import Untried
from tuning.study.legs import Plan
from tuning.study.study import Study
from tuning.sweep import grid
from tuning.sweep.model import Sweep
from tuning.sweep.space import distributions, shown, structural_names, suggest, suggest_known


def listed(sweep: Sweep, start: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The parameters of the trials that are not left to a sampler, in order, after that of the default.

    A grid is nothing but such a list. Parameters that are missing, since they lie outside the search, are left to the
    sampler.

    sweep: that lists them.
    start: parameters of the best trials of an earlier study.
    """
    default = sweep.default_params()
    if sweep.sampler == "grid":
        yield from (point for point in grid.points(sweep.space) if point != default)
        return
    known = [default]
    for params in [*sweep.first_params(), *start]:
        if params not in known:
            known.append(params)
            yield params


class Proposer:
    """Turns what is listed and what Optuna proposes into plans, a pack at a time."""

    def __init__(self, study: Study) -> None:
        self._study, self._space = study, study.sweep.space
        self.desk = SamplerDesk(study)
        self.asked = len(study.records.plans())
        self._sampler = sampler(study.sweep, self.asked)
        self._given: dict[str, Any] = {}
        """The parameters that the trial which was asked for last had to have."""
        # The first trial is the default, where one is known. Those that have followed it have each taken one of these.
        whole = listed(study.sweep, study.attributes.start)
        self._unlisted = 0 if study.sweep.foreign else 1
        self._listed: Iterator[dict[str, Any]] = itertools.islice(whole, max(0, self.asked - self._unlisted), None)
        tried = [trial.params for trial in self.desk.study.get_trials(deepcopy=False)]
        self._untried, self._distributions = Untried(self._space, tried), distributions(self._space)
        self._other_grid = study.sweep.sampler == "grid" and bool(study.attributes.changes)
        if self._other_grid:
            # What has been tried are points of another grid, some of them perhaps none of this one.
            self._listed = (point for point in whole if not self._untried.tried(point))
        self._on_the_list = next(self._listed, None)

    @property
    def left(self) -> int:
        """How many trials are still to be proposed: as many as are wanted, while there are configurations."""
        if self._other_grid:
            return int(self._untried.left)
        wanted = max(0, self._study.sweep.trials - self.asked)
        # The default configuration may lie outside the search.
        default = 1 if self.asked < self._unlisted else 0
        return int(min(wanted, self._untried.left + default)) if wanted else 0

    @property
    def exhausted(self) -> bool:
        """Whether more trials are wanted than there are configurations."""
        return self.asked < self._study.sweep.trials and self._untried.left <= 0 and self.asked >= self._unlisted

    def ask(self, count: int) -> list[Plan]:
        """The plans of a pack of this many trials, or of fewer where the next would not fit it.

        All share the structural parameters of the first.
        """
        # The first alone draws what it decides for all the others.
        self._model_for(1 if self._space.structural else count)
        default = self.asked < self._unlisted
        first = self._next({})
        plans = [self._default(first) if default else self._plan(first)]
        params = self.desk.trial(plans[0].number).params
        shared = {name: params[name] for name in structural_names(self._space, params)}
        if shared.keys() < self._space.structural:
            # The default has a structural parameter from outside the search, so no proposal fits its pack.
            return plans
        if shared:
            self._model_for(count - 1)
        while len(plans) < count and self._has_next(shared):
            plans.append(self._plan(self._next(shared)))
        return plans

    def _model_for(self, size: int) -> None:
        if isinstance(self._sampler, RestrictedSampler):
            self._sampler.next_pack(size)

    def _has_next(self, shared: Mapping[str, Any]) -> bool:
        """Whether the next trial may have these parameters."""
        listed = self._on_the_list or {}
        return all(listed.get(name, value) == value for name, value in shared.items()) and self._untried.has(shared)

    def _next(self, shared: Mapping[str, Any]) -> optuna.Trial:
        """A trial with these parameters, and with those that are listed for its place."""
        listed = self.asked >= self._unlisted
        fixed = dict(shared) if listed else self._study.sweep.default_params()
        if listed and self._on_the_list is not None:
            fixed |= self._on_the_list
            self._on_the_list = next(self._listed, None)
        self._given = fixed
        with experiments():
            sampler = PartialFixedSampler(fixed, self._sampler) if fixed else self._sampler
        self.asked += 1
        return self.desk.ask(sampler)

    def _plan(self, trial: optuna.Trial) -> Plan:
        values, params = suggest(self._space, trial), dict(trial.params)
        other = self._instead_of(trial) if self._untried.tried(params) else None
        if other is not None:
            self.desk.replace(trial.number, other, self._distributions)
            values, params = suggest(self._space, FixedTrial(other)), other
        self._untried.add(params)
        return self._kept(Plan(trial.number, values, params, self._study.training_seeds(trial.number)))

    def _instead_of(self, trial: optuna.Trial) -> dict[str, Any] | None:
        """The configuration most like one that was tried already, with what is given of it."""
        chance = Random(f"{self._study.sweep.seed}/{trial.number} instead")
        return self._untried.instead_of(trial.params, self._given, chance)

    def _default(self, trial: optuna.Trial) -> Plan:
        suggest_known(self._space, trial, self._study.sweep.default_params())
        params = shown(self._space, self._study.sweep.config().model_dump(mode="json"))
        self._untried.add(self.desk.trial(trial.number).params)
        return self._kept(Plan(trial.number, {}, params, self._study.training_seeds(trial.number), default=True))

    def _kept(self, plan: Plan) -> Plan:
        self._study.records.begin(self.desk.trial(plan.number), plan)
        return plan
