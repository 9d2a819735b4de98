"""The command line: parse, call, print."""

import json
import logging
import os
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tuning.errors import LockstepError, ServerError, StorageError, StudyNotFound
from tuning.report import leaderboard
from tuning.report.number_format import number
from tuning.study import catalogue
from tuning.study.paths import ROOT_VARIABLE, Home
from tuning.study.study import Study
from tuning.study.summary import StudySummary
from tuning.sweep import model, reference
from tuning.workers.library_settings import hush

app = typer.Typer(
    help="Hyperparameter search that trains many configurations in lockstep on every worker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
out, err = Console(), Console(stderr=True)

SweepName = Annotated[
    str, typer.Argument(metavar="SWEEP", help="A preset's name (see `tuning presets`) or a YAML file.")
]
StudyName = Annotated[str | None, typer.Argument(metavar="NAME", help="The study; left out: the newest.")]


def _keep_root(value: Path | None) -> Path | None:
    """The folder is for everything that follows, a last traceback included."""
    if value is not None:
        os.environ[ROOT_VARIABLE] = str(value.absolute())
    return value


Root = Annotated[
    Path | None,
    typer.Option(help="Folder of all studies.  [default: $LOCKSTEP_ROOT or runs]", callback=_keep_root),
]
Storage = Annotated[str | None, typer.Option(help="URL of Optuna's storage.  [default: SQLite in the root]")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY.PATH=VALUE", help="Put over the sweep; may be repeated.")
]


@app.command()
def run(
    source: SweepName,
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
    hush(own_ray=address is None)
    wanted = model.load(source, [*(settings or []), *given])
    home = Home.at(root)
    log_to(home)
    from tuning import runner as runs

    summary = runs.run(wanted, home, name=name, storage_url=storage, address=address, console=err)
    finish(summary, as_json)


@app.command()
def resume(
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
    try:
        study = taken_up(name, root, storage, own_ray=address is None)
    except StudyNotFound as error:
        if name is None or Path(name).suffix not in (".yaml", ".yml"):
            raise
        raise StudyNotFound(f"{error} A sweep comes second: `tuning resume NAME {name}`") from None
    if source is not None:
        study.insist_on(model.load(source))
    changed = model.changed(study.sweep, trials, time, settings or [])
    from tuning import runner as runs

    finish(runs.resume(study, sweep=changed, address=address, console=err), as_json)


@app.command()
def confirm(
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
    study = taken_up(name, root, storage, own_ray=address is None)
    given = {key: value for key, value in (("top", top), ("seeds", seeds)) if value is not None}
    wanted = (study.sweep.confirm or model.Confirm()).model_copy(update=given)
    from tuning import runner as runs

    show_summary(runs.confirm(study, wanted, address=address, console=err), as_json)


@app.command()
def predict(
    name: StudyName = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="NUMBERS|FILE", help="A case, 12.0,0.3,..., or a file of them; may be repeated."
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
    """Predict cases with the best network of a supervised study."""
    summary = opened(name, root, storage).summary()
    from tuning.report import predict as predictions

    answer = predictions.answer(summary, given or [], trial)
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
    study = taken_up(name, root, storage)
    from tuning.tracking import audit as audits

    found = audits.audit(study)
    if found and repair:
        shortfall = audits.repair(study)
        mended, found = found, audits.audit(study)
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
def check(source: SweepName, settings: Settings = None) -> None:
    """Say all that is wrong with a sweep, and run nothing."""
    checked = model.load(source, settings or [])
    out.print(f"{source}: nothing is wrong; {checked.trials} trials of {checked.budget:,} each", highlight=False)


@app.command()
def presets() -> None:
    """List the sweeps that come with the project."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for preset in model.presets():
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
    home = Home.at(root)
    url = storage or home.storage_url
    summaries = [catalogue.opened(home, url, name).summary() for name in catalogue.names(home, url)]
    if as_json:
        shown = ("name", "state", "flaw")
        rows = [{key: getattr(each, key) for key in shown} | {"trials": len(each.trials)} for each in summaries]
        print(json.dumps(rows))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("study", "state", "trials", "best", "begun"):
        table.add_column(heading, justify="right" if heading in ("trials", "best") else "left")
    if any(summary.flaw for summary in summaries):
        table.add_column()
    for each in summaries:
        best = f"front of {len(each.front)}" if each.front else number(each.best.value if each.best else None)
        begun = each.created.astimezone().strftime("%Y-%m-%d %H:%M")
        flaw = "its loop can't be imported here" if ": loop: " in (each.flaw or "") else "can't be gone on with here"
        table.add_row(each.name, each.state, str(len(each.trials)), best, begun, *([flaw] if each.flaw else []))
    if summaries:
        out.print(table, highlight=False)
    else:
        out.print(
            f"There are no studies in {catalogue.place(home, url)}.", highlight=False, markup=False, soft_wrap=True
        )


@app.command()
def show(name: StudyName = None, root: Root = None, storage: Storage = None, as_json: Json = False) -> None:
    """Show a study: its best trials and what differs in them."""
    show_summary(opened(name, root, storage).summary(), as_json)


@app.command()
def ui(
    root: Root = None,
    storage: Storage = None,
    port: Annotated[int, typer.Option(help="On 127.0.0.1.", min=1, max=65535)] = 5000,
) -> None:
    """Open the MLflow UI on the runs, for this machine alone."""
    home = Home.at(root)
    newest = catalogue.opened(home, storage or home.storage_url).summary()
    page = f"/#/experiments/{newest.tracking.get('experiment_id', '0')}/runs"
    server = os.environ.get("MLFLOW_TRACKING_URI", "")
    if server.startswith(("http://", "https://")):
        out.print(
            f"The runs are kept by the server that MLFLOW_TRACKING_URI names; its page is {page}", highlight=False
        )
        return
    with socket.socket() as taken:
        if taken.connect_ex(("127.0.0.1", port)) == 0:
            raise ServerError(f"--port {port}: something listens there already; choose another, or open it: {page}")
    out.print(f"http://127.0.0.1:{port}{page} shows the runs; Ctrl-C ends it.", highlight=False, soft_wrap=True)
    _serve(["--backend-store-uri", server or home.tracking_uri, "--port", str(port)], home.logs / "mlflow-ui.log")


def _serve(options: Sequence[str], log: Path) -> None:
    """MLflow's UI until Ctrl-C; what it says on the way is for a file."""
    hush()
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--workers", "1", *options]
    with log.open("w") as said:
        # In a session of its own, so that Ctrl-C reaches us alone and it is ended quietly.
        server = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            server.terminate()
            server.wait()
            return
    raise ServerError(f"MLflow's UI has ended by itself; what it said is in {log}")


def opened(name: str | None, root: Path | None, storage: str | None) -> Study:
    """The study that a command names, or the newest."""
    home = Home.at(root)
    return catalogue.opened(home, storage or home.storage_url, name)


def taken_up(name: str | None, root: Path | None, storage: str | None, own_ray: bool = True) -> Study:
    """The same for a command that does something with it."""
    hush(own_ray)
    study = opened(name, root, storage)
    log_to(study.home)
    return study


def finish(summary: StudySummary, as_json: bool) -> None:
    """Show a study that has just run, and say by the exit code how it ended."""
    show_summary(summary, as_json)
    if summary.state == "interrupted":
        raise typer.Exit(130)
    if not summary.ranked():
        raise typer.Exit(1)


def show_summary(summary: StudySummary, as_json: bool) -> None:
    """Print a study for a script or for a person."""
    if as_json:
        print(json.dumps(summary.as_json()))
    else:
        leaderboard.show(summary, out)


def log_to(home: Home) -> None:
    """What our own code has to say while a display is on the terminal goes to a file."""
    try:
        home.logs.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(home.logs / "tuning.log")
    except OSError as error:
        raise StorageError(
            f"the root {home.root} can't be made or written to: {error.strerror}; --root names another"
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("tuning").addHandler(handler)


def main(arguments: Sequence[str] | None = None) -> None:
    """The `tuning` command. What a person can mend is said in a line; anything else leaves its traceback in a file."""
    try:
        app(args=list(arguments) if arguments is not None else None)
    except LockstepError as error:
        err.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001  the last resort of the command
        err.print(_kept(error), style="red", highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)


def _kept(error: Exception) -> str:
    name, whole = f"error-{datetime.now(UTC):%Y%m%d-%H%M%S}.log", "".join(traceback.format_exception(error))
    path = Home.at(None).logs / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(whole)
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="lockstep-")) / name
        path.write_text(whole)
    return f"This should not have happened: {error}\nThe whole of it is in {path}"
