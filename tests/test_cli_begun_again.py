"""`tuning run --name` given again with the same file, as a job is that Slurm or Ray begins again, goes on."""

from collections.abc import Callable
from pathlib import Path

import legs_by_hand
import pytest
import sweeps
from commands import Said

NAMED = ("--name", "night", "--json")


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    for variable in ("SLURM_JOB_ID", "RAY_JOB_ID", "RAY_JOB_CONFIG_JSON_ENV_VAR"):
        monkeypatch.delenv(variable, raising=False)
    return sweeps.written(tmp_path, trials=4, pack_size=4, tracking="off")


@pytest.fixture
def begun(source: str, tuning: Callable[..., Said]) -> Callable[..., Said]:
    """Gives the command, which was given once before and was cut off."""
    sweeps.created(Path("runs"), "night", trials=4, pack_size=4, tracking="off")
    return lambda *more: tuning("run", source, *NAMED, *more, hire=legs_by_hand.ByHand())


def test_a_name_that_is_taken_is_refused(begun: Callable[..., Said]) -> None:
    code, _, err = begun()
    assert code == 2
    assert "there is a study 'night' already" in err


@pytest.mark.parametrize("variable", [None, "SLURM_JOB_ID", "RAY_JOB_ID"])
def test_it_goes_on_where_that_is_asked_for_or_it_is_a_job(
    begun: Callable[..., Said], monkeypatch: pytest.MonkeyPatch, variable: str | None
) -> None:
    if variable is not None:
        monkeypatch.setenv(variable, "1234")
    code, _, err = begun(*(["--or-resume"] if variable is None else []))
    assert code == 0, err
    study = sweeps.opened(Path("runs"), "night")
    assert study.summary().state == "finished"
    assert study.summary().count("complete") == 4
    assert begun("--or-resume")[0] == 0, "of one that is finished there is nothing to do"


def test_a_job_may_be_told_not_to(begun: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "1234")
    assert begun("--no-resume")[0] == 2


def test_what_differs_from_the_study_is_refused(begun: Callable[..., Said], tmp_path: Path, source: str) -> None:
    sweeps.written(tmp_path, trials=4, pack_size=4, tracking="off", budget=400)
    code, _, err = begun("--or-resume")
    assert code == 2
    assert "'night' is a study of another sweep" in err
    assert "budget" in err


def test_where_there_is_none_it_is_made(source: str, tuning: Callable[..., Said]) -> None:
    code, _, err = tuning("run", source, *NAMED, "--or-resume", hire=legs_by_hand.ByHand())
    assert code == 0, err
    assert sweeps.opened(Path("runs"), "night").summary().count("complete") == 4


def test_without_a_name_nobody_knows_which_study_is_meant(source: str, tuning: Callable[..., Said]) -> None:
    code, _, err = tuning("run", source, "--or-resume")
    assert code == 2
    assert "--or-resume: needs the --name" in err
