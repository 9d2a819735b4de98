"""The seeds that trials are trained with: functions of the sweep's seed, the same whenever a study is run."""

import random

SEARCH_SEEDS = 2**30
"""Training seeds of a search are below this; those that confirm a winner are above."""


def training_seeds(study_seed: int, trial: int, count: int) -> list[int]:
    """The seeds that a search trains a trial with, one a member."""
    drawn = random.Random(f"{study_seed}/{trial}")
    return [drawn.randrange(SEARCH_SEEDS) for _ in range(count)]


def fresh_seeds(study_seed: int, count: int, purpose: str = "confirm") -> list[int]:
    """Seeds above all those that a search trains with, to confirm on; the same for every configuration.

    purpose: what they are for; for another one they are others.
    """
    drawn = random.Random(f"{purpose} {study_seed}")
    return [SEARCH_SEEDS + drawn.randrange(SEARCH_SEEDS) for _ in range(count)]
