"""What somebody scores who has learnt nothing: what a training is held against."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrivialAnswer:
    """One way to answer without having learnt anything, and how well it does.

    name: what it does, such as `predicting the mean`.
    value: its score, by the metric that trials are compared by.
    beaten_from: the score from which on another is better by more than chance.
    """

    name: str
    value: float
    beaten_from: float
