"""From nothing to a sweep by the command: `tuning new`, and `run` and `check` with an environment or a table alone."""

import json
from collections.abc import Callable
from pathlib import Path

import commands
import legs_by_hand
import pytest
from commands import Said

from trainables import environments
from trainables.environments.first_look import first_look
from tuning.rules import statistics

TABLE = "distance,hour,delay\n" + "".join(f"{row % 17},{row % 5},{row % 17 * 0.5 + row % 5}\n" for row in range(120))


@pytest.fixture
def flights(tmp_path: Path) -> str:
    (tmp_path / "flights.csv").write_text(TABLE)
    return "flights.csv"


@pytest.mark.parametrize("begun", [("--environment", "CartPole-v1"), ("--data", "flights.csv", "--target", "hour")])
def test_what_new_writes_is_checked_and_is_what_run_would_run(
    tuning: Callable[..., Said], tmp_path: Path, flights: str, begun: tuple[str, ...]
) -> None:
    code, text, err = tuning("new", *begun)
    assert (code, err) == (0, "")
    assert text.startswith("# ")
    code, out, err = tuning("new", *begun, "--output", "mine.yaml")
    assert (code, err) == (0, "")
    assert "tuning run mine.yaml" in out
    assert (tmp_path / "mine.yaml").read_text() == text
    code, of_file, err = tuning("check", "mine.yaml")
    assert (code, err) == (0, "")
    code, of_nothing, err = tuning("check", *begun)
    assert (code, err) == (0, "")
    assert of_file.splitlines()[-1].partition(": ")[2] == of_nothing.splitlines()[-1].partition(": ")[2]


def test_settings_are_in_the_file_and_in_the_run(tuning: Callable[..., Said], flights: str, runs: Path) -> None:
    settings = ("--set", "trials=3", "--set", "budget=10", "--set", "confirm=off", "--set", "tracking=off")
    text = tuning("new", "--data", flights, *settings)[1]
    assert "trials: 3\n" in text
    assert "budget: 10\n" in text
    options = (
        "--set",
        "fixed.compile=never",
        "--name",
        "mine",
        "--root",
        str(runs),
        "--json",
        "--trials",
        "2",
        "--seed",
        "5",
    )
    code, out, err = tuning("run", "--data", flights, *settings, *options, hire=legs_by_hand.ByHand(trains=True))
    assert code == 0, err
    shown = json.loads(out)
    assert (shown["name"], len(shown["trials"])) == ("mine", 2)
    assert [tuning("list", "--root", str(runs))[0], (runs / "studies" / "mine").is_dir()] == [0, True]


def test_without_a_name_the_study_is_called_after_what_it_learns(
    tuning: Callable[..., Said], flights: str, runs: Path
) -> None:
    settings = ("--set", "trials=2", "--set", "budget=10", "--set", "confirm=off", "--set", "tracking=off")
    out = tuning("run", "--data", flights, *settings, "--root", str(runs), "--json", hire=legs_by_hand.ByHand())[1]
    assert json.loads(out)["name"] == "flights-1"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("new",), "nothing to train on: should be --environment ID or --data FILE"),
        (("new", "--environment", "CartPole-v1", "--data", "x.csv"), "--environment and --data: should be one of them"),
        (("new", "--environment", "CartPole-v1", "--target", "x"), "--target: is a column of a table"),
        (("new", "--environment", "CartPol-v1"), "did you mean CartPole-v1"),
        (("new", "--data", "nowhere.csv"), "there is no file"),
        (("new", "--data", "flights.csv", "--target", "dellay"), "did you mean delay?"),
        (("new", "--data", "flights.csv", "--output", "flights.csv"), "--output: flights.csv is there already"),
        (("new", "--data", "flights.csv", "--output", "no/where.yaml"), "--output: no/where.yaml can't be written"),
        (("run",), "nothing to run: should be a SWEEP"),
        (("check",), "nothing to check: should be a SWEEP"),
        (("run", "mine.yaml", "--environment", "CartPole-v1"), "mine.yaml and --environment CartPole-v1: should be"),
        (("check", "cartpole-dqn", "--data", "flights.csv"), "cartpole-dqn and --data flights.csv: should be"),
        (("check", "cartpole-dqn", "--loop", "dqn"), "cartpole-dqn and --loop dqn: should be"),
        (("run", "--loop", "dqn"), "nothing to train on"),
        (("run", "--environment", "CartPole-v1", "--set", "trials=0"), "trials: should be at least 1"),
    ],
)
def test_what_can_not_be_begun_is_said_in_one_line(
    tuning: Callable[..., Said], tmp_path: Path, flights: str, arguments: tuple[str, ...], part: str
) -> None:
    code, out, err = tuning(*arguments)
    assert (code, out) == (2, "")
    assert part in err
    assert len(err.splitlines()) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["flights.csv"]


@pytest.mark.slow
def test_acrobot_is_learnt_from_nothing(tmp_path: Path) -> None:
    written = commands.tuning("new", "--environment", "Acrobot-v1", "--output", "a.yaml", cwd=tmp_path)
    assert written.returncode == 0, written.stderr
    done = commands.tuning("run", "a.yaml", "--json", cwd=tmp_path, timeout=900)
    assert done.returncode == 0, done.stderr
    confirmed = json.loads(done.stdout)["confirmation"]
    (leader,) = (each for each in confirmed["candidates"] if each["number"] == confirmed["leader"])
    at_random = first_look(environments.describe("Acrobot-v1", {}), episodes=100, most_steps=100_000).returns
    assert leader["interval"][0] > statistics.interval(at_random, 0)[1]


@pytest.mark.slow
def test_a_table_is_learnt_from_nothing(tmp_path: Path, flights: str) -> None:
    done = commands.tuning("run", "--data", flights, "--json", cwd=tmp_path, timeout=900)
    assert done.returncode == 0, done.stderr
    confirmed = json.loads(done.stdout)["confirmation"]
    (leader,) = (each for each in confirmed["candidates"] if each["number"] == confirmed["leader"])
    # The deviation of the target, which is what predicting its mean errs by.
    assert leader["interval"][1] < 0.1 * 8.2
