"""Trial runs of environments that don't answer, or that end the process that tries them."""

import threading
import time

import pytest
from odd_environments import ODD

from trainables.environments import trial_run, watched_trial
from trainables.environments.trial_run import Found, Wanted
from trainables.environments.watched_trial import tried


@pytest.mark.parametrize("environment", [ODD, ODD.partition(":")[2]], ids=["in a process", "in a thread"])
@pytest.mark.parametrize(
    ("way", "found"),
    [
        ("", Found()),
        ("no reward", Found(("environment", "returned the reward None from step; should be a number"))),
        ("same reward", Found(warnings=["has given the reward 0.5 in all of 1,000 random steps"])),
    ],
)
def test_it_finds_what_a_trial_run_does(environment: str, way: str, found: Found) -> None:
    told = tried(Wanted(environment, {"way": way}))
    assert told == trial_run.tried(Wanted(environment, {"way": way}))
    assert (told.misfit is None, len(told.warnings)) == (found.misfit is None, len(found.warnings))


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("never made", "has not been made within 2 s; should answer in time, or a training hangs"),
        ("never reset", "has not returned from reset(seed=0) within 2 s; should"),
        ("sleeps", "has not returned from step 3 of the episode of seed 0 within 1 s; should"),
        ("waits for a lock", "has not returned from step 3 of the episode of seed 0 within 1 s; should"),
        ("ends the process", "ended the process that tried it with exit code 3: segmentation violation"),
        ("kills the process", "ended the process that tried it by SIGKILL"),
    ],
)
def test_one_that_does_not_answer_is_given_up(way: str, message: str) -> None:
    began = time.monotonic()
    misfit = tried(Wanted(ODD, {"way": way}, making_s=2, answer_s=1)).misfit
    assert time.monotonic() - began < 30
    assert misfit is not None
    assert misfit[1].startswith(f"{ODD} {message}")


def test_in_a_thread_too() -> None:
    before = threading.active_count()
    misfit = tried(Wanted("tests/Odd-v0", {"way": "sleeps"}, making_s=2, answer_s=0.2)).misfit
    assert misfit is not None
    assert "has not returned from step 3" in misfit[1]
    assert threading.active_count() == before + 1


def test_what_breaks_by_a_fault_of_ours_is_no_misfit(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(wanted: Wanted, *more: object) -> Found:
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(trial_run, "tried", broken)
    with pytest.raises(RuntimeError, match="ZeroDivisionError: ours"):
        watched_trial.tried(Wanted("tests/Odd-v0", {}))
