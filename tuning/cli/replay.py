"""The command that trains a trial again as it was trained."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.experiments import SubjectName, Trial, experimented, show_answer
from tuning.cli.options import Address, Json, Root, Storage

if TYPE_CHECKING:
    from tuning.experiments.subjects import Subject
    from tuning.study.experiment import Experiment


def replay(
    context: typer.Context,
    name: SubjectName = None,
    trial: Trial = None,
    seed: Annotated[
        int | None, typer.Option(help="One of the trial's, or its place among them, from 0 on.  [default: all]", min=0)
    ] = None,
    address: Address = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Train a trial again, and say whether its curve is the same.

    If it is not: at which step it parts, and what differs in versions, machine and pack. Exits with 1 then.
    """

    def ask(found: "Callable[..., Subject]") -> "tuple[Subject, Experiment]":
        from tuning.experiments import replay as replaying

        subject = found(name, trial)
        return subject, replaying.experiment(subject, seed)

    answer = experimented(ask, root=root, storage=storage, address=address, hire=context.obj.hire)
    show_answer(answer, as_json)
    if not answer.as_json()["same"]:
        raise typer.Exit(1)
