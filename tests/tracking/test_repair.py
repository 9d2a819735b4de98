"""What mends a study: what it brings back, what it gives to MLflow again, and what it leaves."""

import shutil
from pathlib import Path

import sweeps
from audited import Kept, ended

from tuning.tracking.audit import Difference, differences
from tuning.tracking.repair import mend


def test_a_run_made_anew_says_what_the_lost_one_did(kept: Kept) -> None:
    theirs = kept.run(3)
    kept.client.delete_run(theirs.info.run_id)
    mend(kept.study)
    made = kept.run(3)
    assert made.info.run_id != theirs.info.run_id
    assert made.data.params == theirs.data.params
    assert made.data.metrics["value"] == theirs.data.metrics["value"]
    told = ("lockstep.trial", "lockstep.seeds", "lockstep.state", "lockstep.default", "mlflow.parentRunId")
    assert {key: made.data.tags[key] for key in told} == {key: theirs.data.tags[key] for key in told}


def test_lost_weights_are_named_and_brought_back_where_mlflow_has_them(runs: Path) -> None:
    kept = ended(runs)
    path = Path(str(kept.study.summary().trials[2].checkpoint))
    before = path.read_bytes()
    copy = Path(kept.run(2).info.artifact_uri.removeprefix("file://")) / "checkpoint" / "best.pt"

    def lose(how: str) -> list[Difference]:
        path.write_bytes(b"?")
        if how == "missing":
            path.unlink()
        return [Difference("trial 2", f"its best weights are {how}: {path}")]

    for how in ("missing", "damaged"):
        expected = lose(how)
        assert differences(kept.study) == expected
        mend(kept.study)
        assert differences(kept.study) == []
        assert path.read_bytes() == copy.read_bytes() == before
        assert sorted(each.name for each in path.parent.iterdir()) == ["best.pt", "latest.pt"]
    copy.unlink()
    expected = lose("missing")
    mend(kept.study)
    assert differences(kept.study) == expected, "there is nothing to bring back"


def test_weights_that_mlflow_lost_are_given_to_it_again(runs: Path) -> None:
    kept = ended(runs)
    best = kept.study.summary().best
    assert best is not None
    shutil.rmtree(Path(kept.run(best.number).info.artifact_uri.removeprefix("file://")) / "checkpoint")
    assert differences(kept.study) == [
        Difference(f"trial {best.number}", "is one of the best, and MLflow does not have its weights")
    ]
    mend(kept.study)
    assert differences(kept.study) == []


def test_more_trials_than_asked_for_are_named_and_stay(kept: Kept) -> None:
    kept.study.change(sweeps.tiny(trials=4, pack_size=2))
    assert differences(kept.study) == [Difference("study", "has 6 trials, of 4 asked for")]
    mend(kept.study)
    assert len(differences(kept.study)) == 1
