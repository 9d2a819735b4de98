"""What a study trains that searches nothing: configurations and seeds that are named. Plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

Kind: TypeAlias = Literal["train", "mend", "ablate", "replay"]

EXPERIMENT, CONFIGURATIONS, FOUND = "experiment", "configurations", "found"
"""Attributes of Optuna's study."""


@dataclass(frozen=True)
class Configuration:
    """One that is trained: a trial of the study.

    values: of fields of the loop's config, over what the study's sweep has; a budget of its own among them.
    params: the same as people are shown them: what differs from the configuration that the experiment is about.
    seeds: that it is trained with.
    """

    values: dict[str, Any]
    params: dict[str, Any]
    seeds: list[int]


@dataclass(frozen=True)
class Experiment:
    """What a study is for.

    kind: the command that has made it.
    asked: what that was asked, as plain data: enough to go on with it, as all that it has decided on the way follows
        from the scores that are kept.
    episodes: fresh ones that every training is scored on at its end; 0: none.
    pack: to how many members packs are filled up, whatever that costs; 0: as it pays.
    """

    kind: Kind
    asked: dict[str, Any]
    episodes: int = 0
    pack: int = 0


def experiment_in(attributes: Mapping[str, Any]) -> Experiment | None:
    """What a study is for, by its attributes; None of a sweep."""
    kept = attributes.get(EXPERIMENT)
    return None if kept is None else Experiment(**kept)


def configurations_in(attributes: Mapping[str, Any]) -> list[Configuration]:
    """What a study is to train, by its attributes: its trials, in the order of their numbers."""
    return [Configuration(**each) for each in attributes.get(CONFIGURATIONS, [])]


def as_data(configurations: list[Configuration]) -> list[dict[str, Any]]:
    """The configurations as an attribute."""
    return [asdict(each) for each in configurations]
