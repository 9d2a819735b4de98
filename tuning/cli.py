"""The command line: parse, call, print.

Commands import what they use when they are called, for torch, Ray and MLflow take seconds and many do without.
"""

import json
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from tuning.errors import ArgumentError, LockstepError, Note, StudyNotFound, SweepError
from tuning.report.plain_text import AnyConsole, accept_all
from tuning.study.paths import Home
from tuning.study.urls import without_password
from tuning.workers.library_settings import SETTINGS, bring_rays_token, during_a_run, keep_ray_private
from tuning.workers.log_file import log_file
from tuning.workers.termination import CTRL_C, as_ctrl_c, ended_at_once

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tuning.diagnosis.training import Training
    from tuning.runner import Hire
    from tuning.study.study import Study
    from tuning.study.summary import StudySummary
    from tuning.sweep.suggestions.beginning import Beginning

app = typer.Typer(
    help="Hyperparameter search that trains many configurations in lockstep on every worker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out, err = AnyConsole(), AnyConsole(stderr=True)

SweepName = Annotated[
    str | None, typer.Argument(metavar="SWEEP", help="A preset's name (see `tuning presets`) or a YAML file.")
]
Environment = Annotated[
    str | None, typer.Option(metavar="ID", help="In place of a sweep: one is suggested, as `tuning new` writes it.")
]
Data = Annotated[str | None, typer.Option(metavar="FILE", help="Likewise, of a table to learn from.")]
Target = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Of the table, to predict.  [default: the last column]")
]
LoopName = Annotated[str | None, typer.Option("--loop", metavar="LOOP", help="What trains.  [default: what fits]")]
StudyName = Annotated[str | None, typer.Argument(metavar="NAME", help="The study; left out: the newest.")]


@dataclass
class Invocation:
    """What is known of the command.

    home: where a traceback is kept if it comes to that.
    hire: who finds the workers, if not Ray.
    """

    home: Home
    hire: "Hire | None" = None


def _note_root(context: typer.Context, root: Path | None) -> Path | None:
    invocation: Invocation = context.obj
    invocation.home = Home.at(root)
    return root


Root = Annotated[
    Path | None,
    typer.Option(help="Folder of all studies.  [default: $LOCKSTEP_ROOT or runs]", callback=_note_root),
]
Storage = Annotated[str | None, typer.Option(help="URL of Optuna's storage.  [default: SQLite in the root]")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY.PATH=VALUE", help="Put over the sweep; may be repeated.")
]


