"""A loop of our side that does nothing but report: `loop: talkative:Talkative` in a sweep."""

from dataclasses import replace
from typing import ClassVar

import talked
from rosenbrock import Rosenbrock

from trainables import Report


class Talkative(Rosenbrock):
    """The example of docs/own-loops.md, with more to say."""

    metrics: ClassVar[tuple[str, ...]] = talked.NAMES

    def train(self, until: int) -> list[Report]:
        """Report once."""
        return [replace(each, points=[(until, talked.metrics(until))]) for each in super().train(until)]
