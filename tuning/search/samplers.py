"""What proposes configurations: Optuna's samplers by the names that a sweep knows.

What each makes of a search in packs, of conditional parameters (settings that only one option brings along), and of
trials that were pruned or have diverged:

- tpe: models the parameters of each option together. A diverged trial counts as worse than any other.
- gp, nsga2: model the unconditional parameters together, and leave conditional ones to chance. In a pack the structural
  parameters are given, and left out of the model.
- cmaes: moves the tunable numbers, and leaves everything else to chance. Always the same numbers, since it can't lose a
  dimension in a pack and find it again afterwards. It knows one objective; the others learn from two as well.
- qmc: covers all parameters evenly, conditional ones among them.
- random: never learns.
- grid: all points, one after the other (tuning/search/proposer.py lists them).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from optuna.distributions import FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, QMCSampler, RandomSampler

from tuning.search.pack_tpe import PackTPE
from tuning.search.restricted_study import RestrictedSampler
from tuning.sweep.model import Sweep
from tuning.sweep.space import distributions


def sampler(sweep: Sweep, asked: int = 0) -> BaseSampler:
    """What proposes the sweep's configurations, shown no more of the study than it can make use of.

    asked: how many it proposed before it was begun anew. It is seeded by that and by the sweep's seed.
    """
    base, together = _optunas(sweep, asked), distributions(sweep.space, conditional=False)
    most, directions = most_seen(sweep), sweep.directions
    match sweep.sampler:
        case "random" | "grid":
            return base
        case "tpe":
            single = sweep.second is None
            return RestrictedSampler(base, None, together, most, directions, knows_pruned=single)
        case "qmc":
            return RestrictedSampler(base, distributions(sweep.space), {}, most, directions, steady=True)
        case "cmaes":
            numbers = {
                name: each
                for name, each in together.items()
                if isinstance(each, FloatDistribution | IntDistribution) and name not in sweep.space.structural
            }
            return RestrictedSampler(base, numbers, together, most, directions, steady=True)
        case "gp" | "nsga2":
            return RestrictedSampler(base, together, together, most, directions)


def _optunas(sweep: Sweep, asked: int) -> BaseSampler:
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
                # Where its sequence stood is not kept; scrambled otherwise it proposes no point twice.
                return QMCSampler(scramble=True, seed=seed, independent_sampler=chance, warn_independent_sampling=False)
            case "random" | "grid":
                return chance


def most_seen(sweep: Sweep) -> int:
    """How many finished trials a sampler is shown at the most.

    A proposal takes longer the more there are, of a Gaussian process with the third power of their number. Fewer find
    a little less, so they are fewer only where many trials are to be proposed (docs/findings.md).
    """
    if sweep.sampler == "gp":
        return 100
    return 500 if sweep.trials <= 2_000 else 200


@contextmanager
def experiments() -> Iterator[None]:
    """Without Optuna's warnings that what a search in packs needs is experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        yield
