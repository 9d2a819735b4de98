"""What a search has spent, by what its trials have come to."""

from dataclasses import dataclass

from tuning.rules.ledger import PURPOSES, Spent, ledger
from tuning.rules.trial_outcome import MemberResult, gone_back


@dataclass
class Trial:
    state: str
    diverged_at: int | None = None
    steps: int = 100
    worker_s: float = 10.0
    lost_steps: int = 0
    lost_s: float = 0.0


def test_each_step_is_counted_once() -> None:
    trials = [
        Trial("complete"),
        Trial("complete", lost_steps=30, lost_s=3.0),
        Trial("pruned", steps=20),
        Trial("pruned", diverged_at=5, steps=5, worker_s=1.0),
        Trial("failed", steps=0, worker_s=2.0),
        Trial("running", steps=7),
        Trial("waiting", steps=8),
    ]
    found = ledger(trials, Spent(12, 1_200, 60.0))
    assert found == {
        "complete": Spent(2, 200, 17.0),
        "pruned": Spent(1, 20, 10.0),
        "diverged": Spent(1, 5, 1.0),
        "failed": Spent(1, 0, 2.0),
        "under_way": Spent(2, 15, 20.0),
        "lost": Spent(1, 30, 3.0),
        "confirmation": Spent(12, 1_200, 60.0),
    }
    assert tuple(found) == PURPOSES


def test_who_goes_back_has_lost_what_lay_beyond_and_its_share_of_the_seconds() -> None:
    once = gone_back(MemberResult(steps=200, share_s=20.0), 150)
    assert (once.steps, once.lost_steps, once.lost_s, once.share_s) == (150, 50, 5.0, 20.0)
    # Ten seconds more for the same fifty steps again, and then all is lost.
    again = gone_back(MemberResult(steps=200, share_s=25.0, lost_steps=50, lost_s=5.0), 0)
    assert (again.lost_steps, again.lost_s) == (250, 25.0)


def test_who_goes_on_from_where_it_was_has_lost_nothing() -> None:
    before = MemberResult(steps=200, share_s=20.0)
    assert gone_back(before, 200) is before
    assert gone_back(MemberResult(), 0) == MemberResult()
