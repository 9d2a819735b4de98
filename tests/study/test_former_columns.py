"""Studies of versions that learnt from pandas' index: they go on once it is named, and say so before."""

from collections.abc import Callable
from pathlib import Path

import legs_by_hand
import pytest
import sweeps
from commands import Said

from tuning.study.attributes import FORMAT

TABLE = ",speed,late\n" + "".join(f"{row},{row % 7}.5,{row % 3}.25\n" for row in range(40))
BEGUN = (
    "trials=2",
    "budget=10",
    "pack_size=1",
    "fixed.batch_size=8",
    "fixed.compile=never",
    "tracking=off",
    "confirm=off",
    "name=late",
)
TRAINS = legs_by_hand.ByHand(trains=True)
NAMED = 'fixed.features=["Unnamed: 0", "speed"]'


@pytest.fixture
def root(tmp_path: Path, tuning: Callable[..., Said]) -> str:
    """The root of a study that an earlier version has begun."""
    (tmp_path / "late.csv").write_text(TABLE)
    settings = [part for each in BEGUN for part in ("--set", each)]
    code, _, err = tuning("run", "--data", "late.csv", *settings, "--root", str(tmp_path / "runs"), hire=TRAINS)
    assert code == 0, err
    sweeps.opened(tmp_path / "runs", "late-1").optuna.set_user_attr(FORMAT, 1)
    return str(tmp_path / "runs")


def test_the_index_has_to_be_named(root: str, tuning: Callable[..., Said]) -> None:
    code, out, err = tuning("resume", "late-1", "--trials", "3", "--root", root, hire=TRAINS)
    assert (code, out) == (2, "")
    assert err == (
        "fixed.features: was left out, and the study has learnt from pandas' index (Unnamed: 0) like from any other "
        f"column, which is done today only where it is named: `--set '{NAMED}'` goes on as before\n"
    )


def test_named_it_goes_on_and_is_asked_for_no_more(root: str, tuning: Callable[..., Said]) -> None:
    options = ("--root", root, "--json")
    for trials, more in (("3", ("--set", NAMED)), ("4", ())):
        code, _, err = tuning("resume", "late-1", "--trials", trials, *more, *options, hire=TRAINS)
        assert code == 0, err
    assert tuple(sweeps.opened(Path(root), "late-1").sweep.fixed["features"]) == ("Unnamed: 0", "speed")


def test_a_study_of_today_keeps_to_its_features(root: str, tuning: Callable[..., Said]) -> None:
    sweeps.opened(Path(root), "late-1").optuna.set_user_attr(FORMAT, 2)
    code, _, err = tuning("resume", "late-1", "--set", NAMED, "--root", root, hire=TRAINS)
    assert code == 2
    assert "fixed.features: is ['Unnamed: 0', 'speed'], the study has null" in err
