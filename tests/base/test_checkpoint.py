"""Checkpoints: whenever a save is cut off, all members of a pack go on from one moment; and what is never loaded."""

import errno
import os
import pickle
import resource
import signal
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.base import checkpoint
from trainables.base.checkpoint import BEST, LATEST, NEXT, CheckpointError, DamagedCheckpoint, StorageAway


class Killed(BaseException):
    """Stands for the end of the process: nothing in between handles it."""


@contextmanager
def killed_before_rename(number: int) -> Iterator[None]:
    """Of the renames in this block, numbered from 0, this one and those after it never happen."""
    replace, done = os.replace, 0

    def counting(source: Any, target: Any) -> None:
        nonlocal done
        if done == number:
            raise Killed
        done += 1
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", counting)
        try:
            yield
        except Killed:
            return


@contextmanager
def killed_within_write(number: int) -> Iterator[None]:
    """Of the files written in this block, numbered from 0, this one is left half written."""
    save, done = torch.save, 0

    def half(state: Any, file: Any) -> None:
        nonlocal done
        if done == number:
            file.write(b"PK half of a fi")
            raise Killed
        done += 1
        save(state, file)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "save", half)
        try:
            yield
        except Killed:
            return


def folders(root: Path, members: int) -> list[Path]:
    return [root / f"member-{member}" for member in range(members)]


def states(moment: int, members: int) -> list[checkpoint.State]:
    return [{"moment": moment, "of": member, "weights": torch.full((3,), moment)} for member in range(members)]


def save(places: Sequence[Path], moment: int) -> None:
    best: list[checkpoint.State | None] = [{"score": moment, "of": member} for member in range(len(places))]
    checkpoint.save(places, states(moment, len(places)), best)


def moment(places: Sequence[Path]) -> int | None:
    """The moment that is loaded, after a look at whether it is that of every member and each has its own."""
    found = checkpoint.load(places)
    if found is None:
        return None
    first = int(found[0]["moment"])
    assert [(state["moment"], state["of"]) for state in found] == [(first, member) for member in range(len(places))]
    assert all(state["weights"].tolist() == [first] * 3 for state in found)
    return first


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    places = folders(tmp_path, 3)
    assert moment(places) is None
    save(places, 1)
    assert moment(places) == 1
    save(places, 2)
    assert moment(places) == 2
    assert sorted(path.name for path in places[0].iterdir()) == [BEST, LATEST]


def test_all_that_a_state_may_hold_comes_out_as_it_went_in(tmp_path: Path) -> None:
    state = {
        "moment": 3,
        "tensors": {"float": torch.tensor([0.1, float("nan")]), "whole": torch.tensor(7), "flag": torch.tensor(True)},
        "plain": [1, 2.5, "text", None, True, (3, {"deep": [4]})],
    }
    checkpoint.save([tmp_path], [state], [None])
    (found,) = checkpoint.load([tmp_path]) or [{}]
    torch.testing.assert_close(found["tensors"], state["tensors"], equal_nan=True, rtol=0, atol=0)
    assert (found["plain"], found["moment"]) == (state["plain"], 3)


def test_a_member_without_a_score_has_no_best(tmp_path: Path) -> None:
    places = folders(tmp_path, 2)
    checkpoint.save(places, states(1, 2), [None, {"score": 1}])
    assert [checkpoint.read(place / BEST) is None for place in places] == [True, False]


def test_the_best_of_before_stays_when_there_is_no_newer(tmp_path: Path) -> None:
    save([tmp_path], 1)
    checkpoint.save([tmp_path], states(2, 1), [None])
    kept = checkpoint.read(tmp_path / BEST)
    assert kept is not None
    assert kept["score"] == 1


@pytest.mark.parametrize("members", [1, 2, 3])
def test_killed_before_any_rename_one_moment_is_there_of_all_members(tmp_path: Path, members: int) -> None:
    renames, moments = 3 * members, []
    for number in range(renames + 1):
        places = folders(tmp_path / str(number), members)
        save(places, 1)
        with killed_before_rename(number):
            save(places, 2)
        moments.append(moment(places))
        assert all(checkpoint.read(place / BEST) is not None for place in places)
    # The new moment counts as soon as every member has written it, before the first of them is called the latest.
    assert moments == [1] * (2 * members) + [2] * (members + 1)


@pytest.mark.parametrize("members", [1, 3])
def test_killed_within_any_write_the_old_moment_is_there(tmp_path: Path, members: int) -> None:
    for number in range(2 * members):
        places = folders(tmp_path / str(number), members)
        save(places, 1)
        with killed_within_write(number):
            save(places, 2)
        assert moment(places) == 1
        scores = [kept["score"] for place in places if (kept := checkpoint.read(place / BEST)) is not None]
        assert len(scores) == members
        save(places, 3)
        assert moment(places) == 3


