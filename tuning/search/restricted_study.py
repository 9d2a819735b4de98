"""A sampler that is shown only a part of the study, so that its proposals take no longer as the study grows."""

import copy
from collections.abc import Collection, Container, Mapping, Sequence
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution
from optuna.pruners import NopPruner
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from tuning.rules.objective import Direction
from tuning.search.borrowed import storage_of
from tuning.search.pack_tpe import PackTPE
from tuning.search.shown_trials import ShownTrials, as_complete


class RestrictedSampler(BaseSampler):
    """A sampler that is shown a part of the study.

    base: the sampler.
    together: the parameters to draw together; None leaves that to the sampler.
    needed: parameters without which a trial is not shown. The default configuration lacks some where it lies outside
        the search, and others could not be modelled beside it.
    most: finished trials to show.
    directions: of the one or two objectives.
    knows_pruned: the sampler itself knows what to make of a pruned trial; otherwise it is shown as a complete one.
    steady: always draw all of `together`, even where some of it is given: the sampler keeps a state of that size.
    """

    def __init__(
        self,
        base: BaseSampler,
        together: Mapping[str, BaseDistribution] | None,
        needed: Collection[str],
        most: int,
        directions: Sequence[Direction],
        knows_pruned: bool = False,
        steady: bool = False,
    ) -> None:
        self._base, self._together, self._steady = base, together, steady
        self._shown, self._directions = ShownTrials(needed, most, directions), directions
        self._knows_pruned = knows_pruned
        self._study: optuna.Study | None = None
        """What the sampler is shown; None where it is to look at the study anew."""
        self._of_a_pack = False
        self._grouped: set[int] = set()
        """The finished trials by which the sampler has formed its groups of parameters."""
        self._groups: dict[str, BaseDistribution] | None = None

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What is drawn together."""
        if self._together is not None:
            return {name: each for name, each in self._together.items() if not each.single()}
        if self._groups is None or not self._of_a_pack:
            # Groups only ever become finer, so a trial that was looked at once has no more to say.
            shown = self._restricted(study).get_trials(deepcopy=False)
            new = [each for each in shown if each.number not in self._grouped]
            self._grouped.update(each.number for each in new if each.state.is_finished())
            self._groups = self._base.infer_relative_search_space(restricted(study, new), trial)
        return self._groups

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw it; of a steady sampler also the parameters that are given, and those in vain."""
        if not search_space:
            return {}
        drawn_from = dict(self._together) if self._steady and self._together else search_space
        drawn = self._base.sample_relative(self._restricted(study), trial, drawn_from)
        return {name: value for name, value in drawn.items() if name in search_space}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Draw what is drawn alone."""
        return self._base.sample_independent(self._restricted(study), trial, param_name, param_distribution)

    def next_pack(self, size: int) -> None:
        """The trials that are asked for next belong to one pack; there are at most this many."""
        self._study = self._groups = None
        self._of_a_pack = isinstance(self._base, PackTPE)
        if isinstance(self._base, PackTPE):
            self._base.model_for(size)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """A trial begins: look at the study anew, unless the sampler proposes whole packs."""
        if not self._of_a_pack:
            self._study = None
        self._base.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """A trial has ended."""
        self._base.after_trial(study, trial, state, values)

    def _restricted(self, study: optuna.Study) -> optuna.Study:
        if self._study is None:
            trials = self._shown.of(study.get_trials(deepcopy=False))
            self._study = restricted(study, trials if self._knows_pruned else as_complete(trials, self._directions))
        return self._study


def restricted(study: optuna.Study, trials: list[FrozenTrial]) -> optuna.Study:
    """The study as if these were its only trials; what a sampler writes to it reaches the study itself."""
    storage = _Restricted(storage_of(study), trials)
    return optuna.load_study(
        study_name=study.study_name, storage=cast(BaseStorage, storage), sampler=study.sampler, pruner=NopPruner()
    )


class _Restricted:
    """A storage that shows some of its trials, and is the whole one in all else.

    It hands on whatever it is asked for, rather than be a BaseStorage, of which it would have to spell out each method.
    """

    def __init__(self, storage: BaseStorage, trials: list[FrozenTrial]) -> None:
        self._storage, self._trials = storage, trials

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """The trials that are shown."""
        found = [trial for trial in self._trials if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found
