"""The command line: what each command prints, where, with which exit code, and what it leaves on disk."""

import json
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sweeps
from sweeps import Said

from tuning.report.number_format import number
from tuning.rules.trial_outcome import Outcome
from tuning.study import catalogue
from tuning.study.attributes import SWEEP
from tuning.study.study import Study
from tuning.sweep.presets import presets

PRESETS = [preset.name for preset in presets()]


@pytest.fixture
def study(runs: Path) -> Study:
    """A finished study of ten trials, nine of them complete."""
    made = sweeps.created(runs, trials=10, pack_size=5)
    sweeps.finished(made, diverged=(3,))
    made.attributes.set_state("finished", 12.0)
    return made


def test_presets_are_listed_with_what_they_are(tuning: Callable[..., Said]) -> None:
    code, out, err = tuning("presets")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in lines] == PRESETS
    assert [line.split(maxsplit=1)[1].strip() for line in lines] == [each.description for each in presets()]


@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_is_wrong_with_a_preset(tuning: Callable[..., Said], preset: str) -> None:
    code, out, err = tuning("check", preset)
    assert (code, err) == (0, "")
    assert f"{preset}: nothing is wrong" in out


def test_check_reads_a_file_and_what_is_put_over_it(tuning: Callable[..., Said], tmp_path: Path) -> None:
    path = sweeps.written(tmp_path)
    assert "8 trials of 200 each" in tuning("check", path)[1]
    assert "3 trials of 400 each" in tuning("check", path, "--set", "trials=3", "--set", "budget=400")[1]
    code, out, err = tuning("check", path, "--set", "fixed.gama=1")
    assert (code, out) == (2, "")
    assert "fixed.gama" in err
    assert "gamma" in err


MISTAKES: dict[str, Any] = {
    "budget": 0,
    "pack_size": "big",
    "workers": {"cpu": 2},
    "fixed": {**sweeps.TINY["fixed"], "gamma": 2.0},
    "search": {"learning_rate": {"low": 0.0, "high": 0.1, "log": True}},
}


def test_all_five_mistakes_of_a_file_are_named_at_once(tuning: Callable[..., Said], tmp_path: Path) -> None:
    code, out, err = tuning("check", sweeps.written(tmp_path, **MISTAKES))
    assert (code, out) == (2, "")
    named = [line.split(": ")[1] for line in err.splitlines()]
    assert sorted(named) == ["budget", "fixed.gamma", "pack_size", "search.learning_rate.low", "workers.cpu"]
    assert "Traceback" not in err


def test_a_sweep_with_mistakes_is_not_run_and_leaves_nothing_behind(
    tuning: Callable[..., Said], tmp_path: Path, runs: Path
) -> None:
    path = sweeps.written(tmp_path / "sweeps", **MISTAKES)
    code, out, err = tuning("run", path, "--root", str(runs))
    assert (code, out, len(err.splitlines())) == (2, "", 5)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["sweeps"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--trials", "0"], "trials"),
        (["--trials", "many"], "trials"),
        (["--workers", "-1"], "workers"),
        (["--pack-size", "1.5"], "pack_size"),
        (["--seed", "-3"], "seed"),
        (["--set", "budget"], "key.path=value"),
        (["--set", "fixed.gamma=[1"], "fixed.gamma"),
        (["--trials", "0", "--set", "budget=-1"], "budget"),
    ],
)
def test_what_is_wrong_with_an_option_is_said_like_what_is_wrong_with_a_file(
    tuning: Callable[..., Said], runs: Path, arguments: list[str], named: str
) -> None:
    code, out, err = tuning("run", "number-match", "--root", str(runs), *arguments)
    assert (code, out) == (2, "")
    assert named in err
    assert not runs.exists()


@pytest.mark.parametrize(
    ("source", "hint"), [("number-macth", "number-match"), ("nowhere.yaml", "nowhere.yaml"), ("nothing", "presets")]
)
def test_a_sweep_that_is_not_there(tuning: Callable[..., Said], source: str, hint: str) -> None:
    code, out, err = tuning("check", source)
    assert (code, out) == (2, "")
    assert hint in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["show"], ["show", "any"], ["show", "--json"], ["ui"]])
