"""For loops of one's own: random numbers that belong to a member (trainables/base/random_streams.py)."""

from trainables.base.random_streams import (
    CONFIRMATION,
    SEARCH_EVALUATION,
    TRAINING,
    Purpose,
    Uniforms,
    episode_seeds,
    evaluation_seeds,
    integer,
)

__all__ = [
    "CONFIRMATION",
    "SEARCH_EVALUATION",
    "TRAINING",
    "Purpose",
    "Uniforms",
    "episode_seeds",
    "evaluation_seeds",
    "integer",
]
