"""Studies as the command lists and shows them: from where, which of them, for people and for scripts."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import legs_by_hand
import pytest
import sweeps
from commands import Said
from rich.console import Console

from tuning.report import study_report
from tuning.study.attributes import SWEEP
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.study.summary import TrialSummary


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four studies: `tiny-1` is finished, the loop of `own` is not to be found here, `two` has two objectives, and in
    `later` nothing has begun."""
    root = tmp_path_factory.mktemp("root")
    study = sweeps.created(root, trials=10, pack_size=5)
    legs_by_hand.finished(study, diverged=(3,))
    study.attributes.set_state("finished", 12.0)
    own = sweeps.created(root, "own", trials=4, pack_size=4)
    legs_by_hand.finished(own)
    own.optuna.set_user_attr(SWEEP, {**own.optuna.user_attrs[SWEEP], "loop": "no_such_module:Climber"})
    legs_by_hand.finished(sweeps.created(root, "two", trials=4, pack_size=4, second="steps"))
    sweeps.created(root, "later")
    return root


def best_of(study: Study) -> TrialSummary:
    best = study.summary().best
    assert best is not None
    return best


@pytest.mark.parametrize("arguments", [["show"], ["show", "any"], ["show", "--json"], ["ui"]])
def test_where_there_are_no_studies_a_person_is_told_how_to_make_one(
    tuning: Callable[..., Said], runs: Path, arguments: list[str]
) -> None:
    code, out, err = tuning(*arguments, "--root", str(runs))
    assert (code, out) == (2, "")
    assert f"no studies in {runs}" in err
    assert "tuning run" in err
    assert not runs.exists()


@pytest.mark.parametrize("arguments", [["show"], ["list"], ["resume"], ["audit"], ["sync"]])
def test_who_looks_into_a_storage_that_is_not_there_makes_none(
    tuning: Callable[..., Said], tmp_path: Path, arguments: list[str]
) -> None:
    storage = f"sqlite:///{tmp_path}/none/x.db"
    code, out, err = tuning(*arguments, "--storage", storage)
    assert code == (0 if arguments == ["list"] else 2)
    assert f"here are no studies in {storage}" in out + err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("storage", "why"),
    [
        ("foo", "Could not parse"),
        ("foo://me:secret@host/x", "foo"),
        ("postgresql+asyncpg://me:secret@host/x", "asyncpg"),
        ("sqlite:////proc/nope/x.db", "No such file or directory"),
        ("sqlite:///my.yaml", "file is not a database"),
    ],
)
@pytest.mark.parametrize("command", [["run", "number-match"], ["show"]])
def test_a_storage_that_can_not_be_used_is_named(
    tuning: Callable[..., Said], tmp_path: Path, command: list[str], storage: str, why: str
) -> None:
    (tmp_path / "my.yaml").write_text("name: tiny\n" * 100)
    code, out, err = tuning(*command, "--storage", storage)
    if "secret" in storage:
        warning, _, err = err.partition("\n")
        assert warning.startswith("--storage: `ps` shows the password")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    if command == ["show"] and "nope" in storage:
        assert err.startswith("there are no studies in")
    else:
        assert err.startswith("the storage ")
        assert why in err
    assert "secret" not in err
    assert not (tmp_path / "runs" / "studies").exists()


def test_a_root_that_can_not_be_made_is_named(tuning: Callable[..., Said]) -> None:
    code, out, err = tuning("run", "number-match", "--root", "/proc/nope")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith("the root /proc/nope can't be made or written to: No such file or directory")


def test_a_list_of_nothing(tuning: Callable[..., Said], runs: Path) -> None:
    assert tuning("list", "--root", str(runs)) == (0, f"There are no studies in {runs}.\n", "")
    assert tuning("list", "--root", str(runs), "--json") == (0, "[]\n", "")


def test_show_prints_the_report(tuning: Callable[..., Said], root: Path) -> None:
    said = io.StringIO()
    study_report.show(sweeps.opened(root, "tiny-1").summary(), Console(width=200, file=said))
    assert tuning("show", "tiny-1", "--root", str(root)) == (0, said.getvalue(), "")


