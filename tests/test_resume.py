"""Sweeps whose driver is killed or interrupted at any moment, and which `tuning resume` brings to their end."""

import json
import random
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import drivers
import pytest
import sweeps
import yaml
from sweeps import Said

from tuning.study.legs import LegRecord

SMALL: dict[str, Any] = {
    "trials": 12,
    "budget": 8_000,
    "pack_size": 3,
    "halving": {"reduction": 2, "minimum": 2_000, "audit_fraction": 0.3},
}
"""Legs to 2,000, 4,000 and 8,000 steps: of a second or so, in which whoever watches them can do something."""

LAST_MOMENT = 30
"""About as much as is written of legs and of ends: eight legs handed out and closed, twelve trials ended."""
BY_CTRL_C = 1
"""Which of the survivor's lives is ended so; the others are killed."""


def progress(driver: drivers.Driver) -> int:
    """What the study has kept so far: legs handed out, legs closed, trials ended."""
    study = driver.study()
    if study is None:
        return 0
    legs = study.legs()
    return 1 + len(legs) + sum(leg.state == "closed" for leg in legs) + len(study.ends())


def come_to(driver: drivers.Driver, moment: int) -> None:
    """Wait until the driver has come to this moment, or has ended by itself."""
    sweeps.awaited(lambda: driver.has_ended() or progress(driver) >= moment, 180, f"moment {moment}")


def taken_up(driver: drivers.Driver) -> None:
    """Wait until the driver holds the study: what another one has left may be as far already."""

    def runs() -> bool:
        study = driver.study()
        return study is not None and study.summary().state == "running"

    sweeps.awaited(lambda: driver.has_ended() or runs(), 60, "a driver that holds the study")


def killed_at(driver: drivers.Driver, moment: int) -> None:
    """Kill the driver as soon as it has come to this moment, or has ended by itself."""
    come_to(driver, moment)
    driver.kill()


def resumed(root: Path, *options: str) -> dict[str, Any]:
    """What `tuning resume` shows at the end."""
    done = sweeps.tuning("resume", *options, "--root", str(root / "runs"), "--json", cwd=root)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@dataclass(frozen=True)
class Survivor:
    """A sweep whose driver has had several lives, and the legs that were closed at the end of each of them."""

    folder: Path
    closed: list[list[LegRecord]]

    @property
    def root(self) -> Path:
        return self.folder / "runs"


def closed(root: Path) -> list[LegRecord]:
    return [leg for leg in sweeps.opened(root).legs() if leg.state == "closed"]


@pytest.fixture(scope="module")
def survivor(tmp_path_factory: pytest.TempPathFactory) -> Survivor:
    """Killed three times and ended once by Ctrl-C, at moments that a seed has chosen; then resumed, its sweep given."""
    folder, ends = tmp_path_factory.mktemp("survivor"), list[list[LegRecord]]()
    moments = sorted(random.Random(5).sample(range(1, LAST_MOMENT), 4))
    # What is left of Ray is not waited for, as a person would not.
    with ExitStack() as lives:
        for life, moment in enumerate(moments):
            start = drivers.started(folder, "resume", drivers.STUDY) if life else drivers.running(folder, **SMALL)
            driver = lives.enter_context(start)
            come_to(driver, moment)
            if life == BY_CTRL_C:
                taken_up(driver)
                driver.press_ctrl_c()
                driver.process.communicate(timeout=60)
                assert driver.process.returncode == 130
            else:
                driver.kill()
            ends.append(closed(folder / "runs"))
        assert sweeps.opened(folder / "runs").summary().state == "interrupted"
        shown = resumed(folder, drivers.STUDY, str(folder / "tiny.yaml"))
        ends.append(closed(folder / "runs"))
    assert any(trial["given_up_at"] for trial in shown["trials"]), "some were pruned and trained on"
    return Survivor(folder, ends)


def test_a_driver_lost_again_and_again_loses_nothing_and_does_nothing_twice(survivor: Survivor) -> None:
    drivers.assert_whole(survivor.root, 12)


def test_after_ctrl_c_and_after_a_kill_it_goes_on_where_it_was(survivor: Survivor) -> None:
    assert all(survivor.closed)
    for before, after in pairwise(survivor.closed):
        assert [leg for leg in after if leg in before] == before


def test_another_sweep_is_refused_with_what_differs(survivor: Survivor, tuning: Callable[..., Said]) -> None:
    other = survivor.folder / "other.yaml"
    text = yaml.safe_load((survivor.folder / "tiny.yaml").read_text())
    other.write_text(yaml.safe_dump({**text, "trials": 99, "budget": 4_000}))
    code, out, err = tuning("resume", drivers.STUDY, str(other), "--root", str(survivor.root), "--json")
    assert (code, out) == (2, "")
    assert "tiny-1" in err
    assert "budget: is 4000, the study has 8000" in err
    assert "trials" not in err
    assert len(sweeps.opened(survivor.root).summary().trials) == 12


def test_a_finished_study_stays_as_it_is(survivor: Survivor) -> None:
    before = sweeps.opened(survivor.root).summary()
    assert resumed(survivor.folder)["trials"] == before.as_json()["trials"]
    drivers.assert_whole(survivor.root, 12)


def test_a_finished_study_is_given_more_trials(survivor: Survivor) -> None:
    """The last of the tests of this sweep, since it adds to it."""
    before = sweeps.opened(survivor.root).summary().as_json()["trials"]
    shown = resumed(survivor.folder, "--trials", "+4")
    drivers.assert_whole(survivor.root, 16)
    assert shown["trials"][:12] == before
    assert all(trial["steps"] >= 2_000 for trial in shown["trials"][12:])


@pytest.mark.slow
@pytest.mark.parametrize("moment", random.Random(20).choices(range(1, LAST_MOMENT), k=20))
def test_a_driver_killed_at_any_moment(tmp_path: Path, moment: int) -> None:
    with drivers.running(tmp_path, **SMALL) as driver:
        killed_at(driver, moment)
        resumed(tmp_path)
    drivers.assert_whole(tmp_path / "runs", 12)
