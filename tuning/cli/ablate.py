"""The command that finds out which difference between two configurations makes the difference."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tuning.cli.experiments import Seeds, Settings, experimented, show_answer
from tuning.cli.options import Address, Json, Root, Storage
from tuning.cli.printing import err

if TYPE_CHECKING:
    from tuning.experiments.subjects import Subject
    from tuning.study.experiment import Experiment

_FORMS = "study/12, study/leader, study/default, a preset, a sweep file or an MLflow run."


def ablate(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help=f"The one: {_FORMS}")],
    b: Annotated[str, typer.Argument(metavar="B", help="The other, likewise.")],
    seeds: Seeds = None,
    budget: Annotated[
        int | None, typer.Option(help="Of each training.  [default: each its own, as one of the differences]", min=1)
    ] = None,
    settings: Settings = None,
    plots: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the way from A to B as DIR/ablation.svg, too.")
    ] = None,
    address: Address = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Say which difference between A and B makes the difference.

    By trainings on several seeds: each change made in A, each undone in B, and the way from A to B.
    """

    def ask(found: "Callable[..., Subject]") -> "tuple[Subject, Experiment]":
        from tuning.experiments import ablate as ablation

        one = found(a, None, settings)
        return one, ablation.experiment(one, found(b, None, settings), budget)

    answer = experimented(
        ask, root=root, storage=storage, address=address, hire=context.obj.hire, budget=budget, seeds=seeds
    )
    show_answer(answer, as_json)
    if plots is not None and (found := answer.as_json())["path"]:
        from tuning.report import plot_files
        from tuning.report.plots import waterfall

        for written in plot_files.write([waterfall.drawn(found, "score")], plots, "svg"):
            err.print(str(written), highlight=False, markup=False, soft_wrap=True)
