"""Who is trained next, with whom, and how far."""

from collections.abc import Sequence

from tuning.rules import hyperband
from tuning.search.listed_proposer import ListedProposer
from tuning.search.packing import Packing
from tuning.search.proposer import Proposer
from tuning.search.standing import Rung, Standing
from tuning.study.legs import Leg, Plan, leg_name
from tuning.sweep.model import Sweep


class NextLeg:
    """Makes legs of new trials, and of those that wait."""

    def __init__(self, sweep: Sweep, standing: Standing, packing: Packing, proposer: Proposer | ListedProposer) -> None:
        """Choose by where the search stands.

        packing: who can share a pack, and how many.
        proposer: of new trials.
        """
        self._budget, self._ladders = sweep.budget, sweep.ladders
        self._standing, self._packing, self._proposer = standing, packing, proposer

    def choose(self, under_way: Sequence[Leg]) -> Leg | None:
        """The next leg, while these are under way; None where all that is left depends on them.

        A full pack of promoted trials, the furthest first; else new trials; else promoted trials, as many as wait. Last
        of all come pruned trials that audit halving, so that nothing is decided otherwise because of them.
        """
        waiting = self._standing.waiting()
        for rung, plans in waiting:
            if len(plans) >= self._packing.trials:
                return self._promoted(rung, plans[: self._packing.trials])
        if self._proposer.left:
            return self._new_trials()
        for rung, plans in waiting:
            # More may be promoted to the same rung, so half a pack waits for the others.
            more = any(leg.bracket == rung[0] and leg.rung < rung[1] for leg in under_way)
            if not more or 2 * len(plans) >= self._packing.trials:
                return self._promoted(rung, plans)
        if any(leg.until < self._budget for leg in under_way):
            return None
        for (bracket, _), plans in self._standing.auditing():
            return self.leg(plans[: self._packing.trials], bracket, self._last(bracket))
        return None

    def leg(self, plans: list[Plan], bracket: int, rung: int) -> Leg:
        """A leg of these trials to a rung of a bracket, under the next name."""
        self._standing.legs += 1
        until = plans[0].budget or self._ladders[bracket][rung]
        return Leg(leg_name(self._standing.legs - 1), plans, bracket, rung, until)

    def _new_trials(self) -> Leg:
        asked = self._proposer.asked
        bracket = hyperband.bracket_of(asked, self._ladders)
        places = range(asked, asked + min(self._packing.trials, self._proposer.left))
        # Brackets take turns, and a leg is of one of them.
        count = sum(hyperband.bracket_of(place, self._ladders) == bracket for place in places)
        return self.leg(self._proposer.ask(count), bracket, 0)

    def _promoted(self, rung: Rung, plans: list[Plan]) -> Leg:
        """A leg of promoted trials; in the last one places that are left go to trials that audit halving."""
        bracket, place = rung
        spare = self._packing.trials - len(plans)
        if place == self._last(bracket) and spare:
            structure = self._packing.structure(plans[0])
            for origin, others in self._standing.auditing():
                if origin == (bracket, place - 1) and self._packing.structure(others[0]) == structure:
                    plans = [*plans, *others[:spare]]
        return self.leg(plans, bracket, place)

    def _last(self, bracket: int) -> int:
        """The rung of the full budget."""
        return len(self._ladders[bracket]) - 1
