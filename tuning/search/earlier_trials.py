"""Trials of a search that was changed since, as its sampler is shown them now."""

from optuna.distributions import BaseDistribution
from optuna.trial import FixedTrial, FrozenTrial

from tuning.study.legs import Plan
from tuning.sweep.model import Sweep
from tuning.sweep.space import distributions, fitting, params_of, suggest


class EarlierTrials:
    """Tells what earlier trials would be called in a search as it is now.

    Optuna's categories can't be changed in a study that is there. Samplers sit beside a study in memory that is made
    anew each time the search goes on, and there a trial has whatever parameters its values have today.
    """

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._distributions: dict[str, BaseDistribution] = distributions(sweep.space)

    def as_now(self, trial: FrozenTrial, plan: Plan) -> None:
        """Give a trial the parameters that its values have in the search as it is now, or none.

        It has none where the search could not propose its configuration any more: then it stays, and no model is made
        of it.

        trial: as Optuna has it; changed in place.
        plan: with all the values that the trial has had.
        """
        params = self._params(plan)
        trial.params = params
        trial.distributions = {name: self._distributions[name] for name in params}
        if self._sweep.sampler != "nsga2":
            # What a sampler has noted of its own state, or of what it would draw, is of the search as it was.
            trial.system_attrs = {}

    def _params(self, plan: Plan) -> dict[str, object]:
        sweep = self._sweep
        config = sweep.config(plan.values).model_dump(mode="json")
        params = fitting(sweep.space, params_of(sweep.space, config))
        if params is None:
            return {}
        proposed = sweep.config(suggest(sweep.space, FixedTrial(params))).model_dump(mode="json")
        return params if proposed == config else {}
