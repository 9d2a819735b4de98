"""The command that trains one configuration in full."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from tuning.cli.experiments import Budget, Seeds, Settings, SubjectName, Trial, experimented, show_answer
from tuning.cli.options import Address, Json, Root, Storage

if TYPE_CHECKING:
    from tuning.experiments.subjects import Subject
    from tuning.study.experiment import Experiment


def train(
    context: typer.Context,
    name: SubjectName = None,
    trial: Trial = None,
    budget: Budget = None,
    seeds: Seeds = None,
    settings: Settings = None,
    address: Address = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Train one configuration with more budget, on more seeds.

    It is a study of its own, and scored on fresh episodes.
    """

    def ask(found: "Callable[..., Subject]") -> "tuple[Subject, Experiment]":
        from tuning.experiments import train as training

        subject = found(name, trial, settings)
        return subject, training.experiment(subject)

    answer = experimented(
        ask, root=root, storage=storage, address=address, hire=context.obj.hire, budget=budget, seeds=seeds
    )
    show_answer(answer, as_json)
