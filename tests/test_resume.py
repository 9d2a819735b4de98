"""Sweeps whose driver is killed: what is left of them, and that `tuning resume` brings them to their end."""

import json
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import commands
import drivers
import legs_by_hand
import pytest
import sweeps
import yaml
from commands import Said

from tuning import runner
from tuning.study.legs import LegRecord
from tuning.study.paths import Home
from tuning.sweep.loading import load

SMALL: dict[str, Any] = {
    "trials": 12,
    "budget": 4_000,
    "pack_size": 3,
    "halving": {"reduction": 2, "minimum": 1_000, "audit_fraction": 0.3},
}
"""Legs to 1,000, 2,000 and 4,000 steps, each of half a second or so."""

LAST_MOMENT = 30
"""About as much as is written of legs and of ends: eight legs handed out and closed, twelve trials ended."""
KILLED_AT = (12, 20)
"""Moments of the survivor: when trials have ended for the first time, and when some were promoted."""


def progress(driver: drivers.Driver) -> int:
    """What the study has kept so far: legs handed out, legs closed, trials ended."""
    study = driver.study()
    if study is None:
        return 0
    legs = study.records.legs()
    return 1 + len(legs) + sum(leg.state == "closed" for leg in legs) + len(study.records.ends())


def killed_at(driver: drivers.Driver, moment: int) -> None:
    """Kill the driver as soon as it has come to this moment, or has ended by itself."""
    commands.awaited(lambda: driver.has_ended() or progress(driver) >= moment, 180, f"moment {moment}")
    driver.kill()


def resumed(root: Path, *options: str) -> dict[str, Any]:
    """What `tuning resume` shows at the end."""
    done = commands.tuning("resume", *options, "--root", str(root / "runs"), "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@dataclass(frozen=True)
class Survivor:
    """A sweep whose driver was killed twice, and which has been brought to its end in this process."""

    folder: Path
    marks: list[str]
    """Of the drivers that were killed."""
    left: dict[str, Any]
    """The study as the first of them left it."""
    closed: list[list[LegRecord]]
    """The legs that were closed at the end of each life."""

    @property
    def root(self) -> Path:
        return self.folder / "runs"


def closed(root: Path) -> list[LegRecord]:
    return [leg for leg in sweeps.opened(root).records.legs() if leg.state == "closed"]


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Survivor:
    folder, ends, left, marks = tmp_path_factory.mktemp("survivor"), list[list[LegRecord]](), {}, list[str]()
    # What is left of Ray is not waited for, as a person would not.
    with ExitStack() as lives:
        for moment in KILLED_AT:
            start = (
                drivers.started(folder, "resume", drivers.STUDY)
                if ends
                else drivers.running(folder, **SMALL, workers=1)
            )
            driver = lives.enter_context(start)
            killed_at(driver, moment)
            left = left or sweeps.opened(folder / "runs").summary().as_json()
            ends.append(closed(folder / "runs"))
            marks.append(driver.mark)
        study = sweeps.opened(folder / "runs")
        study.insist_on(load(str(folder / "tiny.yaml")))
        shown = runner.resume(study, hire=legs_by_hand.ByHand(trains=True)).as_json()
        ends.append(closed(folder / "runs"))
        # Ray's processes notice by themselves that their driver is gone.
        commands.awaited(lambda: not any(map(drivers.working, marks)), 20, "the workers and their raylets gone")
    assert any(trial["given_up_at"] for trial in shown["trials"]), "some were pruned and trained on"
    return Survivor(folder, marks, left, ends)


def test_a_driver_that_is_killed_leaves_a_study_that_says_so(survivor: Survivor) -> None:
    assert survivor.left["state"] == "interrupted"
    assert survivor.left["counts"]["running"] == survivor.left["counts"]["failed"] == 0
    assert {"waiting"} < {trial["state"] for trial in survivor.left["trials"]} <= {"complete", "pruned", "waiting"}


def test_a_sweep_killed_again_and_again_loses_nothing_and_does_nothing_twice(survivor: Survivor) -> None:
    drivers.assert_whole(survivor.root, 12)
    for trial in sweeps.opened(survivor.root).summary().trials:
        assert (Home.at(survivor.root).member(drivers.STUDY, trial.number, 0) / "best.pt").exists()


def test_it_goes_on_where_it_was(survivor: Survivor) -> None:
    assert all(survivor.closed)
    for before, after in pairwise(survivor.closed):
        assert len(after) > len(before)
        assert [leg for leg in after if leg in before] == before


def test_another_sweep_is_refused_with_what_differs(survivor: Survivor, tuning: Callable[..., Said]) -> None:
    other = survivor.folder / "other.yaml"
    text = yaml.safe_load((survivor.folder / "tiny.yaml").read_text())
    other.write_text(yaml.safe_dump({**text, "trials": 99, "budget": 5_000}))
    code, out, err = tuning("resume", drivers.STUDY, str(other), "--root", str(survivor.root), "--json")
    assert (code, out) == (2, "")
    assert "tiny-1" in err
    assert "budget: is 5000, the study has 4000" in err
    assert "trials" not in err
    assert len(sweeps.opened(survivor.root).summary().trials) == 12


def test_a_finished_study_stays_as_it_is(survivor: Survivor, tuning: Callable[..., Said]) -> None:
    before = sweeps.opened(survivor.root).summary().as_json()["trials"]
    code, out, err = tuning("resume", "--root", str(survivor.root), "--json", hire=legs_by_hand.ByHand(trains=True))
    assert (code, err) == (0, "")
    assert json.loads(out)["trials"] == before
    drivers.assert_whole(survivor.root, 12)


def test_a_finished_study_is_given_more_trials(survivor: Survivor, tuning: Callable[..., Said]) -> None:
    """The last of the tests of this sweep, since it adds to it."""
    before = sweeps.opened(survivor.root).summary().as_json()["trials"]
    options = ("--trials", "+4", "--root", str(survivor.root), "--json")
    code, out, _ = tuning("resume", *options, hire=legs_by_hand.ByHand(trains=True))
    shown = json.loads(out)["trials"]
    assert code == 0
    drivers.assert_whole(survivor.root, 16)
    assert shown[:12] == before
    assert all(trial["steps"] >= 1_000 for trial in shown[12:])


MOMENTS = random.Random(20).choices(range(1, LAST_MOMENT), k=20)


@pytest.mark.slow
@pytest.mark.parametrize("moment", [pytest.param(MOMENTS[3], marks=pytest.mark.core), *MOMENTS[:3], *MOMENTS[4:]])
def test_a_driver_killed_at_any_moment(tmp_path: Path, moment: int) -> None:
    with drivers.running(tmp_path, **SMALL) as driver:
        killed_at(driver, moment)
        resumed(tmp_path)
    drivers.assert_whole(tmp_path / "runs", 12)
