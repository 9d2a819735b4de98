"""Which parameters of a search mattered."""

import math
import random
import warnings
from collections import Counter
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuning.sweep.space import Space

FEWEST_TRIALS = 16
"""Of fewer trials nothing can be said."""

MOST_TRIALS = 256
"""Of more trials a sample of this many is enough, since the time of fANOVA grows with the square of their number."""


def importances(study: optuna.Study, space: Space, seed: int = 0) -> dict[str, float]:
    """The share of the differences between trials that each parameter accounts for, the largest first; in all 1.

    Nothing is said of fewer than FEWEST_TRIALS trials, or where all have the same value.

    Trials are compared by the first objective, at the budget that most of them have come to, so that those that halving
    gave up count as well. Those without a value, diverged ones among them, are left out.

    The shares are those of fANOVA (Hutter et al., 2014), which needs fewer trials than others, but knows only
    parameters that all trials have. Where some are conditional they are those of PED-ANOVA (Watanabe et al., 2023),
    which asks what sets the best tenth of the trials apart.

    study: with its trials.
    space: that was searched; a trial without its unconditional parameters is left out.
    seed: of the sample of trials, and of fANOVA's random forest.
    """
    # Imports scikit-learn, which takes a second and is needed only when a search has ended.
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances

    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    # The default configuration lacks some parameters where it lies outside the search.
    valued = _compared([trial for trial in trials if space.dimensions.keys() <= trial.params.keys()])
    if len(valued) < FEWEST_TRIALS or len({value for _, value in valued}) == 1:
        return {}
    if len(valued) > MOST_TRIALS:
        valued = random.Random(seed).sample(valued, MOST_TRIALS)
    names = [trial.params.keys() for trial, _ in valued]
    conditional = any(each != names[0] for each in names)
    with warnings.catch_warnings():
        # Both warn that they are experimental, and PED-ANOVA that it is rough where trials are few.
        warnings.simplefilter("ignore")
        evaluator = PedAnovaImportanceEvaluator() if conditional else FanovaImportanceEvaluator(seed=seed)
        alike = optuna.create_study(direction=study.directions[0])
        alike.add_trials(
            [create_trial(value=value, params=each.params, distributions=each.distributions) for each, value in valued]
        )
        return get_param_importances(alike, evaluator=evaluator)


def _compared(trials: Sequence[FrozenTrial]) -> list[tuple[FrozenTrial, float]]:
    """Trials with their values at the budget that most of them have come to; without curves, with those at the end."""
    steps = Counter(step for trial in trials for step in trial.intermediate_values)
    common = max(steps, key=lambda step: (steps[step], step), default=None)
    found = [
        (trial, (trial.values or [None])[0] if common is None else trial.intermediate_values.get(common))
        for trial in trials
    ]
    return [(trial, value) for trial, value in found if value is not None and math.isfinite(value)]
