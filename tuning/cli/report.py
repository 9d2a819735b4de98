"""The command that writes a study's report."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import Root, Storage, StudyName
from tuning.cli.output_files import write
from tuning.cli.preparation import opened
from tuning.cli.printing import err, out
from tuning.errors import ArgumentError
from tuning.workers.library_settings import during_a_run

KINDS = ("svg", "png", "pdf")


def report(
    name: StudyName = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page to write.  [default: NAME.html here]")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    plots: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the plots as files, too, for papers.")
    ] = None,
    kind: Annotated[str, typer.Option(metavar="KIND", help="Of these files: svg, png or pdf.")] = "svg",
    root: Root = None,
    storage: Storage = None,
) -> None:
    """Write a study's report: a page of plots and words. MLflow shows it, too, among the files of the study's run."""
    if kind not in KINDS:
        raise ArgumentError(f"--kind: should be {', '.join(KINDS[:-1])} or {KINDS[-1]}, is {kind}")
    study = opened(name, root, storage)
    path = output or Path(f"{study.name}.html")
    if path.is_dir():
        raise ArgumentError(f"--output: {path} is a folder: should be a file")
    err.print(f"reading the curves of {study.name}", highlight=False, markup=False, style="dim")
    from tuning.report import plot_files, study_page
    from tuning.report.material import material
    from tuning.tracking import report_file

    found = material(study)
    page = study_page.study_page(found)
    text = page.as_html()
    write(path, text, folders=True)
    with during_a_run():
        untold = report_file.keep(study, text)
    if untold is not None:
        err.print(untold, highlight=False, markup=False, soft_wrap=True)
    out.print(f"{path}: {page.answer.first}", highlight=False, markup=False, soft_wrap=True)
    if plots is not None:
        for written in plot_files.write(page.plots, plots, kind):
            out.print(str(written), highlight=False, markup=False, soft_wrap=True)
    if show:
        webbrowser.open(path.absolute().as_uri())
