"""The command that finds out what mends a training."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.experiments import Budget, Seeds, Settings, SubjectName, Trial, experimented, show_answer
from tuning.cli.options import Address, Json, Root, Storage
from tuning.cli.output_files import refuse_existing, write
from tuning.cli.printing import err

if TYPE_CHECKING:
    from tuning.experiments.subjects import Subject
    from tuning.study.experiment import Experiment


def mend(
    context: typer.Context,
    name: SubjectName = None,
    trial: Trial = None,
    rounds: Annotated[int, typer.Option(help="How often the best so far is diagnosed.", min=1, max=10)] = 3,
    seeds: Seeds = None,
    budget: Budget = None,
    settings: Settings = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The .yaml to write the mended configuration to.")
    ] = None,
    address: Address = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Train what might mend a trial, and say what does.

    The configuration as it is, with every patch that its verdicts prescribe, and with those that help together.
    """
    refuse_existing(output)

    def ask(found: "Callable[..., Subject]") -> "tuple[Subject, Experiment]":
        from tuning.experiments import mend as mending

        subject = found(name, trial, settings)
        return subject, mending.experiment(subject, rounds)

    answer = experimented(
        ask, root=root, storage=storage, address=address, hire=context.obj.hire, budget=budget, seeds=seeds
    )
    show_answer(answer, as_json)
    from tuning.report.mending import Mended

    mended = answer.mended if isinstance(answer, Mended) else None
    if output is not None and mended is not None:
        write(output, mended.sweep)
        err.print(f"{output}: `tuning run {output}` runs it", highlight=False, markup=False, soft_wrap=True)
    if mended is None:
        raise typer.Exit(1)