def test_where_there_are_no_studies_a_person_is_told_how_to_make_one(
    tuning: Callable[..., Said], runs: Path, arguments: list[str]
) -> None:
    code, out, err = tuning(*arguments, "--root", str(runs))
    assert (code, out) == (2, "")
    assert f"no studies in {runs}" in err
    assert "tuning run" in err
    assert not runs.exists()


@pytest.mark.parametrize("arguments", [["show"], ["list"], ["resume"], ["audit"]])
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


def test_show_in_json_is_one_object_and_nothing_else(tuning: Callable[..., Said], runs: Path, study: Study) -> None:
    code, out, err = tuning("show", "tiny-1", "--root", str(runs), "--json")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    assert json.loads(out) == study.summary().as_json()


def test_show_says_how_a_study_went_and_where_its_best_lies(
    tuning: Callable[..., Said], runs: Path, study: Study
) -> None:
    code, out, err = tuning("show", "--root", str(runs))
    assert (code, err) == (0, "")
    best, default = study.summary().best, study.summary().default
    assert best is not None
    assert best.value is not None
    assert default is not None
    assert default.value is not None
    assert "tiny-1: finished after 0:12" in out
    assert "10 trials: 9 complete, 1 pruned; 1 diverged" in out
    assert f"Best: trial {best.number}, evaluation/return_mean {best.value:.4g}" in out
    assert f"default configuration reaches {default.value:.4g}" in out
    assert str(best.checkpoint) in out


def test_the_table_has_the_complete_trials_the_best_first_and_the_default(
    tuning: Callable[..., Said], runs: Path, study: Study
) -> None:
    lines = tuning("show", "--root", str(runs))[1].splitlines()
    first = next(number for number, line in enumerate(lines) if line.split()[:1] == ["1"])
    ranks, numbers = zip(*(line.split()[:2] for line in lines[first : first + 9]), strict=True)
    values = {trial.number: trial.value for trial in study.summary().trials if trial.value is not None}
    assert ranks == tuple(str(rank) for rank in range(1, 10))
    order = sorted(values, key=lambda number: -values[number])
    assert list(numbers) == ["0*" if number == 0 else str(number) for number in order]
    assert lines[first + 9] == "* the default configuration"


def test_show_takes_the_newest_study_unless_one_is_named(tuning: Callable[..., Said], runs: Path) -> None:
    sweeps.created(runs, "older")
    sweeps.created(runs, "newer")
    assert json.loads(tuning("show", "--json", "--root", str(runs))[1])["name"] == "newer"
    assert json.loads(tuning("show", "older", "--json", "--root", str(runs))[1])["name"] == "older"
    code, out, err = tuning("show", "oldre", "--root", str(runs))
    assert (code, out) == (2, "")
    assert "did you mean 'older'" in err