def test_show_in_json_is_one_object_and_nothing_else(tuning: Callable[..., Said], root: Path) -> None:
    code, out, err = tuning("show", "tiny-1", "--root", str(root), "--json")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    assert json.loads(out) == sweeps.opened(root, "tiny-1").summary().as_json()


def test_show_takes_the_newest_study_unless_one_is_named(tuning: Callable[..., Said], root: Path) -> None:
    assert json.loads(tuning("show", "--json", "--root", str(root))[1])["name"] == "later"
    code, out, err = tuning("show", "lader", "--root", str(root))
    assert (code, out) == (2, "")
    assert "did you mean 'later'" in err


def test_list_has_a_line_a_study_the_newest_last(tuning: Callable[..., Said], root: Path) -> None:
    code, out, err = tuning("list", "--root", str(root))
    assert (code, err) == (0, "")
    heading, *lines = (line.split() for line in out.splitlines())
    assert heading == ["study", "state", "trials", "best", "begun"]
    best, best_of_own = (f"{best_of(sweeps.opened(root, name)).value:.4g}" for name in ("tiny-1", "own"))
    assert [line[:4] for line in lines] == [
        ["tiny-1", "finished", "10", best],
        ["own", "interrupted", "4", best_of_own],
        # All have trained equally long, so one is on it.
        ["two", "interrupted", "4", "front"],
        ["later", "interrupted", "0", "-"],
    ]
    ends = [line.endswith("its loop can't be imported here") for line in out.splitlines()[1:]]
    assert ends == [False, True, False, False]
    listed = json.loads(tuning("list", "--root", str(root), "--json")[1])
    assert [{key: each[key] for key in ("name", "state", "trials")} for each in listed] == [
        {"name": name, "state": state, "trials": int(trials)} for name, state, trials, *_ in lines
    ]
    assert [each["flaw"] is None for each in listed] == [True, False, True, True]


def test_a_study_whose_loop_is_not_to_be_found_here_is_shown_and_not_gone_on_with(
    tuning: Callable[..., Said], root: Path
) -> None:
    why = "own: can't be gone on with here: loop: no_such_module:Climber: no_such_module can't be imported"
    best = best_of(sweeps.opened(root, "own"))
    code, out, err = tuning("show", "own", "--root", str(root))
    assert (code, err) == (0, "")
    assert why in out
    assert f"Best: trial {best.number}" in out
    shown = json.loads(tuning("show", "own", "--json", "--root", str(root))[1])
    assert shown["best"]["value"] == best.value
    assert shown["flaw"].startswith(why)
    code, out, err = tuning("resume", "own", "--root", str(root))
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(why)


def test_the_root_is_named_by_option_else_by_the_environment_else_it_is_runs_here(
    tuning: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("runs", "other", "third"):
        sweeps.created(tmp_path / name, f"in-{name}")
    assert json.loads(tuning("show", "--json")[1])["name"] == "in-runs"
    monkeypatch.setenv("LOCKSTEP_ROOT", "other")
    assert json.loads(tuning("show", "--json")[1])["name"] == "in-other"
    assert json.loads(tuning("show", "--json", "--root", "third")[1])["name"] == "in-third"


def test_another_storage_is_read_where_one_is_named(tuning: Callable[..., Said], tmp_path: Path, root: Path) -> None:
    elsewhere = ("--root", str(tmp_path / "elsewhere"))
    assert tuning("list", *elsewhere)[1].startswith("There are no studies")
    elsewhere += ("--storage", Home.at(root).storage_url, "--json")
    assert [each["name"] for each in json.loads(tuning("list", *elsewhere)[1])] == ["tiny-1", "own", "two", "later"]
    assert json.loads(tuning("show", *elsewhere)[1])["name"] == "later"


def test_a_sweep_in_place_of_a_study_is_told_where_it_belongs(tuning: Callable[..., Said], root: Path) -> None:
    code, out, err = tuning("resume", "tiny.yaml", "--root", str(root))
    assert (code, out) == (2, "")
    assert "did you mean 'later'? A sweep comes second: `tuning resume NAME tiny.yaml`" in err
