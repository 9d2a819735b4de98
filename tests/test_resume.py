"""Sweeps whose driver is killed or interrupted at any moment, and which `tuning resume` brings to their end."""

import json
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import drivers
import pytest
import sweeps
import yaml

SMALL: dict[str, Any] = {
    "trials": 12,
    "budget": 2_000,
    "pack_size": 3,
    "halving": {"reduction": 2, "minimum": 500, "audit_fraction": 0.3},
}
"""Legs to 500, 1,000 and 2,000 steps, of less than a second each."""

LAST_MOMENT = 30
"""About as much as is written of legs and of ends: eight legs handed out and closed, twelve trials ended."""


def progress(driver: drivers.Driver) -> int:
    """What the study has kept so far: legs handed out, legs closed, trials ended."""
    study = driver.study()
    if study is None:
        return 0
    legs = study.legs()
    return 1 + len(legs) + sum(leg.state == "closed" for leg in legs) + len(study.ends())


def killed_at(driver: drivers.Driver, moment: int) -> None:
    """Kill the driver as soon as it has come to this moment, or has ended by itself."""
    sweeps.awaited(lambda: driver.has_ended() or progress(driver) >= moment, 90, f"moment {moment}")
    driver.kill()


def resumed(root: Path, *options: str) -> dict[str, Any]:
    """What `tuning resume` shows at the end."""
    done = sweeps.tuning("resume", *options, "--root", str(root / "runs"), "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep whose driver was killed three times, at moments that a seed has chosen, and that was then resumed."""
    root = tmp_path_factory.mktemp("survivor")
    moments = sorted(random.Random(3).sample(range(1, LAST_MOMENT), 3))
    # What is left of Ray is not waited for, as a person would not.
    with ExitStack() as lives:
        killed_at(lives.enter_context(drivers.running(root, **SMALL)), moments[0])
        for moment in moments[1:]:
            killed_at(lives.enter_context(drivers.started(root, "resume", drivers.STUDY)), moment)
        assert sweeps.opened(root / "runs").view().state == "interrupted"
        shown = resumed(root)
    assert any(trial["given_up_at"] for trial in shown["trials"]), "some were pruned and trained on"
    return root


def test_a_driver_killed_again_and_again_loses_nothing_and_does_nothing_twice(survivor: Path) -> None:
    drivers.assert_whole(survivor / "runs", 12)


def test_another_sweep_is_refused_with_what_differs(survivor: Path) -> None:
    other = survivor / "other.yaml"
    text = yaml.safe_load((survivor / "tiny.yaml").read_text())
    other.write_text(yaml.safe_dump({**text, "trials": 99, "budget": 4_000}))
    options = ["resume", drivers.STUDY, str(other), "--root", str(survivor / "runs"), "--json"]
    done = sweeps.tuning(*options, cwd=survivor)
    assert (done.returncode, done.stdout) == (2, "")
    assert "tiny-1" in done.stderr
    assert "budget: is 4000, the study has 2000" in done.stderr
    assert "trials" not in done.stderr
    assert len(sweeps.opened(survivor / "runs").view().trials) == 12


def test_its_own_sweep_is_not_refused_and_a_finished_study_stays_as_it_is(survivor: Path) -> None:
    before = sweeps.opened(survivor / "runs").view()
    shown = resumed(survivor, drivers.STUDY, str(survivor / "tiny.yaml"))
    assert shown["trials"] == before.as_json()["trials"]
    drivers.assert_whole(survivor / "runs", 12)


def test_a_finished_study_is_given_more_trials(survivor: Path) -> None:
    """The last of the tests of this sweep, since it adds to it."""
    before = {trial["number"]: trial for trial in resumed(survivor)["trials"]}
    shown = resumed(survivor, "--trials", "+4")
    drivers.assert_whole(survivor / "runs", 16)
    assert {trial["number"]: trial for trial in shown["trials"][:12]} == before
    assert all(trial["steps"] >= 500 for trial in shown["trials"][12:])


def test_after_ctrl_c_it_goes_on_where_it_was(tmp_path: Path) -> None:
    with drivers.running(tmp_path, **SMALL) as driver:
        sweeps.awaited(lambda: driver.has_ended() or progress(driver) >= 6, 90, "some legs closed")
        driver.press_ctrl_c()
        driver.process.communicate(timeout=30)
        assert driver.process.returncode == 130
    before = sweeps.opened(tmp_path / "runs")
    closed = [leg for leg in before.legs() if leg.state == "closed"]
    assert closed
    resumed(tmp_path)
    drivers.assert_whole(tmp_path / "runs", 12)
    after = [leg for leg in sweeps.opened(tmp_path / "runs").legs() if leg.state == "closed"]
    assert [leg for leg in after if leg in closed] == closed


@pytest.mark.slow
@pytest.mark.parametrize("moment", random.Random(20).choices(range(1, LAST_MOMENT), k=20))
def test_a_driver_killed_at_any_moment(tmp_path: Path, moment: int) -> None:
    with drivers.running(tmp_path, **SMALL) as driver:
        killed_at(driver, moment)
        resumed(tmp_path)
    drivers.assert_whole(tmp_path / "runs", 12)
