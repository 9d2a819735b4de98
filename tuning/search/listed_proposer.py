"""What to try next where nothing is searched: the configurations that an experiment names, in their order."""

from optuna.samplers import RandomSampler

from tuning.search.sampler_desk import SamplerDesk
from tuning.study.experiment import Configuration
from tuning.study.legs import Plan
from tuning.study.study import Study


class ListedProposer:
    """Turns the configurations of an experiment into plans, a pack at a time; it stands in the place of Proposer."""

    exhausted = False

    def __init__(self, study: Study) -> None:
        self._study, self.desk = study, SamplerDesk(study)
        self.asked = len(study.records.plans())
        self._to_come = study.attributes.configurations[self.asked :]
        # Optuna gives its trials numbers here, and proposes nothing.
        self._numbers = RandomSampler()

    @property
    def left(self) -> int:
        """How many trials are still to be begun."""
        return len(self._to_come)

    def ask(self, count: int) -> list[Plan]:
        """The plans of a pack of this many trials, or of fewer where the next would not fit it."""
        structure, plans = self._structure(self._to_come[0]), list[Plan]()
        while self._to_come and len(plans) < count and self._structure(self._to_come[0]) == structure:
            plans.append(self._begun(self._to_come.pop(0)))
        return plans

    def _begun(self, wanted: Configuration) -> Plan:
        trial = self.desk.ask(self._numbers)
        plan = Plan(trial.number, wanted.values, wanted.params, wanted.seeds)
        self.asked += 1
        self._study.records.begin(self.desk.trial(plan.number), plan)
        return plan

    def _structure(self, wanted: Configuration) -> str:
        return self._study.sweep.structure_of(wanted.values)
