"""Files that say what to train on and not what to search."""

from pathlib import Path

import pytest

from tuning.errors import SweepError
from tuning.sweep import loading
from tuning.sweep.suggestions.beginning import Beginning

ROWS = "\n".join(f"{row},{row % 7}.5,{'ab'[row % 2]},{'yes' if row % 3 else 'no'}" for row in range(120))
TABLE = f"place,speed,sort,late\n{ROWS}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.csv").write_text(TABLE)
    return tmp_path


def written(text: str) -> str:
    Path("mine.yaml").write_text(text)
    return "mine.yaml"


@pytest.mark.parametrize(
    ("text", "begun"),
    [
        ("environment: Acrobot-v1\n", Beginning(environment="Acrobot-v1")),
        ("environment: CartPole-v1\nloop: reinforce\n", Beginning(environment="CartPole-v1", loop="reinforce")),
        ("data: my.csv\ntarget: late\n", Beginning(data="my.csv", target="late")),
        ("data: my.csv\nsearch:\n", Beginning(data="my.csv")),
        ("data: my.csv\nfixed: {targets: [speed]}\n", Beginning(data="my.csv", target="speed")),
        ("data: my.csv\ntarget: [speed]\n", Beginning(data="my.csv", target="speed")),
    ],
)
def test_a_line_or_two_are_what_new_suggests(folder: Path, text: str, begun: Beginning) -> None:
    sweep, suggested = loading.load(written(text)), loading.load(begun)
    of_target = {"fixed": {"targets": sweep.fixed.get("targets", ())}}
    assert sweep.model_copy(update=of_target) == suggested.model_copy(update=of_target)
    assert sweep.fixed.keys() - {"targets"} == suggested.fixed.keys() - {"targets"}


def test_what_the_file_says_stays_and_the_rest_is_told_in_a_note(folder: Path) -> None:
    text = "trials: 5\ndata: my.csv\ntarget: late\nbudget: 17\nfixed: {learning_rate: 0.01}\nseeds: 2\nname: mine\n"
    checked = loading.checked(written(text), ["fixed.dropout=0.1"])
    sweep, note = checked.sweep, checked.notes[0]
    assert (sweep.trials, sweep.budget, sweep.seeds, sweep.name) == (5, 17, 2, "mine")
    assert sweep.fixed == {
        "targets": ["late"],
        "learning_rate": 0.01,
        "dropout": 0.1,
        "loss": "cross_entropy",
    }
    assert sorted(sweep.search) == ["batch_size", "max_norm", "optimizer", "schedule"]
    assert str(note) == (
        "mine.yaml: note: what the file does not say is suggested, as by `tuning new`: loop supervised, halving, "
        "confirm, loss cross_entropy, at first batch_size 16, a search of schedule, max_norm, batch_size, optimizer"
    )


def test_a_value_at_which_to_end_is_no_column(folder: Path) -> None:
    sweep = loading.load(written("data: my.csv\ntarget: 0.5\n"))
    assert (sweep.target, "targets" in sweep.fixed) == (0.5, False)


def test_a_second_objective_takes_no_halving(folder: Path) -> None:
    sweep = loading.load(written("environment: CartPole-v1\nsecond: seconds\n"))
    assert (sweep.halving, sweep.confirm) == (None, None)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "data: my.csv\ntrials: 0\ntarget: lat\nfixed:\n  hiden: [3]\n",
            [
                "mine.yaml:2: trials: should be at least 1, is 0",
                "mine.yaml:3: target: there is no column 'lat'; did you mean late?",
                "mine.yaml:5: fixed.hiden: supervised has no such field; did you mean hidden?",
            ],
        ),
        ("data: my.csv\nsaerch: {}\n", ["mine.yaml:2: saerch: a sweep has no such key; did you mean search?"]),
        (
            "budget: x\nenvironment: CartPol-v1\n",
            [
                "mine.yaml:1: budget: should be a whole number, is 'x'",
                "mine.yaml:2: environment: there is no environment 'CartPol-v1'; did you mean CartPole-v1 or ",
            ],
        ),
        (
            "environment: CartPole-v1\ntarget: x\nfixed: {gamma: 2}\n",
            [
                "mine.yaml:2: target: should be a number, is 'x'",
                "mine.yaml:3: fixed.gamma: should be at most 1, is 2",
            ],
        ),
        ("data: my.csv\nfixed: 3\n", ["mine.yaml:2: fixed: should be a mapping, is 3"]),
        (
            "environment: CartPole-v1\ndata: my.csv\nloop: dqn\n",
            ["name: is missing", "budget: is missing", "search: should name at least one field", "mine.yaml:2: data: "],
        ),
        (
            "loop: dqn\nbudget: 5_000\n",
            ["name: is missing", "environment: is missing", "search: should name at least one field"],
        ),
        (
            "data: my.csv\nloop: supervised\ntarget: late\nbudget: 50\nname: a\nsearch: {max_norm: {low: 1, high: 2}}",
            ["mine.yaml:3: target: should be a number, is 'late'; a column to predict is one of `fixed.targets`"],
        ),
        ("data: my.csv\ntarget: sort\nfixed: {loss: mse}\n", ["mine.yaml:2: target: column 'sort' should be numbers"]),
    ],
)
def test_what_is_wrong_with_it_is_told_at_once(folder: Path, text: str, problems: list[str]) -> None:
    with pytest.raises(SweepError) as caught:
        loading.load(written(text))
    told = sorted(map(str, caught.value.problems))
    assert len(told) == len(problems), told
    for line, part in zip(told, sorted(problems), strict=True):
        assert line.startswith(part)
