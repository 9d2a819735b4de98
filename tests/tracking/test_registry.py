"""The registry: a version a network, and aliases that move where more is known; against an MLflow of SQLite."""

from dataclasses import replace
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient
from tracked import client_of

from tuning.rules.succession import Claim
from tuning.tracking.registry import Entry, Registry, Standing

NAME = "cartpole-dqn"


class Kept:
    """An MLflow with an experiment, in which studies register."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        self.client: MlflowClient = client_of(root)
        self.experiment = self.client.create_experiment(NAME, artifact_location=(root / "artifacts").as_uri())
        self.registry = Registry(self.client)

    def entry(self, standing: Standing, worse_end: float | None, study: str = "one", trial: int = 3) -> Entry:
        run = self.client.create_run(self.experiment)
        model = self.client.create_logged_model(self.experiment, f"{study}-{trial}", run.info.run_id)
        claim = Claim(f"key of {study}", "return of CartPole-v1", worse_end, 1.0)
        return Entry(NAME, study, trial, model, standing, claim, "maximize", f"trial {trial} of {study}")

    def aliases(self) -> dict[str, int]:
        return {alias: int(number) for alias, number in self.client.get_registered_model(NAME).aliases.items()}

    def versions(self) -> int:
        return len(self.client.search_model_versions(f"name = '{NAME}'"))


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "runs")


def test_the_first_has_the_alias(kept: Kept) -> None:
    entry = kept.entry("champion", 0.5)
    found = kept.registry.register(entry)
    assert found.address == "models:/cartpole-dqn@champion"
    assert found.news == ["models:/cartpole-dqn@champion is trial 3 of one (version 1)"]
    assert kept.aliases() == {"champion": 1}
    version = kept.client.get_model_version_by_alias(NAME, "champion")
    assert version.run_id == entry.model.source_run_id
    assert (version.source, version.description) == (entry.model.artifact_location, "trial 3 of one")
    assert "What the sweep cartpole-dqn has found" in kept.client.get_registered_model(NAME).description


def test_told_again_nothing_is_registered_twice(kept: Kept) -> None:
    entry = kept.entry("champion", 0.5)
    kept.registry.register(entry)
    again = kept.registry.register(entry)
    assert (again.address, again.news, kept.versions()) == ("models:/cartpole-dqn@champion", [], 1)


def test_one_that_was_cut_off_after_its_version_was_made_is_finished(kept: Kept) -> None:
    entry = kept.entry("champion", 0.5)
    kept.client.create_registered_model(NAME)
    kept.client.create_model_version(
        NAME, entry.model.artifact_location, entry.model.source_run_id, entry.tags, model_id=entry.model.model_id
    )
    kept.registry.register(entry)
    assert (kept.aliases(), kept.versions()) == ({"champion": 1}, 1)


@pytest.mark.parametrize(
    ("worse_end", "holder", "said"),
    [
        (0.6, 2, "is trial 5 of two (version 2), and no longer version 1: its interval's worse end is 0.6, there 0.5"),
        (0.4, 1, "stays with version 1, and is not trial 5 of two (version 2): its interval's worse end is 0.4, there"),
    ],
)
def test_a_later_study_takes_the_alias_where_its_interval_is_better(
    kept: Kept, worse_end: float, holder: int, said: str
) -> None:
    kept.registry.register(kept.entry("champion", 0.5))
    found = kept.registry.register(kept.entry("champion", worse_end, "two", 5))
    assert kept.aliases() == {"champion": holder}
    assert len(found.news) == 1
    assert found.news[0].startswith(f"models:/cartpole-dqn@champion {said}")
    assert found.address == ("models:/cartpole-dqn@champion" if holder == 2 else "models:/cartpole-dqn/2")


def test_a_study_that_has_found_a_champion_is_no_candidate_any_more(kept: Kept) -> None:
    kept.registry.register(kept.entry("candidate", None))
    kept.registry.register(kept.entry("champion", 0.5, trial=7))
    assert kept.aliases() == {"champion": 2}


def test_an_alias_that_is_lost_goes_to_the_best_of_the_others(kept: Kept) -> None:
    kept.registry.register(kept.entry("champion", 0.4))
    kept.registry.register(kept.entry("champion", 0.6, "two"))
    kept.registry.register(kept.entry("champion", 0.5, "three"))
    assert kept.aliases() == {"champion": 2}
    # More seeds say otherwise.
    kept.registry.register(kept.entry("candidate", 0.3, "two"))
    assert kept.aliases() == {"champion": 3, "candidate": 4}


def test_an_alias_that_a_person_has_given_stays(kept: Kept) -> None:
    own = kept.entry("champion", 0.5)
    kept.client.create_registered_model(NAME)
    kept.client.create_model_version(NAME, own.model.artifact_location)
    kept.client.set_registered_model_alias(NAME, "champion", "1")
    found = kept.registry.register(own)
    assert kept.aliases() == {"champion": 1}
    assert found.news == ["models:/cartpole-dqn@champion stays with version 1, and is not trial 3 of one (version 2)"]


def test_what_is_scored_by_something_else_is_not_compared(kept: Kept) -> None:
    kept.registry.register(kept.entry("champion", 0.5))
    other = kept.entry("champion", 9.0, "two")
    found = kept.registry.register(replace(other, claim=replace(other.claim, measure="loss of points.csv")))
    assert kept.aliases() == {"champion": 1}
    assert found.news[0].endswith("one is scored by loss of points.csv, the other by return of CartPole-v1")