@pytest.mark.parametrize("members", [1, 2, 3])
def test_killed_in_the_first_save_of_all_there_is_nothing_or_the_whole(tmp_path: Path, members: int) -> None:
    for number in range(3 * members + 1):
        places = folders(tmp_path / str(number), members)
        with killed_before_rename(number):
            save(places, 1)
        assert moment(places) == (None if number < 2 * members else 1)


@settings(max_examples=50)
@given(st.integers(1, 4), st.lists(st.integers(0, 12), max_size=6))
def test_killed_again_and_again_nothing_that_was_there_is_lost(members: int, cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as root:
        places, reached = folders(Path(root), members), 0
        for cut in [3 * members, *cuts]:
            going_on_from = moment(places) or 0
            with killed_before_rename(cut):
                save(places, going_on_from + 1)
            now = moment(places)
            assert now is not None
            assert now >= reached
            reached = now


def test_a_pack_with_a_member_that_never_wrote_begins_anew(tmp_path: Path) -> None:
    save(folders(tmp_path, 2), 1)
    assert moment(folders(tmp_path, 3)) is None


def test_a_file_of_another_format_is_refused_by_name(tmp_path: Path) -> None:
    newer, older = checkpoint.FORMAT + 1, checkpoint.FORMAT - 1
    for number, (content, message) in enumerate(
        [
            ({"format": newer, "moment": 1}, f"of format {newer}, written by a newer version"),
            ({"format": older, "moment": 1}, f"of format {older}, written by an older version"),
            ({"moment": 1}, f"no checkpoint of format {checkpoint.FORMAT}"),
            ([1, 2], "no checkpoint"),
            (torch.ones(2), "no checkpoint"),
        ]
    ):
        place = tmp_path / str(number)
        place.mkdir()
        torch.save(content, place / LATEST)
        with pytest.raises(CheckpointError, match=rf"{number}/{LATEST}: {message}"):
            checkpoint.load([place])


def test_a_file_that_a_power_cut_has_broken_counts_as_none(tmp_path: Path) -> None:
    places = folders(tmp_path, 2)
    save(places, 1)
    whole = (places[0] / LATEST).read_bytes()
    ends = [bytes(64) + whole[64:], whole[:100] + bytes(300) + whole[400:]]
    for content in (b"", bytes(len(whole)), whole[: len(whole) // 2], whole[:-1], b"not a checkpoint", *ends):
        (places[0] / LATEST).write_bytes(content)
        assert moment(places) is None
        with pytest.raises(DamagedCheckpoint, match=LATEST):
            checkpoint.read(places[0] / LATEST)
    for place in places:
        (place / LATEST).rename(place / NEXT)
    (places[0] / NEXT).write_bytes(whole)
    (places[0] / LATEST).write_bytes(b"")
    assert moment(places) == 1


class Mischief:
    """Leaves a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._path),)


@pytest.mark.parametrize("name", [BEST, LATEST, NEXT])
def test_a_file_that_would_run_something_runs_nothing(tmp_path: Path, name: str) -> None:
    torch.save({"format": checkpoint.FORMAT, "moment": 1, "state": Mischief(tmp_path / "done")}, tmp_path / name)
    with pytest.raises((CheckpointError, pickle.UnpicklingError)):
        checkpoint.read(tmp_path / name)
    assert not (tmp_path / "done").exists()
    torch.load(tmp_path / name, weights_only=False)
    assert (tmp_path / "done").exists(), "the file is as dangerous as it is meant to be"


def test_a_folder_that_is_away_for_a_moment_is_waited_for_and_one_that_stays_away_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkpoint, "WAITS_S", (0.0, 0.0))
    folder, replace, failing = tmp_path / "00001" / "seed-0", os.replace, [2]

    def away(source: Any, target: Any) -> None:
        if failing[0]:
            failing[0] -= 1
            raise OSError(errno.ESTALE, "Stale file handle")
        replace(source, target)

    monkeypatch.setattr(os, "replace", away)
    checkpoint.save([folder], [{"moment": 1}], [None])
    assert (checkpoint.load([folder]) or [{}])[0]["moment"] == 1
    failing[0] = 3
    with pytest.raises(StorageAway, match=rf"checkpoints can't be kept in {folder.parent}: Stale file handle"):
        checkpoint.save([folder], [{"moment": 2}], [None])
    assert (checkpoint.load([folder]) or [{}])[0]["moment"] == 1


def test_a_disk_that_is_full_in_the_middle_of_a_file_is_no_fault_of_the_training(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkpoint, "WAITS_S", ())
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, hard))
    try:
        with pytest.raises(StorageAway, match=r"checkpoints can't be kept in .*: File too large"):
            checkpoint.save([tmp_path / "00001"], [{"moment": 1, "weights": torch.zeros(2**16)}], [None])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
