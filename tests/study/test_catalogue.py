"""Studies as they are made, named and found again, in whatever storage."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, NoReturn

import commands
import optuna
import pytest
import sweeps
from sweep_cases import SUPERVISED

from tuning.errors import LockstepError, StudyDiffers, StudyExists, StudyNotFound
from tuning.study import catalogue
from tuning.study.attributes import FORMAT
from tuning.study.paths import Home
from tuning.sweep.model import Sweep


def test_a_study_is_called_after_its_sweep_with_the_first_free_number(runs: Path) -> None:
    names = [sweeps.created(runs).name for _ in range(2)]
    names.append(sweeps.created(runs, "tiny-4").name)
    names += [sweeps.created(runs).name for _ in range(2)]
    assert names == ["tiny-1", "tiny-2", "tiny-4", "tiny-3", "tiny-5"]
    assert sweeps.created(runs, name="other").name == "other-1"


def test_a_study_that_was_killed_while_it_was_made_is_none(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps.created(runs)
    keep, left = optuna.Study.set_user_attr, 0

    def killed(self: optuna.Study, key: str, value: Any) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        keep(self, key, value)

    monkeypatch.setattr(optuna.Study, "set_user_attr", killed)
    for writes in range(4):
        left = writes
        with pytest.raises(KeyboardInterrupt):
            sweeps.created(runs)
    monkeypatch.undo()
    assert sweeps.opened(runs).summary().name == "tiny-1"
    with pytest.raises(StudyExists, match="'tiny-2' is that of a study whose making was cut off"):
        sweeps.created(runs, "tiny-2")


def test_a_name_that_is_taken_is_refused_with_what_to_do_instead(runs: Path) -> None:
    sweeps.created(runs, "mine")
    with pytest.raises(StudyExists, match=r"'mine'.*`tuning show mine`.*--name.*'tiny-1'") as caught:
        sweeps.created(runs, "mine")
    assert isinstance(caught.value, LockstepError)
    assert catalogue.names(Home.at(runs), Home.at(runs).storage_url) == ["mine"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--name", "mine"), "there is a study 'mine' already: "),
        (("--name", "é" * 128), "name: 'é"),
        (("--name", "a/b"), "name: 'a/b' should be one that a folder can have"),
        (("--set", "start_from=my"), "start_from: neither a study in "),
        (("--storage", "sqlite:////proc/nope/studies.db"), "the storage sqlite:////proc/nope/studies.db can't be used"),
    ],
)
def test_what_is_wrong_with_a_new_study_is_said_before_workers_are_begun(
    tuning: Callable[..., commands.Said], runs: Path, option: tuple[str, str], message: str
) -> None:
    sweeps.created(runs, "mine")

    def hire(*wanted: object) -> NoReturn:
        pytest.fail("workers were begun")

    code, out, err = tuning("run", "number-match", "--root", str(runs), *option, hire=hire)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(message)
    assert catalogue.names(Home.at(runs), Home.at(runs).storage_url) == ["mine"]


def test_two_that_take_the_same_number_at_once_get_two(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps.created(runs)
    monkeypatch.setattr(optuna, "get_all_study_names", lambda storage: [])
    assert sweeps.created(runs).name == "tiny-2"


def test_several_that_make_the_first_study_of_a_root_at_once_get_one_each(runs: Path) -> None:
    together = Barrier(4)

    def create() -> str:
        together.wait()
        return sweeps.created(runs).name

    with ThreadPoolExecutor() as pool:
        creating = [pool.submit(create) for _ in range(together.parties)]
    assert sorted(each.result() for each in creating) == ["tiny-1", "tiny-2", "tiny-3", "tiny-4"]


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/b", "..", ".", "line\n"])
def test_a_name_that_is_no_folder_of_its_own_is_refused(runs: Path, name: str) -> None:
    with pytest.raises(LockstepError, match="name"):
        sweeps.created(runs, name)


def test_without_a_name_the_newest_is_opened(runs: Path) -> None:
    for name in ("b", "a", "c"):
        sweeps.created(runs, name)
    assert sweeps.opened(runs).name == "c"
    assert sweeps.opened(runs, "a").name == "a"
    assert catalogue.names(Home.at(runs), Home.at(runs).storage_url) == ["b", "a", "c"]


def test_a_study_of_someone_else_in_the_same_storage_is_none_of_ours(runs: Path) -> None:
    sweeps.created(runs, "ours")
    optuna.create_study(study_name="theirs", storage=catalogue.storage(Home.at(runs).storage_url))
    assert sweeps.opened(runs).name == "ours"
    with pytest.raises(StudyNotFound):
        sweeps.opened(runs, "theirs")


def test_where_there_are_none_a_person_is_told_what_makes_one_and_nothing_is_left_behind(runs: Path) -> None:
    with pytest.raises(StudyNotFound, match=r"no studies in .*`tuning run"):
        sweeps.opened(runs)
    assert not runs.exists()


@pytest.mark.parametrize(("asked", "hint"), [("tny-1", "tiny-1"), ("completely different", "later")])
def test_a_name_that_nothing_has_is_answered_with_one_that_exists(runs: Path, asked: str, hint: str) -> None:
    sweeps.created(runs)
    sweeps.created(runs, "later")
    with pytest.raises(StudyNotFound, match=f"did you mean '{hint}'"):
        sweeps.opened(runs, asked)


def test_another_storage_than_the_homes_own(runs: Path, tmp_path: Path) -> None:
    home, url = Home.at(runs), f"sqlite:///{tmp_path / 'elsewhere' / 'kept.db'}"
    assert catalogue.create(home, url, sweeps.tiny()).name == "tiny-1"
    assert catalogue.names(home, url) == ["tiny-1"]
    assert catalogue.names(home, home.storage_url) == []
    assert catalogue.opened(home, url).sweep == sweeps.tiny()


def test_the_sweep_comes_out_as_it_went_in(runs: Path) -> None:
    sweep = sweeps.tiny(time_limit="10m", workers={"count": 3, "cpus": 0.5}, seeds=2, seed=7, pack_size=6)
    home = Home.at(runs)
    catalogue.create(home, home.storage_url, sweep)
    assert sweeps.opened(runs).sweep == sweep


def test_the_file_of_an_earlier_study_still_is_its_file(runs: Path) -> None:
    home, sweep = Home.at(runs), Sweep.model_validate(SUPERVISED)
    made = catalogue.create(home, home.storage_url, sweep)
    made.optuna.set_user_attr(FORMAT, 1)
    study = catalogue.opened(home, home.storage_url)
    assert study.sweep.fixed["standardise_targets"] is False
    study.insist_on(sweep)
    with pytest.raises(StudyDiffers, match=r"fixed\.standardise_targets: is true, the study has false"):
        study.insist_on(sweep.with_settings({"fixed.standardise_targets": True}))
