"""What an experiment is about: the configuration that a person means by a few letters."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuning.errors import ArgumentError, StudyError, StudyNotFound
from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.sweep import configurations, loading, presets, yaml_text
from tuning.sweep.model import Sweep
from tuning.sweep.overrides import Settings

FORMS = "a study, study/12, study/leader, study/default, a preset, a sweep file or the id of an MLflow run"

_RUN_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Subject:
    """A configuration.

    shown: what people are told it is.
    sweep: which it belongs to.
    values: of fields, over what the sweep has.
    study, trial: that it is of, where it was trained.
    """

    shown: str
    sweep: Sweep
    values: dict[str, Any]
    study: Study | None = None
    trial: int | None = None

    @property
    def config(self) -> dict[str, Any]:
        """All its fields, as plain data."""
        return configurations.plain(self.sweep, self.values)


def found(text: str | None, home: Home, url: str, trial: int | None = None, settings: Settings = ()) -> Subject:
    """The configuration that a text means.

    text: one of FORMS; None: the newest study. Of a study it is the trial to use, else its default.
    home, url: where studies are.
    trial: which of a study's.
    settings: what is put over a sweep that is a preset's or a file's.
    Raises LockstepError where there is no such thing.
    """
    known = catalogue.names(home, url)
    if text is None or text in known:
        return of_study(catalogue.opened(home, url, text), trial)
    name, slash, which = text.rpartition("/")
    if slash and name in known:
        if trial is not None:
            raise ArgumentError(f"{text} and --trial {trial}: should be one of them")
        return of_study(catalogue.opened(home, url, name), which)
    if trial is not None:
        raise _not_found(text, known, f"--trial {trial} is one of a study's, and {text!r} is no study")
    if any(each.name == text for each in presets.presets()) or Path(text).suffix in (".yaml", ".yml"):
        return Subject(f"the default of {text}", loading.checked(text, settings).sweep, {})
    if _RUN_ID.fullmatch(text):
        return _of_run(text, home, url, known)
    raise _not_found(text, known, f"{text!r}: should be {FORMS}")


def of_study(study: Study, which: int | str | None) -> Subject:
    """A trial of a study: by its number, as `leader` or `default`; None: the trial to use, else the default."""
    number = _number(study, which)
    plan = study.records.plans().get(number)
    if plan is None:
        count = len(study.records.plans())
        there = f"it has {count}, from 0 on" if count else "it has none yet"
        raise StudyError(f"{study.name!r} has no trial {number}; {there}")
    return Subject(f"trial {number} of {study.name}", study.sweep, dict(plan.values), study, number)


def _number(study: Study, which: int | str | None) -> int:
    if isinstance(which, int):
        return which
    if which is not None and which.isdecimal():
        return int(which)
    summary = study.summary()
    leader, default = summary.chosen, summary.default
    if which is None:
        return next((each.number for each in (leader, default) if each), 0)
    wanted = {"leader": leader, "default": default}
    if which not in wanted:
        raise ArgumentError(f"{study.name}/{which}: should be {study.name}/12, its /leader or its /default")
    trial = wanted[which]
    if trial is None:
        raise StudyError(f"{study.name!r} has no {which}: {'no trial has a value' if which == 'leader' else 'none'}")
    return trial.number


def _of_run(run_id: str, home: Home, url: str, known: Sequence[str]) -> Subject:
    from tuning.tracking import run_trials  # imports MLflow

    told = run_trials.trial_of(home, run_id)
    if told.study in known:
        study = catalogue.opened(home, url, told.study)
        if study.attributes.key == told.key:
            return of_study(study, told.number)
    sweep = Sweep.model_validate(yaml_text.parse(told.sweep, "sweep.yaml"))
    return Subject(f"trial {told.number} of {told.study}", sweep, told.values)


def _not_found(text: str, known: Sequence[str], message: str) -> StudyNotFound:
    from tuning.sweep.wording import nearest

    return StudyNotFound(f"{message}{nearest(text, [*known, *(each.name for each in presets.presets())])}")