@app.command()
def new(
    environment: Annotated[str | None, typer.Option(metavar="ID", help="Id of a Gymnasium environment.")] = None,
    data: Annotated[str | None, typer.Option(metavar="FILE", help="A table to learn from.")] = None,
    target: Target = None,
    loop: LoopName = None,
    settings: Settings = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The .yaml to write.  [default: standard output]")
    ] = None,
) -> None:
    """Write a sweep file for an environment or a table.

    With the usual ranges and comments on them, ready to be run or changed.
    """
    wanted = beginning(environment, data, target, loop)
    if output is not None and output.exists():
        raise ArgumentError(f"--output: {output} is there already: should be the name of a new file")
    from tuning.sweep import loading

    _, text = loading.suggested(wanted, settings or [])
    if output is None:
        # A YAML file is UTF-8, whatever the terminal is.
        typer.echo(text.encode(), nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--output: {output} can't be written: {error.strerror}") from None
    out.print(f"{output}: `tuning run {output}` runs it", highlight=False, markup=False, soft_wrap=True)


@app.command()
def run(
    context: typer.Context,
    source: SweepName = None,
    environment: Environment = None,
    data: Data = None,
    target: Target = None,
    loop: LoopName = None,
    name: Annotated[str | None, typer.Option(help="Of the study.  [default: the sweep's, numbered]")] = None,
    trials: Annotated[str | None, typer.Option(help="How many configurations to try.")] = None,
    workers: Annotated[str | None, typer.Option(help="How many packs train at a time.")] = None,
    pack_size: Annotated[str | None, typer.Option(help="Members trained in lockstep.")] = None,
    seed: Annotated[str | None, typer.Option(help="Of the search.")] = None,
    settings: Settings = None,
    address: Annotated[str | None, typer.Option(help="A Ray cluster to run on; auto: the one of this machine.")] = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Run a sweep."""
    options = {"trials": trials, "workers.count": workers, "pack_size": pack_size, "seed": seed}
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    ready_for_ray(address)
    with ended_at_once():
        from tuning.sweep import loading

        wanted = source_of("run", source, environment, data, target, loop)
    checked, home = loading.checked(wanted, [*(settings or []), *given]), Home.at(root)
    say(checked.notes, err)
    with during_a_run(), log_file(home):
        with ended_at_once():
            from tuning import runner

        name_unused_files()
        summary = runner.run(
            checked.sweep,
            home,
            name=name,
            notes=checked.notes,
            storage_url=storage,
            address=address,
            console=err,
            hire=context.obj.hire,
        )
    finish(summary, as_json)


@app.command()
def resume(
    context: typer.Context,
    name: StudyName = None,
    source: Annotated[str | None, typer.Argument(metavar="SWEEP", help="Its sweep; refused where it differs.")] = None,
    trials: Annotated[str | None, typer.Option(help="In all; +50: so many more.")] = None,
    time: Annotated[str | None, typer.Option(help="Seconds, 10m or 2h, counted from now.")] = None,
    settings: Settings = None,
    address: Annotated[str | None, typer.Option(help="A Ray cluster to run on; auto: the one of this machine.")] = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Go on with a study, whatever ended it."""
    ready_for_ray(address)
    try:
        study = opened(name, root, storage)
    except StudyNotFound as error:
        if name is None or Path(name).suffix not in (".yaml", ".yml"):
            raise
        raise StudyNotFound(f"{error} A sweep comes second: `tuning resume NAME {name}`") from None
    with during_a_run(), log_file(study.home):
        with ended_at_once():
            from tuning import runner
            from tuning.sweep import kept_sweep, loading

        if source is not None:
            study.insist_on(loading.load(source))
        name_unused_files()
        changed = kept_sweep.changed(study.sweep, trials, time, settings or [])
        summary = runner.resume(study, sweep=changed, address=address, console=err, hire=context.obj.hire)
    finish(summary, as_json)


@app.command()
def confirm(
    context: typer.Context,
    name: StudyName = None,
    top: Annotated[int | None, typer.Option(help="How many of the best trials.", min=1, max=100)] = None,
    seeds: Annotated[int | None, typer.Option(help="Fresh trainings of each.", min=2, max=1_000)] = None,
    address: Annotated[str | None, typer.Option(help="A Ray cluster to run on; auto: the one of this machine.")] = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Train the best afresh, and name a champion if there is one.

    The best trials and the default, on seeds that no part of the search has used. Scores that are there are kept.
    """
    ready_for_ray(address)
    study = opened(name, root, storage)
    given = {key: value for key, value in (("top", top), ("seeds", seeds)) if value is not None}
    with during_a_run(), log_file(study.home):
        with ended_at_once():
            from tuning import runner
            from tuning.sweep.model import Confirm

        name_unused_files()
        wanted = (study.sweep.confirm or Confirm()).model_copy(update=given)
        summary = runner.confirm(study, wanted, address=address, console=err, hire=context.obj.hire)
    show_summary(summary, as_json)


@app.command()
def predict(
    name: StudyName = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="VALUES|FILE", help="A case, 12.0,0.3,..., or a file of them; may be repeated."
        ),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="A .csv to write the cases and their predictions to.")] = None,
    trial: Annotated[
        int | None, typer.Option(help="Whose network.  [default: first on fresh seeds, else best]")
    ] = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Predict cases with a study's best network, or ask its policy."""
    from tuning.report import predict as predictions

    summary = opened(name, root, storage).summary()
    answer = predictions.answer(summary, given or [], trial)
    for note in answer.notes:
        err.print(note, highlight=False, markup=False, soft_wrap=True)
    if output is not None:
        predictions.write(answer, output)
    if as_json:
        print(json.dumps(answer.as_json()))
    elif output is not None:
        line = f"{output}: {len(answer.cases):,} predictions of trial {answer.trial}"
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    else:
        out.print(predictions.table(answer), highlight=False)


@app.command()
def audit(
    name: StudyName = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended.")] = False,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Compare a study's storage, MLflow and checkpoints.

    Exits with 1 where they differ.
    """
    study = opened(name, root, storage)
    with during_a_run(), log_file(study.home):
        from tuning.tracking.audit import differences

        found = differences(study)
        if found and repair:
            from tuning.tracking.repair import mend

            shortfall = mend(study)
            mended, found = found, differences(study)
            err.print(f"{len(mended) - len(found)} of {len(mended)} differences mended", highlight=False)
            if shortfall:
                err.print(shortfall, highlight=False, markup=False, soft_wrap=True)
    if as_json:
        print(json.dumps([{"where": each.where, "message": each.message} for each in found]))
    else:
        lines = [str(each) for each in found] or [f"{study.name}: storage, MLflow and checkpoints agree"]
        out.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(1)


@app.command()
def check(
    source: SweepName = None,
    environment: Environment = None,
    data: Data = None,
    target: Target = None,
    loop: LoopName = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with a sweep or good to know, and run nothing."""
    wanted = source_of("check", source, environment, data, target, loop)
    name_unused_files()
    from tuning.sweep import loading

    try:
        checked = loading.checked(wanted, settings or [])
    except SweepError as error:
        if not as_json:
            raise
        print(json.dumps({"source": str(wanted), "problems": [each.as_json() for each in error.problems], "notes": []}))
        raise typer.Exit(error.exit_code) from None
    sweep, notes = checked.sweep, [each.as_json() for each in checked.notes]
    if as_json:
        of_sweep = {"trials": sweep.trials, "budget": sweep.budget}
        print(json.dumps({"source": str(wanted), "problems": [], "notes": notes, **of_sweep}))
        return
    say(checked.notes, out)
    line = f"{wanted}: nothing is wrong; {sweep.trials} trials of {sweep.budget:,} each"
    out.print(line, highlight=False, markup=False, soft_wrap=True)


@app.command("presets")
def list_presets() -> None:
    """List the sweeps that come with the project."""
    from rich.table import Table

    from tuning.sweep import presets

    table = Table(box=None, pad_edge=False, show_header=False)
    for preset in presets.presets():
        table.add_row(preset.name, preset.description)
    out.print(table, highlight=False)


@app.command("fields")
def list_fields(
    loop: Annotated[
        str | None, typer.Argument(metavar="LOOP", help="What trains; left out: the keys of the file itself.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the keys of a sweep file, or the fields of a loop."""
    from tuning.sweep import reference

    entries = reference.of_sweep() if loop is None else reference.of_loop(loop)
    if as_json:
        print(json.dumps([asdict(each) for each in entries]))
        return
    if not entries:
        out.print(f"{loop} takes any: they are its config, with `seed` and `budget` beside them", highlight=False)
        return
    out.print(reference.table(entries), highlight=False)
    if loop is not None:
        out.print(f"\n{reference.SEARCHED}", highlight=False)


@app.command("list")
def list_studies(root: Root = None, storage: Storage = None, as_json: Json = False) -> None:
    """List the studies, the newest last."""
    from tuning.report import study_list
    from tuning.study import catalogue

    home = Home.at(root)
    url = storage or home.storage_url
    summaries = [study.summary() for study in catalogue.every(home, url)]
    if as_json:
        print(json.dumps([study_list.as_json(each) for each in summaries]))
    elif summaries:
        out.print(study_list.table(summaries), highlight=False)
    else:
        line = f"There are no studies in {catalogue.place(home, url)}."
        out.print(line, highlight=False, markup=False, soft_wrap=True)


@app.command()
def show(name: StudyName = None, root: Root = None, storage: Storage = None, as_json: Json = False) -> None:
    """Show a study: its best trials and what differs in them."""
    show_summary(opened(name, root, storage).summary(), as_json)


@app.command()
def why(
    name: StudyName = None,
    trial: Annotated[
        int | None, typer.Option(help="Which one.  [default: the one to use, else the default configuration]")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All trials, in a table.")] = False,
    curves: Annotated[
        Path | None, typer.Option(help="Curves of any training: a .csv with a row a step, or a .json history.")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run", help="An MLflow run, whoever logged it.")] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="CURVE=COLUMN", help="Where a curve goes by another name; may be repeated."),
    ] = None,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Say what is wrong with a training, and what might mend it."""
    from tuning.report import why as reasons

    given = [key for key, value in (("--curves", curves), ("--run", run_id)) if value is not None]
    if len(given) + (name is not None) > 1 or (given and (trial is not None or every)):
        raise ArgumentError(f"{' and '.join([*given, 'a study'])}: should be one of them")
    if given:
        from tuning.diagnosis import diagnosis
        from tuning.diagnosis.wanted import wanted

        training = elsewhere(curves, run_id, columns or [], Home.at(root))
        shown, found = str(curves or run_id), diagnosis.of_training(training)
        report = reasons.told(shown, found, wanted(training), wraps=out.is_terminal)
        print_reasons(reasons.as_json(shown, found), report, as_json)
        return
    if columns:
        raise ArgumentError("--map: goes with --curves or --run")
    study = opened(name, root, storage)
    summary = study.summary()
    if every:
        found_all = reasons.of_trials(study, [each.number for each in summary.trials])
        listed = [reasons.as_json(number, each) for number, each in found_all.items()]
        print_reasons(listed, reasons.table(found_all), as_json)
        return
    chosen = trial if trial is not None else next((e.number for e in (summary.chosen, summary.default) if e), 0)
    found = reasons.of_trials(study, [chosen])[chosen]
    report = reasons.told(f"trial {chosen} of {study.name}", found, wraps=out.is_terminal)
    print_reasons(reasons.as_json(chosen, found), report, as_json)


@app.command()
def ui(
    root: Root = None,
    storage: Storage = None,
    port: Annotated[int, typer.Option(help="On 127.0.0.1.", min=1, max=65535)] = 5000,
) -> None:
    """Open the MLflow UI on the runs, for this machine alone."""
    from tuning.tracking import ui as pages

    newest = opened(None, root, storage).summary()
    page = f"/#/experiments/{newest.tracking.get('experiment_id', '0')}/runs"
    if pages.server_elsewhere():
        line = f"The runs are kept by the server that MLFLOW_TRACKING_URI names; its page is {page}"
        out.print(line, highlight=False)
        return
    pages.refuse_taken(port, page)
    out.print(f"http://127.0.0.1:{port}{page} shows the runs; Ctrl-C ends it.", highlight=False, soft_wrap=True)
    pages.serve(Home.at(root), port, SETTINGS)


def elsewhere(curves: Path | None, run_id: str | None, columns: Sequence[str], home: Home) -> "Training":
    """A training that is no trial's: from a file, or from a run of MLflow."""
    pairs = [each.partition("=") for each in columns]
    if wrong := [each for each, (_, equals, column) in zip(columns, pairs, strict=True) if not (equals and column)]:
        raise ArgumentError(f"--map: should be CURVE=COLUMN, is {', '.join(wrong)}")
    given = {curve: column for curve, _, column in pairs}
    if curves is not None:
        from tuning.report import foreign_curves

        return foreign_curves.training(curves, given)
    with during_a_run(), log_file(home):
        from tuning.tracking import run_curves

        return run_curves.training(home, str(run_id), given)


def print_reasons(data: object, shown: "RenderableType", as_json: bool) -> None:
    """Print verdicts for a script or for a person."""
    if as_json:
        print(json.dumps(data))
    else:
        out.print(shown, highlight=False, soft_wrap=not out.is_terminal)


def ready_for_ray(address: str | None) -> None:
    """What Ray reads once, when it is imported: who may give the workers anything to do."""
    if address is None:
        keep_ray_private()
    else:
        bring_rays_token(address)


def name_unused_files() -> None:
    """Say which files of the current folder can't be what a sweep names, as other modules have their names."""
    from trainables.base import own_folders

    for sentence in own_folders.sentences(Path.cwd()):
        err.print(sentence, highlight=False, markup=False, soft_wrap=True)


def opened(name: str | None, root: Path | None, storage: str | None) -> "Study":
    """The study that a command names, or the newest."""
    with ended_at_once():
        from tuning.study import catalogue

    home = Home.at(root)
    return catalogue.opened(home, storage or home.storage_url, name)


def source_of(
    command: str, source: str | None, environment: str | None, data: str | None, target: str | None, loop: str | None
) -> "str | Beginning":
    """What a sweep is to be read from, or made of; raises ArgumentError where that is not one thing.

    command: that needs one.
    source: a preset's name or a file.
    environment, data, target, loop: what a sweep is suggested for.
    """
    options = {"--environment": environment, "--data": data, "--target": target, "--loop": loop}
    given = [f"{option} {value}" for option, value in options.items() if value is not None]
    if source is None and not given:
        raise ArgumentError(
            f"nothing to {command}: should be a SWEEP (see `tuning presets`), --environment ID or --data FILE"
        )
    if source is None:
        return beginning(environment, data, target, loop)
    if given:
        raise ArgumentError(
            f"{source} and {', '.join(given)}: should be a sweep or what one is suggested for, not both; "
            "`--set KEY.PATH=VALUE` puts settings over a sweep"
        )
    return source


def beginning(environment: str | None, data: str | None, target: str | None, loop: str | None) -> "Beginning":
    """What a sweep is suggested for; raises ArgumentError where that is not one environment or one table."""
    if environment is not None and data is not None:
        raise ArgumentError("--environment and --data: should be one of them")
    if environment is None and data is None:
        raise ArgumentError("nothing to train on: should be --environment ID or --data FILE")
    if environment is not None and target is not None:
        raise ArgumentError("--target: is a column of a table, so it goes with --data")
    from tuning.sweep.suggestions.beginning import Beginning

    return Beginning(environment, data, target, loop)


def finish(summary: "StudySummary", as_json: bool) -> None:
    """Show a study that has just run, and say by the exit code how it ended."""
    show_summary(summary, as_json)
    if summary.state == "interrupted":
        raise typer.Exit(CTRL_C)
    if not summary.ranked():
        raise typer.Exit(1)


def say(notes: Sequence[Note], console: Console) -> None:
    """Print what a person should know of a sweep, a line each, whole in a file or a pipe."""
    for note in notes:
        style = "yellow" if note.warning else None
        console.print(str(note), style=style, highlight=False, markup=False, soft_wrap=True)


def show_summary(summary: "StudySummary", as_json: bool) -> None:
    """Print a study for a script or for a person."""
    if as_json:
        print(json.dumps(summary.as_json()))
        return
    from tuning.report import study_report

    study_report.show(summary, out)


def main(arguments: Sequence[str] | None = None, hire: "Hire | None" = None) -> None:
    """The `tuning` command.

    What a person can mend is said in a line; of anything else the traceback is kept in a file.

    arguments: what follows the command's name; None: those of this process.
    hire: who finds the workers, if not Ray.
    """
    accept_all(sys.stdout, sys.stderr)
    with as_ctrl_c() as ending:
        sys.exit(ending.code(_called(arguments, Invocation(Home.at(None), hire))))


def _called(arguments: Sequence[str] | None, invocation: Invocation) -> int:
    """Parse and call; returns the exit code."""
    try:
        app(args=None if arguments is None else list(arguments), obj=invocation)
    except LockstepError as error:
        err.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        return CTRL_C
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception as error:  # noqa: BLE001  the last resort of the command
        err.print(_kept(error, invocation.home), style="red", highlight=False, markup=False, soft_wrap=True)
        return 1
    return 0


def _kept(error: Exception, home: Home) -> str:
    name = f"error-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    whole = without_password("".join(traceback.format_exception(error)))
    path = home.logs / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(whole, encoding="utf-8", errors="backslashreplace")
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="lockstep-")) / name
        path.write_text(whole, encoding="utf-8", errors="backslashreplace")
    return f"This should not have happened: {without_password(str(error))}\nThe whole of it is in {path}"
