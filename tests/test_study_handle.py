"""A study in hand: what it tells, as objects, as tables and as the trained network."""

import tarfile
from pathlib import Path

import legs_by_hand
import pytest
import sweeps
import torch

from trainables import TrainedNetwork
from trainables.base import checkpoint
from tuning import StudyError, StudyHandle, UnusableCheckpoint, studies
from tuning.study.paths import Home

STORED = Path(__file__).parent / "fixtures" / "studies-2918cbd.tar.xz"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a study that was confirmed, of REINFORCE, and one that was cut off, of DQN."""
    folder = tmp_path_factory.mktemp("stored")
    with tarfile.open(STORED) as archive:
        archive.extractall(folder, filter="data")
    return folder / "runs"


def test_studies_are_listed_the_newest_last(stored: Path, tmp_path: Path) -> None:
    assert [(each.name, each.state) for each in studies(stored)] == [
        ("old-match-1", "finished"),
        ("old-cut-off-1", "interrupted"),
    ]
    assert studies(tmp_path / "nothing") == []
    assert studies(tmp_path, storage=Home.at(stored).storage_url)[0].name == "old-match-1"


def test_a_study_in_hand_tells_what_its_summary_does(stored: Path) -> None:
    study = studies(stored)[0]
    summary = sweeps.opened(stored, study.name).summary()
    assert (study.best, study.chosen, study.default) == (summary.best, summary.chosen, summary.default)
    assert (study.sweep, study.front) == (summary.sweep, [])
    assert summary.confirmation is not None
    assert (None if study.champion is None else study.champion.number) == summary.confirmation.champion
    assert list(study.trials()["number"]) == [each.number for each in summary.trials]


def test_a_study_is_shown_in_a_line_and_in_a_notebook_as_a_table(stored: Path, tmp_path: Path) -> None:
    study = studies(stored)[0]
    assert repr(study).startswith("<Study old-match-1: finished, ")
    assert "first on fresh seeds: trial " in repr(study)
    assert "learning" in study._repr_html_()
    gone = StudyHandle("gone", Home.at(tmp_path), Home.at(tmp_path).storage_url)
    assert repr(gone) == f"<Study gone: there are no studies in {tmp_path}; `tuning run cartpole-dqn` makes one>"
    assert "there are no studies" in gone._repr_html_()


@pytest.mark.parametrize("place", [0, 1])
def test_curves_are_those_of_the_last_checkpoints(stored: Path, place: int) -> None:
    study = studies(stored)[place]
    curves = study.curves()
    assert len(curves) > 20
    for number, trial in enumerate(study.summary().trials):
        for seat, seed in enumerate(trial.seeds):
            latest = checkpoint.read(Home.at(stored).member(study.name, number, seat) / "latest.pt")
            points = [] if latest is None else latest["report"]["points"]
            expected = [(step, name, value) for step, shown in points for name, value in shown.items()]
            rows = curves[(curves["trial"] == number) & (curves["seed"] == seed)][["step", "metric", "value"]]
            found = [tuple(row) for row in rows.itertuples(index=False)]
            assert [row[:2] for row in found] == [row[:2] for row in expected]
            assert [row[2] for row in found] == pytest.approx([row[2] for row in expected], nan_ok=True)


def test_the_best_network_is_that_of_the_trial_to_use(stored: Path) -> None:
    study = studies(stored)[0]
    assert study.chosen is not None
    assert study.chosen.checkpoint is not None
    network = study.load_best()
    assert isinstance(network, torch.nn.Module)
    same = TrainedNetwork.load(study.chosen.checkpoint)
    other = next(each for each in study.summary().trials if each.checkpoint and each.number != study.chosen.number)
    inputs = torch.rand(5, same.mean.numel())
    torch.testing.assert_close(network(inputs), same(inputs))
    assert not torch.equal(study.load_best(trial=other.number)(inputs), same(inputs))


def test_a_network_that_is_not_there(stored: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"'old-match-1' has no trial 99; it has \d+, from 0 on"):
        studies(stored)[0].load_best(trial=99)
    made = sweeps.created(tmp_path, trials=2, pack_size=2, second="steps", tracking="off")
    (study,) = studies(tmp_path)
    with pytest.raises(StudyError, match="no trial with a value"):
        study.load_best()
    legs_by_hand.finished(made)
    with pytest.raises(StudyError, match=r"two objectives and no single best, but a front: .*load_best\(trial=...\)"):
        study.load_best()
    with pytest.raises(UnusableCheckpoint, match="there is no such file"):
        study.load_best(trial=0)
    folder = Home.at(tmp_path).member(study.name, 0, 0)
    checkpoint.save([folder], [{"moment": 1, "report": {"points": []}}], [{"altitude": 3.0}])
    with pytest.raises(UnusableCheckpoint, match="holds no network"):
        study.load_best(trial=0)
