"""The way in for Python: the commands as functions. docs/python.md shows how they are used.

They are quiet unless asked. A run changes nothing for good in the process that calls it; it can be repeated, and works
where an event loop is running already, as in a notebook. If the process has initialised Ray, the workers are those of
that Ray, which is left running.

Ctrl-C raises KeyboardInterrupt once the workers are gone and everything is kept: `resume` goes on from there.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tuning.errors import ArgumentError, Interrupted, Waiting
from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.study.summary import StudySummary
from tuning.study_handle import StudyHandle
from tuning.sweep import kept_sweep
from tuning.sweep.model import Sweep
from tuning.sweep.sections import Confirm
from tuning.workers.library_settings import during_a_run
from tuning.workers.log_file import log_file

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.experiments.subjects import Subject
    from tuning.report.ablation import Ablated
    from tuning.report.mending import Mended
    from tuning.report.replaying import Replay
    from tuning.report.trained import Trained
    from tuning.runner import Hire
    from tuning.study.experiment import Experiment
    from tuning.sweep.validation import Checked

AnyPath = str | os.PathLike[str]
Settings = Mapping[str, Any]
"""Values by key path, `{"budget": 50_000, "fixed.gamma": 0.98}`."""


def run(
    sweep: Sweep | AnyPath,
    *,
    name: str | None = None,
    trials: int | None = None,
    workers: int | None = None,
    seed: int | None = None,
    set: Settings | None = None,
    root: AnyPath | None = None,
    storage: str | None = None,
    address: str | None = None,
    progress: bool = False,
    hire: "Hire | None" = None,
) -> StudyHandle:
    """Runs a sweep to its end.

    sweep: a Sweep, the name of a preset, or the path of a YAML file.
    name: of the study; None: the sweep's, with the first free number.
    trials, workers, seed: in place of the sweep's own.
    set: other settings of the sweep, by key path.
    root: the folder of all studies; None: the environment's LOCKSTEP_ROOT, else runs/ here.
    storage: URL of Optuna's storage; None: an SQLite database in the root.
    address: of a Ray cluster; None: workers of this machine, or of the Ray that this process has initialised.
    progress: whether to draw how far it is.
    hire: who finds the workers, if not Ray.
    Raises LockstepError (see tuning/errors.py) for whatever a person can fix, KeyboardInterrupt after Ctrl-C.
    """
    _insist(name=name, set=set, root=root, storage=storage, address=address)
    given = {"trials": trials, "workers.count": workers, "seed": seed}
    changes = {**(set or {}), **{key: value for key, value in given.items() if value is not None}}
    checked, home = _checked(sweep, changes), _home(root)
    for note in checked.notes:
        if note.warning:
            warnings.warn(str(note), stacklevel=2)
    url = home.storage(storage)
    with _work(home):
        from tuning import runner

        summary = runner.run(
            checked.sweep,
            home,
            name=name,
            notes=checked.notes,
            storage_url=storage,
            address=address,
            console=_console(progress),
            hire=hire,
        )
    return _come_to_its_end(StudyHandle(summary.name, home, url), summary)


def resume(
    study: StudyHandle | str | None = None,
    *,
    trials: int | str | None = None,
    set: Settings | None = None,
    root: AnyPath | None = None,
    storage: str | None = None,
    address: str | None = None,
    progress: bool = False,
    hire: "Hire | None" = None,
) -> StudyHandle:
    """Goes on with a study, whatever ended it.

    study: what `run` or `studies` gave, or a name; None: the newest.
    trials: in all, or "+50" for so many more.
    set: other settings that may change, by key path: the limits, the workers, `confirm`, what is searched.
    root, storage: where to find a study that is given by name.
    address, progress, hire: as of `run`.
    Raises as `run` does.
    """
    _insist(set=set, root=root, storage=storage, address=address)
    handle = _handle(study, root, storage)
    with _work(handle.home):
        from tuning import runner

        opened = handle.opened()
        kept_as = opened.attributes.kept_as
        changed = kept_sweep.changed(opened.sweep, None if trials is None else str(trials), None, set or {}, kept_as)
        summary = runner.resume(opened, sweep=changed, address=address, console=_console(progress), hire=hire)
    return _come_to_its_end(handle, summary)


def confirm(
    study: StudyHandle | str | None = None,
    *,
    top: int | None = None,
    seeds: int | Literal["auto"] | None = None,
    root: AnyPath | None = None,
    storage: str | None = None,
    address: str | None = None,
    progress: bool = False,
    hire: "Hire | None" = None,
) -> StudyHandle:
    """Trains the best trials and the default on fresh seeds, and names a champion if one can be told apart.

    study: what `run` or `studies` gave, or a name; None: the newest.
    top: how many of the best trials; None: as the sweep has it.
    seeds: trainings of each; auto: as many as it takes, up to 20; None: as the sweep has it.
    root, storage: where to find a study that is given by name.
    address, progress, hire: as of `run`.
    Raises as `run` does.
    """
    _insist(root=root, storage=storage, address=address)
    handle = _handle(study, root, storage)
    with _work(handle.home):
        from tuning import runner

        opened = handle.opened()
        given = {f"confirm.{key}": value for key, value in (("top", top), ("seeds", seeds)) if value is not None}
        before = opened.sweep.confirm or Confirm()
        settings = {"confirm": before.model_dump(mode="json"), **given}
        wanted = kept_sweep.changed(opened.sweep, None, None, settings).confirm or before
        try:
            runner.confirm(opened, wanted, address=address, console=_console(progress), hire=hire)
        except Interrupted as error:
            raise KeyboardInterrupt(str(error)) from None
    return handle


def mend(
    name: str | AnyPath | StudyHandle | None = None,
    *,
    trial: int | None = None,
    rounds: int = 3,
    seeds: int | None = None,
    budget: int | None = None,
    set: Settings | None = None,
    root: AnyPath | None = None,
    storage: str | None = None,
    address: str | None = None,
    progress: bool = False,
    hire: "Hire | None" = None,
) -> "Mended":
    """Trains what might mend a trial, and says what does.

    name: a study, "study/12", "study/leader", "study/default", a preset, a sweep file or the id of an MLflow run; None:
        the newest study.
    trial: of a study; None: the one to use, else its default.
    rounds: how often the best so far is diagnosed.
    seeds: trainings of each configuration; None: 10.
    budget: of each training; None: the sweep's.
    set: settings of a preset or a sweep file, by key path.
    root, storage, address, progress, hire: as of `run`.
    Raises as `run` does, StudyError where there is nothing to mend.
    """
    from tuning.experiments import mend as mending
    from tuning.report.mending import Mended

    def ask(found: "_Found") -> "tuple[Subject, Experiment]":
        subject = found(name, trial)
        return subject, mending.experiment(subject, rounds)

    return _answered(Mended, ask, set, root, storage, address, progress, hire, budget, seeds)


def ablate(
    a: str | AnyPath | StudyHandle,
    b: str | AnyPath | StudyHandle,
    *,
    seeds: int | None = None,
    budget: int | None = None,
    set: Settings | None = None,
    root: AnyPath | None = None,
    storage: str | None = None,
    address: str | None = None,
    progress: bool = False,
    hire: "Hire | None" = None,
) -> "Ablated":
    """Says which of the differences between two configurations makes the difference in score, by training.

    a, b: each as `name` of `mend`.
    seeds: trainings of each configuration; None: 10.
    budget: of each training; None: each its own, as one of the differences.
    set: settings of presets and sweep files, by key path.
    root, storage, address, progress, hire: as of `run`.
    Raises as `run` does, StudyError where the two can't be compared.
    """
    from tuning.experiments import ablate as ablation
    from tuning.report.ablation import Ablated

    def ask(found: "_Found") -> "tuple[Subject, Experiment]":
        one = found(a, None)
        return one, ablation.experiment(one, found(b, None), budget)

    return _answered(Ablated, ask, set, root, storage, address, progress, hire, budget, seeds)


def train(
    name: str | AnyPath | StudyHandle | None = None,
    *,
    trial: int | None = None,
    seeds: int | None = None,
    budget: int | None = None,
    set: Settings | None = None,
    root: AnyPath | None = None,
    storage: str | None = None,
    address: str | None = None,
    progress: bool = False,
    hire: "Hire | None" = None,
) -> "Trained":
    """Trains one configuration on several seeds, as a study of its own. Arguments and errors are those of `mend`."""
    from tuning.experiments import train as training
    from tuning.report.trained import Trained

    def ask(found: "_Found") -> "tuple[Subject, Experiment]":
        subject = found(name, trial)
        return subject, training.experiment(subject)

    return _answered(Trained, ask, set, root, storage, address, progress, hire, budget, seeds)


def replay(
    name: str | StudyHandle | None = None,
    *,
    trial: int | None = None,
    seed: int | None = None,
    root: AnyPath | None = None,
    storage: str | None = None,
    address: str | None = None,
    progress: bool = False,
    hire: "Hire | None" = None,
) -> "Replay":
    """Trains a trial again, and says whether its curve is the same.

    name, trial: as of `mend`.
    seed: one of the trial's, or its place among them; None: all.
    root, storage, address, progress, hire: as of `run`.
    Raises as `run` does, UnusableCheckpoint where there is no curve to compare with.
    """
    from tuning.experiments import replay as replaying
    from tuning.report.replaying import Replay

    def ask(found: "_Found") -> "tuple[Subject, Experiment]":
        subject = found(name, trial)
        return subject, replaying.experiment(subject, seed)

    return _answered(Replay, ask, None, root, storage, address, progress, hire)


def studies(root: AnyPath | None = None, storage: str | None = None) -> list[StudyHandle]:
    """All studies of a root, the newest last.

    root, storage: as of `run`.
    """
    _insist(root=root, storage=storage)
    home = _home(root)
    url = home.storage(storage)
    return [StudyHandle(name, home, url) for name in catalogue.names(home, url)]


def _checked(sweep: Any, changes: Settings) -> "Checked":
    """The sweep that `run` is given, checked for this machine. Raises ArgumentError, SweepError."""
    from tuning.sweep import loading, validation  # import torch

    if isinstance(sweep, Sweep):
        return validation.checked_here(sweep.with_settings(changes).model_dump(mode="json"))
    if isinstance(sweep, str | os.PathLike):
        return loading.checked(os.path.expanduser(sweep), changes)
    raise ArgumentError(f"sweep: should be a Sweep, a preset's name or a path, is {sweep!r}")


_Found = Callable[[Any, int | None], "Subject"]
"""(what a person calls a configuration, a trial) -> the configuration."""
Kind = TypeVar("Kind")


def _answered(
    kind: type[Kind],
    ask: "Callable[[_Found], tuple[Subject, Experiment]]",
    settings: Settings | None,
    root: AnyPath | None,
    storage: str | None,
    address: str | None,
    progress: bool,
    hire: "Hire | None",
    budget: int | None = None,
    seeds: int | None = None,
) -> Kind:
    """What an experiment comes to, which is of this kind; what is asked is asked of who finds configurations."""
    _insist(set=settings, root=root, storage=storage, address=address)
    home = _home(root)
    url = home.storage(storage)
    with _work(home):
        from tuning.experiments import running, subjects

        def found(name: Any, trial: int | None) -> "Subject":
            text = name.name if isinstance(name, StudyHandle) else None if name is None else os.fspath(name)
            return subjects.found(text, home, url, trial, settings or {})

        subject, experiment = ask(found)
        try:
            answer = running.begun(
                subject.sweep,
                experiment,
                home,
                url,
                budget=budget,
                seeds=seeds,
                address=address,
                console=_console(progress),
                hire=hire,
            )
        except Interrupted as error:
            raise KeyboardInterrupt(str(error)) from None
    if not isinstance(answer, kind):
        raise TypeError(f"should be {kind.__name__}, is {answer!r}")
    return answer


def _handle(study: StudyHandle | str | None, root: AnyPath | None, storage: str | None) -> StudyHandle:
    if isinstance(study, StudyHandle):
        if root is not None or storage is not None:
            raise ArgumentError("root, storage: should be left out, as the study has its own")
        return study
    if not (study is None or isinstance(study, str)):
        raise ArgumentError(f"study: should be a StudyHandle or a name, is {study!r}")
    home = _home(root)
    url = home.storage(storage)
    return StudyHandle(catalogue.opened(home, url, study).name, home, url)


_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = {
    "name": ((str,), "a text"),
    "set": ((Mapping,), "a mapping of key paths to values"),
    "root": ((str, os.PathLike), "a path"),
    "storage": ((str,), "the URL of a database"),
    "address": ((str,), "the address of a Ray cluster"),
}
"""What arguments should be, where they are given."""


def _insist(**given: object) -> None:
    """Raises ArgumentError with all arguments that are not of their kind."""
    kinds = {name: _KINDS[name] for name, value in given.items() if value is not None}
    wrong = [
        f"{name}: should be {what}, is {given[name]!r}"
        for name, (types, what) in kinds.items()
        if not isinstance(given[name], types)
    ]
    if wrong:
        raise ArgumentError("\n".join(wrong))


def _home(root: AnyPath | None) -> Home:
    return Home.at(None if root is None else os.fspath(root))


@contextmanager
def _work(home: Home) -> Iterator[None]:
    """What surrounds a run in somebody's process."""
    with during_a_run(), log_file(home):
        yield


def _console(progress: bool) -> "Console | None":
    """Where a run draws, and says what a person should know at its end."""
    from tuning.report.plain_text import AnyConsole

    return AnyConsole(stderr=True) if progress else None


def _come_to_its_end(handle: StudyHandle, summary: StudySummary) -> StudyHandle:
    if summary.state == "interrupted":
        raise KeyboardInterrupt(f"{handle.name!r} was interrupted; resume({handle.name!r}) goes on with it")
    if summary.waits_for is not None:
        raise Waiting(f"{handle.name!r} waits: {summary.waits_for}; resume({handle.name!r}) goes on with it after that")
    return handle
