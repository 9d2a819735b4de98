"""Trains a trial again as it was trained, and holds the curves beside each other."""

from pathlib import Path
from typing import Any

from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from tuning.errors import ArgumentError, StudyError, UnusableCheckpoint
from tuning.experiments.laboratory import Laboratory
from tuning.experiments.subjects import Subject
from tuning.report.replaying import Replay, Replayed, compared
from tuning.study.experiment import Configuration, Experiment
from tuning.study.study import Study


def experiment(subject: Subject, seed: int | None = None) -> Experiment:
    """What the study of a replay is for.

    seed: one of the trial's, or its place among them; None: all.
    Raises StudyError where it is of no study that is here, ArgumentError where it has no such seed, UnusableCheckpoint
    where there is no curve to compare with.
    """
    if subject.study is None or subject.trial is None:
        raise StudyError(f"{subject.shown}: should be a trial of a study that is here, to be compared with")
    seeds = subject.study.records.plans()[subject.trial].seeds
    places = [place for place, each in enumerate(seeds) if seed is None or seed in (place, each)]
    if not places:
        raise ArgumentError(
            f"--seed: {subject.shown} has {', '.join(map(str, seeds))}; should be one of them, is {seed}"
        )
    folders = [_folder(subject.study, subject.trial, place) for place in places]
    asked = {
        "subject": subject.shown,
        "values": subject.values,
        "seeds": [seeds[place] for place in places],
        "folders": [str(folder) for folder in folders],
    }
    # In a pack of its size; where it went through several, in that of its beginning.
    made = _made_with(folders[0])
    return Experiment("replay", asked, pack=int(made[0]["pack"]) if made else 0)


def answer(laboratory: Laboratory) -> Replay:
    """Train it again. Raises Interrupted, UnusableCheckpoint."""
    study, told = laboratory.study, laboratory.study.attributes.experiment
    assert told is not None
    seeds, folders = told.asked["seeds"], [Path(each) for each in told.asked["folders"]]
    wanted = Configuration(told.asked["values"], {}, seeds)
    laboratory.train([wanted], "the same training again")
    again = [study.home.member(study.name, laboratory.number(wanted), place) for place in range(len(seeds))]
    trainings = [_beside(seed, before, after) for seed, before, after in zip(seeds, folders, again, strict=True)]
    return Replay(str(told.asked["subject"]), study.name, trainings, _differs(folders[0], again[0]))


def _folder(study: Study, trial: int, place: int) -> Path:
    folder = study.home.member(study.name, trial, place)
    if not _curve(folder):
        raise UnusableCheckpoint(
            f"trial {trial} of {study.name!r} has no checkpoint in {folder}: nothing to compare with"
        )
    return folder


def _curve(folder: Path) -> list[tuple[int, dict[str, float]]]:
    try:
        return checkpoint.curve(folder)
    except CheckpointError as error:
        raise UnusableCheckpoint(str(error)) from error


def _made_with(folder: Path) -> list[dict[str, Any]]:
    try:
        return checkpoint.made_with(folder)
    except CheckpointError as error:
        raise UnusableCheckpoint(str(error)) from error


def _beside(seed: int, before: Path, after: Path) -> Replayed:
    return compared(seed, _curve(before), _curve(after))


def _differs(before: Path, after: Path) -> dict[str, tuple[str, str]]:
    then, now = _made_with(before), _made_with(after)
    names = [name for name in dict.fromkeys(name for part in (*then, *now) for name in part) if name != "since"]
    was = {name: _said(then, name) for name in names}
    found = {name: (was[name], _said(now, name)) for name in names}
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def _said(parts: list[dict[str, Any]], name: str) -> str:
    """What all parts of a training have of something, one after the other."""
    return ", then ".join(dict.fromkeys(str(part.get(name)) for part in parts)) or "not kept"
