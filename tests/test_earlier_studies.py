"""Studies that an earlier version left behind: they are read as it read them, gone on with, and confirmed.

`fixtures/studies-2918cbd.tar.xz` is a root as commit 2918cbd wrote it: `old-match-1` (REINFORCE) is finished and was
confirmed on 3 seeds; `old-cut-off-1` (DQN) lost its driver to SIGKILL in the middle of its sweep. What that version
printed by `tuning show --json` of each is beside it, with paths relative to the folder of the root.
"""

import json
import sqlite3
import tarfile
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import commands
import legs_by_hand
import pytest
import sweeps
from commands import Said
from tracked import assert_told, searched

from trainables import EpisodicConfig

STORED = Path(__file__).parent / "fixtures" / "studies-2918cbd.tar.xz"
WRITTEN_AT = "file:///tmp/lockstep-fixture/runs"
"""Where the root lay when MLflow wrote down where its artifacts are."""
FINISHED, CUT_OFF = "old-match-1", "old-cut-off-1"
SHOWN: dict[str, dict[str, Any]] = json.loads(STORED.with_name("studies-2918cbd.json").read_text())
WAITING = [trial["number"] for trial in SHOWN[CUT_OFF]["trials"] if trial["state"] == "waiting"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root, unpacked as if it had lain here always."""
    with tarfile.open(STORED) as stored:
        stored.extractall(tmp_path, filter="data")
    root = tmp_path / "runs"
    with closing(sqlite3.connect(root / "mlflow.db")) as database, database:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            database.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (WRITTEN_AT, root.as_uri()))
    return root


def files_of(root: Path, study: str) -> set[Path]:
    """All checkpoints of a study."""
    return set((root / "studies" / study).rglob("*.pt"))


def assert_whole(root: Path, study: str, tuning: Callable[..., Said], untrained: Collection[int] = ()) -> None:
    """Storage, MLflow and checkpoints agree, and a person is told so; MLflow was told all, and nothing twice."""
    told = f"{study}: storage, MLflow and checkpoints agree\n"
    assert tuning("audit", study, "--root", str(root))[:2] == (0, told)
    assert_told(sweeps.opened(root, study), untrained)


def test_they_are_listed(root: Path, tuning: Callable[..., Said]) -> None:
    code, out, _ = tuning("list", "--root", str(root), "--json")
    assert (code, json.loads(out)) == (
        0,
        [
            {"name": FINISHED, "state": "finished", "flaw": None, "trials": 9},
            {"name": CUT_OFF, "state": "interrupted", "flaw": None, "trials": 10},
        ],
    )


@pytest.mark.parametrize("study", [FINISHED, CUT_OFF])
def test_they_are_shown_as_they_were(root: Path, tuning: Callable[..., Said], study: str) -> None:
    code, out, _ = tuning("show", study, "--root", str(root), "--json")
    shown = json.loads(out.replace(f"{root.parent}/", ""))
    spent = shown.pop("ledger")
    assert sum(each["steps"] for each in spent.values()) == SHOWN[study]["member_steps"]
    assert [trial.pop("verdict") for trial in shown["trials"]] == [None] * len(shown["trials"])
    # Of what was not known then, there is nothing.
    assert not any(shown.pop(key) for key in shown.keys() - SHOWN[study].keys())
    if shown["confirmation"] is not None:
        assert not any(
            shown["confirmation"].pop(key) for key in ("unbeaten", "kind", "use", "equals", "margin", "reason")
        )
    assert (code, shown) == (0, SHOWN[study])


def test_policies_that_did_not_keep_their_actions_still_act(root: Path, tuning: Callable[..., Said]) -> None:
    code, out, err = tuning("predict", FINISHED, "--input", "1,2", "--root", str(root))
    assert (code, out) == (2, "")
    assert "should be 4 numbers: observation[0],observation[1]" in err
    code, out, _ = tuning("predict", FINISHED, "--input", "0,1,0,0", "--root", str(root), "--json")
    assert code == 0
    assert json.loads(out)["predictions"][0]["predicted"]["action"] in range(4)


def test_they_are_audited(root: Path, tuning: Callable[..., Said]) -> None:
    assert_whole(root, FINISHED, tuning)
    code, out, _ = tuning("audit", CUT_OFF, "--root", str(root), "--json")
    found = [(each["where"], each["message"]) for each in json.loads(out)]
    assert (code, found) == (
        1,
        [
            ("study", "was cut off; `tuning resume` goes on with it"),
            ("study", "its own run in MLflow is still running"),
            *((f"trial {number}", "is waiting, its run in MLflow is RUNNING") for number in WAITING),
        ],
    )


def assert_gone_on(shown: dict[str, Any], root: Path) -> None:
    """What had ended before it was cut off stands; what had not has come to an end as the trial that it was."""
    assert shown["state"] == "finished"
    for old, new in zip(SHOWN[CUT_OFF]["trials"], shown["trials"], strict=True):
        if old["state"] == "waiting":
            assert new["state"] in ("complete", "pruned")
            assert all(new[key] == old[key] for key in ("params", "seeds", "run_id"))
        else:
            assert json.loads(json.dumps(new).replace(f"{root.parent}/", "")) == {**old, "verdict": None}


def test_the_search_of_one_that_was_cut_off_goes_on(root: Path, tuning: Callable[..., Said]) -> None:
    study = sweeps.opened(root, CUT_OFF)
    searched(study)
    assert_gone_on(study.summary().as_json(), root)
    assert_whole(root, CUT_OFF, tuning, untrained=WAITING)


@pytest.mark.slow
def test_one_that_was_cut_off_goes_on_to_its_end(root: Path, tuning: Callable[..., Said]) -> None:
    kept = files_of(root, CUT_OFF)
    done = commands.tuning("resume", CUT_OFF, "--root", str(root), "--json", cwd=root.parent, timeout=1_500)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert_gone_on(shown, root)
    assert [len(each["scores"]) for each in shown["confirmation"]["candidates"]] == [2, 2]
    assert kept <= files_of(root, CUT_OFF)
    assert_whole(root, CUT_OFF, tuning)


@pytest.mark.parametrize("study", [FINISHED, CUT_OFF])
def test_they_are_evaluated_as_they_were(root: Path, study: str) -> None:
    config = sweeps.opened(root, study).sweep.config()
    assert isinstance(config, EpisodicConfig)
    assert config.evaluation_share is None
    assert sweeps.created(root).sweep.config().model_dump()["evaluation_share"] == 0.2


def test_one_that_was_confirmed_is_confirmed_on_more_seeds(root: Path, tuning: Callable[..., Said]) -> None:
    before, kept = SHOWN[FINISHED]["confirmation"], files_of(root, FINISHED)
    options = ("--seeds", "4", "--root", str(root), "--json")
    code, out, err = tuning("confirm", FINISHED, *options, hire=legs_by_hand.ByHand(trains=True))
    assert (code, err) == (0, f"{FINISHED}: models:/old-match@candidate is trial 3 of {FINISHED} (version 1)\n")
    after = json.loads(out)["confirmation"]
    assert (before["seeds"], after["seeds"]) == (3, 4)
    for old, new in zip(before["candidates"], after["candidates"], strict=True):
        assert (new["number"], new["scores"][:3]) == (old["number"], old["scores"])
        assert len(new["scores"]) == 4
    assert len(files_of(root, FINISHED) - kept) == 2 * len(before["candidates"])
    assert kept <= files_of(root, FINISHED)
    assert_whole(root, FINISHED, tuning)