def test_show_of_a_study_in_which_nothing_has_a_value(tuning: Callable[..., Said], runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    code, out, _ = tuning("show", "--root", str(runs))
    assert code == 0
    assert "none begun" in out
    sweeps.finished(study, diverged=(0, 1))
    assert "No trial has a value: trial 0: the loss is not finite" in tuning("show", "--root", str(runs))[1]


def test_show_says_when_and_why_the_default_diverged(tuning: Callable[..., Said], runs: Path) -> None:
    study = sweeps.created(runs, trials=4, pack_size=4)
    sweeps.finished(study, diverged=(0,))
    default = study.summary().default
    assert default is not None
    out = tuning("show", "--root", str(runs))[1]
    assert f"The default, trial 0, diverged at {default.diverged_at}: the loss is not finite." in out


def test_list_has_a_line_a_study_the_newest_last(tuning: Callable[..., Said], runs: Path, study: Study) -> None:
    sweeps.created(runs, "later")
    code, out, err = tuning("list", "--root", str(runs))
    assert (code, err) == (0, "")
    heading, *lines = (line.split() for line in out.splitlines())
    assert heading == ["study", "state", "trials", "best", "begun"]
    best = study.summary().best
    assert best is not None
    assert best.value is not None
    assert [line[:4] for line in lines] == [
        ["tiny-1", "finished", "10", f"{best.value:.4g}"],
        ["later", "interrupted", "0", "-"],
    ]
    assert json.loads(tuning("list", "--root", str(runs), "--json")[1]) == [
        {"name": "tiny-1", "state": "finished", "trials": 10, "flaw": None},
        {"name": "later", "state": "interrupted", "trials": 0, "flaw": None},
    ]


def test_a_study_whose_loop_is_not_to_be_found_here_is_shown_and_not_gone_on_with(
    tuning: Callable[..., Said], runs: Path, study: Study
) -> None:
    own = sweeps.created(runs, "own", trials=4, pack_size=4)
    sweeps.finished(own)
    best = own.summary().best
    assert best is not None
    assert best.value is not None
    own.optuna.set_user_attr(SWEEP, {**own.optuna.user_attrs[SWEEP], "loop": "no_such_module:Climber"})
    why = "can't be gone on with here: loop: no_such_module:Climber: no_such_module can't be imported"
    code, out, err = tuning("list", "--root", str(runs))
    assert (code, err) == (0, "")
    _, first, second = out.splitlines()
    assert first.split()[:3] == ["tiny-1", "finished", "10"]
    assert second.split()[:4] == ["own", "interrupted", "4", f"{best.value:.4g}"]
    assert second.endswith("its loop can't be imported here")
    listed = {each["name"]: each["flaw"] for each in json.loads(tuning("list", "--json", "--root", str(runs))[1])}
    assert listed["tiny-1"] is None
    assert listed["own"].startswith(f"own: {why}")
    code, out, err = tuning("show", "own", "--root", str(runs))
    assert (code, err) == (0, "")
    assert why in out
    assert f"Best: trial {best.number}" in out
    assert json.loads(tuning("show", "own", "--json", "--root", str(runs))[1])["best"]["value"] == best.value
    code, out, err = tuning("resume", "own", "--root", str(runs))
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"own: {why}")


def test_in_the_list_a_study_with_two_objectives_has_a_front(tuning: Callable[..., Said], runs: Path) -> None:
    sweeps.finished(sweeps.created(runs, trials=4, pack_size=4, second="steps"))
    # All have trained equally long, so one is on it.
    assert "front of 1" in tuning("list", "--root", str(runs))[1]


def test_the_root_is_named_by_option_else_by_the_environment_else_it_is_runs_here(
    tuning: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("runs", "other", "third"):
        sweeps.created(tmp_path / name, f"in-{name}")
    assert json.loads(tuning("show", "--json")[1])["name"] == "in-runs"
    monkeypatch.setenv("LOCKSTEP_ROOT", "other")
    assert json.loads(tuning("show", "--json")[1])["name"] == "in-other"
    assert json.loads(tuning("show", "--json", "--root", "third")[1])["name"] == "in-third"


def test_another_storage_is_read_where_one_is_named(tuning: Callable[..., Said], tmp_path: Path, study: Study) -> None:
    storage = study.home.storage_url
    assert tuning("list", "--root", str(tmp_path / "elsewhere"))[1].startswith("There are no studies")
    elsewhere = ("--root", str(tmp_path / "elsewhere"), "--storage", storage, "--json")
    assert [each["name"] for each in json.loads(tuning("list", *elsewhere)[1])] == ["tiny-1"]
    assert json.loads(tuning("show", *elsewhere)[1])["name"] == "tiny-1"


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["show", "--help"]])
def test_help_is_no_error(tuning: Callable[..., Said], arguments: list[str]) -> None:
    code, out, err = tuning(*arguments)
    assert (code, err) == (0, "")
    assert "Usage: " in out


