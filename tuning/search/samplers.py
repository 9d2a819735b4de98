"""What proposes configurations: Optuna's samplers by the names that a sweep knows.

What each makes of a search in packs, of conditional parameters (settings that just one option brings along), and of
trials that were pruned or have diverged:

- tpe: models the parameters of each option together; a diverged trial counts as worse than any other.
- gp, nsga2: model the unconditional parameters together, and leave conditional ones to chance. In a pack the structural
  ones are given, and left out of the model.
- cmaes: moves tunable numbers, and leaves all else to chance; always the same ones, since it can't lose a dimension in
  a pack and find it again afterwards.
- qmc: covers all parameters, conditional ones among them, evenly.
- cmaes knows one objective; the others learn from two as well.
- random: never learns. grid: all points, one after the other (see tuning.sampling).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from optuna.distributions import FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, QMCSampler, RandomSampler

from tuning.search.pack_tpe import PackTPE
from tuning.search.restricted_study import Informed
from tuning.sweep import space as spaces
from tuning.sweep.model import Sweep


def most_seen(sweep: Sweep) -> int:
    """How many finished trials a sampler is shown at the most.

    The time of an answer grows with them, for a Gaussian process with the third power of their number. Fewer cost
    something in what is found, so they are fewer only where many trials are to be proposed (docs/findings.md).
    """
    if sweep.sampler == "gp":
        return 100
    return 500 if sweep.trials <= 2_000 else 200


@contextmanager
def experiments() -> Iterator[None]:
    """Optuna calls experimental what a search in packs can't do without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield


def sampler(sweep: Sweep, asked: int = 0) -> BaseSampler:
    """What proposes configurations, seeded by the sweep, and by how many it has proposed before it was begun anew."""
    seed = (sweep.seed + asked) % 2**32
    chance = RandomSampler(seed=seed)
    with experiments():
        match sweep.sampler:
            case "tpe":
                return PackTPE(seed=seed, multivariate=True, group=True, constant_liar=True)
            case "gp":
                return GPSampler(seed=seed, independent_sampler=chance, warn_independent_sampling=False)
            case "cmaes":
                return CmaEsSampler(seed=seed, independent_sampler=chance, warn_independent_sampling=False)
            case "nsga2":
                # The first generation is left to chance: of 64 trials Optuna's own 50 would leave little to breed.
                return NSGAIISampler(seed=seed, population_size=max(8, min(50, sweep.trials // 8)))
            case "qmc":
                # Where its sequence stands is in the storage, so its seed stays the same.
                return QMCSampler(
                    scramble=True, seed=sweep.seed, independent_sampler=chance, warn_independent_sampling=False
                )
            case "random" | "grid":
                return chance


def informed(sweep: Sweep, asked: int = 0) -> BaseSampler:
    """The same, shown no more of the study than what it can make use of."""
    base, together = sampler(sweep, asked), spaces.distributions(sweep.space, conditional=False)
    most, directions = most_seen(sweep), sweep.directions
    match sweep.sampler:
        case "random" | "grid":
            return base
        case "tpe":
            return Informed(base, None, together, most, directions, ranked=sweep.second is None)
        case "qmc":
            return Informed(base, spaces.distributions(sweep.space), {}, most, directions, steady=True)
        case "cmaes":
            numbers = {
                name: each
                for name, each in together.items()
                if isinstance(each, FloatDistribution | IntDistribution) and name not in sweep.space.structural
            }
            return Informed(base, numbers, together, most, directions, steady=True)
        case "gp" | "nsga2":
            return Informed(base, together, together, most, directions)
