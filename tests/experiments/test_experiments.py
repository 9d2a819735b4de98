"""mend, ablate, train and replay as commands, with workers of this process; most with scores that are made up."""

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from commands import Said
from tracked import Runs, assert_told

import tuning as face
from tuning.experiments import subjects
from tuning.report import study_page
from tuning.report.material import material
from tuning.study.paths import Home
from tuning.study.seeds import SEARCH_SEEDS
from tuning.sweep.model import Sweep

Command = Callable[..., Said]
STORED = Path(__file__).parents[1] / "fixtures" / "studies-2918cbd.tar.xz"


def nobody(*wanted: Any) -> Any:
    """Who has nothing left to train hires nobody."""
    raise AssertionError("workers are hired")


def written(folder: Path, name: str, **changes: Any) -> str:
    """The path of a file of the tiny sweep, with these keys changed."""
    text = Sweep.model_validate({**sweeps.TINY, "tracking": "off", "name": name, **changes}).to_yaml()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return str(path)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """Two files whose defaults differ in the learning rate, by which scores are made up, and in what does nothing."""
    fixed = {**sweeps.TINY["fixed"], "max_norm": 5.0, "normalise_advantages": True}
    default = {"learning_rate": 0.009, "baseline": "none"}
    return (
        written(tmp_path, "slow", default={"learning_rate": 0.0001}),
        written(tmp_path, "fast", fixed=fixed, default=default),
    )


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with a study of one trial, whose training left nothing behind."""
    root = tmp_path_factory.mktemp("few") / "runs"
    face.run(written(root.parent, "few", trials=1), root=root, hire=legs_by_hand.ByHand())
    return root


def test_ablate_names_the_change_that_makes_the_difference(pair: tuple[str, str], runs: Path, tuning: Command) -> None:
    options = [*pair, "--seeds", "6", "--root", str(runs)]
    code, out, err = tuning("ablate", *options, "--json", hire=legs_by_hand.ByHand())
    found = json.loads(out)
    assert (code, found["cause"], found["minimal"]) == (0, ["learning_rate"], ["learning_rate"])
    assert {"a", "b", "path", "minimal", "cause"} <= found.keys()
    assert set(found["path"][0]) == {"fields", "difference", "low", "high"}
    assert found["path"][0]["low"] > 0.005
    assert set(found["path"][1]["fields"]) == {"max_norm", "baseline", "normalise_advantages"}
    assert found["a"]["score"] == pytest.approx(-0.0099, abs=0.01)
    assert "4 changes, at most 12 configurations" in err
    study = sweeps.opened(runs)
    assert study.name == "slow-ablate-1"
    configurations = study.attributes.configurations
    assert len(configurations) == len(study.records.plans()) == 10
    assert all(each.seeds == configurations[0].seeds for each in configurations)
    assert all(seed >= SEARCH_SEEDS for seed in configurations[0].seeds), "no search has used them"
    sweeps.assert_sound(study, 10)
    shown = tuning("show", "--root", str(runs))[1]
    assert "What makes the difference of +0.0089: learning_rate" in shown, "it says again what it found"
    assert shown == tuning("resume", "--root", str(runs), hire=nobody)[1]
    assert json.loads(tuning("show", "--root", str(runs), "--json")[1])["counts"]["complete"] == 10
    drawn = study_page.plots(material(study))[0]
    assert (drawn.name, drawn.sentence) == ("ablation", "What makes the difference: learning_rate.")
    assert list(drawn.figure.data[0].x) == ["A", "learning_rate", ",<br>".join(found["path"][1]["fields"]), "B"]
    assert drawn.figure.data[0].base[1] == pytest.approx(found["a"]["score"])
    assert drawn.figure.data[0].y[1] == pytest.approx(found["path"][0]["difference"])


def test_two_that_are_alike_have_no_cause(pair: tuple[str, str], runs: Path, tuning: Command, tmp_path: Path) -> None:
    other = written(tmp_path, "other", default={"learning_rate": 0.0001, "baseline": "none"})
    options = ["ablate", pair[0], other, "--seeds", "6", "--root", str(runs)]
    code, out, _ = tuning(*options, hire=legs_by_hand.ByHand())
    assert code == 0
    assert "No cause found: A and B can't be told apart (0" in out
    assert json.loads(tuning("resume", "--root", str(runs), "--json", hire=nobody)[1])["cause"] is None


def test_an_experiment_that_is_cut_off_goes_on_and_trains_nothing_twice(
    pair: tuple[str, str], runs: Path, tuning: Command
) -> None:
    options = ["ablate", *pair, "--seeds", "6", "--root", str(runs)]
    code, _, err = tuning(*options, hire=legs_by_hand.ByHand(legs=3))
    assert code == 130
    assert "`tuning resume slow-ablate-1` goes on" in err
    ended = sweeps.opened(runs).records.ends()
    assert 0 < len(ended) < 10
    hire = legs_by_hand.ByHand()
    code, out, _ = tuning("resume", "slow-ablate-1", "--root", str(runs), "--json", hire=hire)
    assert code == 0
    assert {number: sweeps.opened(runs).records.ends()[number] for number in ended} == ended
    assert json.loads(out)["cause"] == ["learning_rate"]
    sweeps.assert_sound(sweeps.opened(runs), 10)
    code, _, err = tuning("resume", "slow-ablate-1", "--trials", "20", "--root", str(runs))
    assert (code, "goes on as it was begun" in err) == (2, True)


def test_train_is_a_study_of_its_own(runs: Path, tuning: Command, tmp_path: Path) -> None:
    path = written(tmp_path, "few", trials=3, tracking="mlflow")
    tuning("run", path, "--root", str(runs), hire=legs_by_hand.ByHand(trains=True))
    options = ["--trial", "2", "--budget", "300", "--seeds", "3", "--root", str(runs), "--json"]
    code, out, err = tuning("train", "few-1", *options, hire=legs_by_hand.ByHand(trains=True))
    assert code == 0, err
    found = json.loads(out)
    assert (found["name"], found["member_steps"], len(found["trials"])) == ("few-train-1", 900, 1)
    assert found["low"] <= found["score"] <= found["high"]
    study, before = sweeps.opened(runs), sweeps.opened(runs, "few-1")
    assert study.records.plans()[0].values == before.records.plans()[2].values
    assert [member.score is not None for member in study.records.members(0)] == [True] * 3
    assert_told(study)
    told = Runs(study)
    run = told.of_trial[0]
    assert run.data.metrics["score"] == pytest.approx(found["score"])
    assert run.data.tags["lockstep.experiment"] == "train"
    # A run stands for its trial, also where its study is not to be found.
    for root in (runs, tmp_path / "elsewhere"):
        if root != runs:
            root.mkdir()
            (root / "mlflow.db").symlink_to(runs / "mlflow.db")
        meant = subjects.found(run.info.run_id, Home.at(root), Home.at(root).storage_url)
        assert (meant.shown, meant.values) == ("trial 0 of few-train-1", study.records.plans()[0].values)
        assert (meant.study is None) == (root != runs)


def test_replay_gives_the_same_curve_to_the_last_bit(runs: Path, tuning: Command, tmp_path: Path) -> None:
    path = written(tmp_path, "few", trials=4, seeds=2, halving={"minimum": 100})
    tuning("run", path, "--root", str(runs), hire=legs_by_hand.ByHand(trains=True))
    code, out, err = tuning("replay", "few-1/default", "--root", str(runs), hire=legs_by_hand.ByHand(trains=True))
    assert code == 0, err
    assert out.count("the same curve, to the last bit, in all its 4 points") == 2
    options = ["few-1", "--trial", "0", "--seed", "1", "--root", str(runs), "--json"]
    found = json.loads(tuning("replay", *options, hire=legs_by_hand.ByHand(trains=True))[1])
    (training,) = found["trainings"]
    assert (found["same"], training["identical"], training["parts"]) == (True, True, None)
    assert training["seed"] == sweeps.opened(runs, "few-1").records.plans()[0].seeds[1]


def test_from_python(pair: tuple[str, str], runs: Path) -> None:
    found = face.ablate(*pair, seeds=6, root=runs, hire=legs_by_hand.ByHand())
    assert found.found.cause == ("learning_rate",)
    trained = face.train(pair[0], seeds=2, budget=100, root=runs, hire=legs_by_hand.ByHand(trains=True))
    assert trained.summary.sweep.budget == 100
    with pytest.raises(KeyboardInterrupt, match="tuning resume"):
        face.ablate(*pair, root=runs, hire=legs_by_hand.ByHand(legs=1))


def test_a_healthy_trial_is_not_touched(tmp_path: Path, tuning: Command) -> None:
    with tarfile.open(STORED) as archive:
        archive.extractall(tmp_path, filter="data")
    root = ["--root", str(tmp_path / "runs")]
    code, out, err = tuning("mend", "old-match-1", *root, hire=nobody)
    assert (code, out) == (2, "")
    assert err.startswith("nothing to mend: trial 3 of old-match-1 is healthy.")
    assert "old-match-mend-1" not in [each.name for each in face.studies(tmp_path / "runs")]


@pytest.mark.slow
def test_mend_proves_what_a_diagnosis_claims(tmp_path: Path, runs: Path, tuning: Command) -> None:
    """Learning that is too slow, by two figures, is mended by its rate; the file that it prints begins with that."""
    fixed = {**sweeps.TINY["fixed"], "reports": 10, "compile": "never"}
    path = written(tmp_path, "slow", budget=400, fixed=fixed, default={"learning_rate": 1e-3})
    options = [path, "--seeds", "6", "--root", str(runs), "--output", "mended.yaml", "--json"]
    code, out, err = tuning("mend", *options, hire=legs_by_hand.ByHand(trains=True))
    assert code == 0, err
    found = json.loads(out)
    assert set(found) == {"original", "patches", "mended"}
    assert set(found["original"]) == {"score", "low", "high", "diverged"}
    keys = {"verdict", "patch", "score", "low", "high", "beats_original", "proved"}
    assert all(set(patch) == keys for patch in found["patches"])
    assert any(patch["proved"] and "learning_rate" in patch["patch"] for patch in found["patches"])
    assert found["mended"]["low"] > found["original"]["high"]
    rate = found["mended"]["config"]["learning_rate"]
    assert rate > 1e-3
    mended = Sweep.load("mended.yaml")
    assert mended.config().model_dump()["learning_rate"] == rate
    study = sweeps.opened(runs)
    seeds = {tuple(each.seeds) for each in study.attributes.configurations}
    assert len(seeds) == 2, "what is told of the mended one is of seeds that have chosen nothing"
    assert len({seed for several in seeds for seed in several}) == 12
    assert "proved" in tuning("show", "--root", str(runs))[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mend", "nothing"], "'nothing': should be a study, study/12, study/leader"),
        (["mend", "few-1", "--trial", "9"], "'few-1' has no trial 9; it has 1, from 0 on"),
        (["mend", "few-1/9"], "'few-1' has no trial 9; it has 1, from 0 on"),
        (["mend", "few-1/best"], "few-1/best: should be few-1/12, its /leader or its /default"),
        (["mend", "few.yaml", "--trial", "1"], "--trial 1 is one of a study's, and 'few.yaml' is no study"),
        (["mend", "few-1", "--output", "few.yaml"], "--output: few.yaml is there already"),
        (["ablate", "few-1", "few.yaml"], "do not differ in anything that is learnt with"),
        (["ablate", "few-1", "cartpole-dqn"], "can't be compared: loop: reinforce and dqn"),
        (["ablate", "few-1", "number-match", "--set", "trials=0"], "trials: should be at least 1, is 0"),
        (["train", "few.yaml", "--budget", "3"], "budget: should be at least 4, the number of reports, is 3"),
        (["replay", "few-1"], "trial 0 of 'few-1' has no checkpoint"),
        (["replay", "few.yaml"], "should be a trial of a study that is here"),
        (["replay", "few-1", "--seed", "7"], "should be one of them, is 7"),
        (["train", "0123456789abcdef0123456789abcdef"], "run 0123456789abcdef0123456789abcdef"),
    ],
)
def test_what_can_not_be_done_is_said_before_anything_starts(
    arguments: list[str], message: str, few: Path, tuning: Command, tmp_path: Path
) -> None:
    written(tmp_path, "few", trials=1)
    code, _, err = tuning(*arguments, "--root", str(few), hire=nobody)
    assert (code, message in err) == (2, True), err
    assert [study.name for study in face.studies(few)] == ["few-1"]