def test_help_has_every_command_and_option(tuning: Callable[..., Said]) -> None:
    assert all(name in tuning("--help")[1] for name in ("run", "check", "presets", "list", "show", "ui"))
    options = ("--name", "--trials", "--workers", "--pack-size", "--seed", "--set", "--root", "--json", "--address")
    assert all(option in tuning("run", "--help")[1] for option in options)


def test_help_has_each_command_in_a_line(tuning: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "..." not in tuning("--help")[1].partition("Commands:")[2]
    assert "[NAME] [SWEEP]" in tuning("resume", "--help")[1]


def test_a_sweep_in_place_of_a_study_is_told_where_it_belongs(tuning: Callable[..., Said], runs: Path) -> None:
    sweeps.created(runs)
    code, out, err = tuning("resume", "tiny.yaml", "--root", str(runs))
    assert (code, out) == (2, "")
    assert "did you mean 'tiny-1'? A sweep comes second: `tuning resume NAME tiny.yaml`" in err


@pytest.mark.parametrize(
    "arguments", [["sweep"], ["run"], ["run", "number-match", "--trails", "3"], ["ui", "--port", "0"]]
)
def test_what_the_command_does_not_know(tuning: Callable[..., Said], arguments: list[str]) -> None:
    code, out, err = tuning(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: " in err


def test_the_ui_does_not_take_a_port_that_is_in_use(tuning: Callable[..., Said], runs: Path, study: Study) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = tuning("ui", "--root", str(runs), "--port", port)
    assert code == 2
    assert f"--port {port}" in err


def test_what_should_not_have_happened_is_said_in_two_lines_and_kept_whole(
    tuning: Callable[..., Said], runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> None:
        raise RuntimeError("the moon is full")

    monkeypatch.setattr(catalogue, "opened", broken)
    monkeypatch.setenv("LOCKSTEP_ROOT", str(runs))
    code, out, err = tuning("show")
    assert (code, out) == (1, "")
    assert "the moon is full" in err
    assert "Traceback" not in err
    (log,) = (runs / "logs").iterdir()
    assert str(log) in err.replace("\n", "")
    assert "Traceback" in log.read_text()
    assert "RuntimeError: the moon is full" in log.read_text()


def test_where_the_root_can_not_be_written_to_what_should_not_have_happened_is_kept_elsewhere(
    tuning: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> None:
        raise RuntimeError("the moon is full")

    monkeypatch.setattr(catalogue, "opened", broken)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code, out, err = tuning("show", "--root", "/proc/nope")
    assert (code, out) == (1, "")
    (log,) = tmp_path.glob("lockstep-*/error-*.log")
    assert str(log) in err
    assert "RuntimeError: the moon is full" in log.read_text()


def test_a_sweep_that_failed_says_why(tuning: Callable[..., Said], runs: Path) -> None:
    study = sweeps.created(runs, trials=1)
    sweeps.finished(study, failing="no such thing")
    assert study.summary().trials[0].state == Outcome("failed").state
    code, out, _ = tuning("show", "--root", str(runs))
    assert code == 0
    assert "1 trial: 1 failed" in out
    assert "trial 0: no such thing" in out


def test_where_there_is_no_terminal_a_path_is_not_broken(
    tuning: Callable[..., Said], runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    path = f"/a/folder/{'of a long name/' * 20}error.txt"
    study = sweeps.created(runs, trials=8, pack_size=4)
    sweeps.driven(study, result=lambda leg: f"it broke; {path}" if 2 in sweeps.numbers(leg) else sweeps.reports(leg))
    lines = tuning("show", "--root", str(runs))[1].splitlines()
    assert any(line.endswith(path) for line in lines)
    best = study.summary().best
    assert best is not None
    assert f"  weights  {best.checkpoint}" in lines
    assert any(
        line.endswith(f"the default configuration reaches {number(study.summary().trials[0].value)}.") for line in lines
    )
    assert max(len(line) for line in lines if line.split()[:1] in (["1"], ["2"])) <= 60
    assert {each["error"] for each in study.summary().as_json()["trials"]} == {None, f"it broke; {path}"}
