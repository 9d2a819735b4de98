"""What to try next: asks Optuna for configurations that can share a pack."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler, TPESampler

from tuning import space as spaces
from tuning.study import Plan, Study
from tuning.sweep import Sweep


@contextmanager
def _experiments() -> Iterator[None]:
    """Optuna calls experimental what a search in packs can't do without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def sampler(sweep: Sweep, asked: int = 0) -> BaseSampler:
    """What proposes configurations, seeded by the sweep, and by how many it has proposed before it was begun anew."""
    seed = (sweep.seed + asked) % 2**32
    if sweep.sampler == "random":
        return RandomSampler(seed=seed)
    with _experiments():
        return TPESampler(seed=seed, multivariate=True, group=True, constant_liar=True)


class Proposer:
    """Turns Optuna's proposals into plans, a pack at a time."""

    def __init__(self, study: Study) -> None:
        self._study, self._space = study, study.sweep.space
        # Of a driver that was killed while it asked: begun, and to be asked to the end.
        self._half_asked = study.half_asked()
        self.asked = len(study.plans())
        self._sampler = sampler(study.sweep, self.asked)

    @property
    def left(self) -> int:
        """How many trials are still to be proposed."""
        return max(0, self._study.sweep.trials - self.asked)

    def ask(self, count: int) -> list[Plan]:
        """So many plans, or fewer where no more fit the pack: of the first, the structural parameters hold for all."""
        optuna_study = self._study.optuna
        optuna_study.sampler = self._sampler
        default = self.asked == 0
        first = self._next()
        plans = [self._default(first) if default else self._plan(first)]
        shared = {name: first.params[name] for name in spaces.structural_names(self._space, first.params)}
        if shared.keys() < self._space.structural:
            # The default lies outside the search in a structural field, so nothing that is proposed fits its pack.
            return plans
        if shared:
            with _experiments():
                optuna_study.sampler = PartialFixedSampler(shared, self._sampler)
        while len(plans) < count and not self._half_asked:
            plans.append(self._plan(self._next()))
        return plans

    def _next(self) -> optuna.Trial:
        self.asked += 1
        return self._half_asked.pop(0) if self._half_asked else self._study.optuna.ask()

    def _plan(self, trial: optuna.Trial) -> Plan:
        values = spaces.suggest(self._space, trial)
        return self._kept(Plan(trial.number, values, dict(trial.params), self._study.seeds(trial.number)))

    def _default(self, trial: optuna.Trial) -> Plan:
        spaces.suggest_known(self._space, trial, self._study.sweep.default_params())
        shown = spaces.shown(self._space, self._study.sweep.config().model_dump(mode="json"))
        return self._kept(Plan(trial.number, {}, shown, self._study.seeds(trial.number), default=True))

    def _kept(self, plan: Plan) -> Plan:
        self._study.plan(plan)
        return plan
