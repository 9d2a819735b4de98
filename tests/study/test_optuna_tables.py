"""Optuna's tables written a batch at a time: what Optuna reads back is what it would have written itself."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Thread

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuning.study.catalogue import storage
from tuning.study.optuna_tables import AlreadyEnded, Tables

STUDY = "of-ours"
DISTRIBUTIONS = {
    "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
    "momentum": FloatDistribution(0.0, 1.0),
    "layers": IntDistribution(1, 5),
    "batch_size": CategoricalDistribution((32, 64, 128)),
    "baseline": CategoricalDistribution(("none", "value")),
}
PARAMS = {"learning_rate": 0.0123456789, "momentum": 1 / 3, "layers": 3, "batch_size": 64, "baseline": "value"}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[RDBStorage]:
    made = storage(f"sqlite:///{tmp_path / 'studies.db'}")
    optuna.create_study(study_name="another", storage=made).ask()
    optuna.create_study(study_name=STUDY, storage=made)
    yield made
    made.engine.dispose()


def tables(kept: RDBStorage) -> Tables:
    return Tables(kept.engine, kept.get_study_id_from_name(STUDY))


def asked(number: int) -> FrozenTrial:
    trial = create_trial(
        state=TrialState.RUNNING,
        params=PARAMS,
        distributions=DISTRIBUTIONS,
        user_attrs={"plan": {"seeds": [1, 2]}},
        system_attrs={"fixed_params": {"layers": 3}},
    )
    trial.number, trial.datetime_start = number, datetime.now()
    return trial


def trials(kept: RDBStorage, name: str = STUDY) -> list[FrozenTrial]:
    return optuna.load_study(study_name=name, storage=RDBStorage(str(kept.engine.url))).trials


def test_optuna_reads_what_it_would_have_written_itself(kept: RDBStorage) -> None:
    theirs = optuna.create_study(study_name="theirs", storage=kept)
    ours, trial = tables(kept), asked(0)
    with ours.at_once():
        ours.begin(trial)
        ours.set_attribute(0, "result", {"members": []})
        ours.end(0, TrialState.COMPLETE, [0.1 + 0.2], {20: -1.5, 60: 1e300})
    theirs.add_trial(trial)
    number = kept.get_trial_id_from_study_id_trial_number(kept.get_study_id_from_name("theirs"), 0)
    kept.set_trial_user_attr(number, "result", {"members": []})
    for step, value in {20: -1.5, 60: 1e300}.items():
        kept.set_trial_intermediate_value(number, step, value)
    kept.set_trial_state_values(number, TrialState.COMPLETE, [0.1 + 0.2])

    (made,), (expected,) = trials(kept), trials(kept, "theirs")
    for what in ("number", "state", "values", "params", "distributions", "intermediate_values"):
        assert getattr(made, what) == getattr(expected, what)
    assert made.user_attrs == expected.user_attrs
    assert made.system_attrs == expected.system_attrs
    assert made.datetime_start == trial.datetime_start
    assert made.datetime_complete is not None
    assert expected.datetime_complete is not None
    assert abs((made.datetime_complete - expected.datetime_complete).total_seconds()) < 600


def test_all_of_a_batch_is_written_at_its_end_or_none_of_it(kept: RDBStorage) -> None:
    ours = tables(kept)

    def interrupted() -> None:
        with ours.at_once():
            ours.begin(asked(0))
            ours.set_study_attribute("leg", 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert trials(kept) == []
    with ours.at_once():
        ours.begin(asked(0))
        with ours.at_once():
            ours.begin(asked(1))
        assert trials(kept) == []
    assert [trial.number for trial in trials(kept)] == [0, 1]
    assert "leg" not in optuna.load_study(study_name=STUDY, storage=kept).user_attrs


def test_what_the_database_refuses_takes_the_rest_of_its_batch_with_it(kept: RDBStorage) -> None:
    ours = tables(kept)
    ours.begin(asked(0))
    ours.end(0, TrialState.PRUNED, [], {20: 1.0})

    def end_again() -> None:
        with ours.at_once():
            ours.begin(asked(1))
            ours.end(0, TrialState.COMPLETE, [1.0], {})

    with pytest.raises(AlreadyEnded, match="ended already: 0;"):
        end_again()
    (trial,) = trials(kept)
    assert (trial.state, trial.values, trial.intermediate_values) == (TrialState.PRUNED, None, {20: 1.0})


def test_attributes_are_replaced(kept: RDBStorage) -> None:
    ours = tables(kept)
    ours.begin(asked(0))
    for value in ("first", ["second", 2]):
        ours.set_attribute(0, "result", value)
        ours.set_study_attribute("leg", value)
    assert trials(kept)[0].user_attrs["result"] == ["second", 2]
    assert optuna.load_study(study_name=STUDY, storage=kept).user_attrs == {"leg": ["second", 2]}


def test_a_trial_of_an_earlier_process_is_found_and_another_study_is_left_alone(kept: RDBStorage) -> None:
    tables(kept).begin(asked(0))
    again = tables(kept)
    again.set_state(0, TrialState.WAITING)
    assert [trial.state for trial in trials(kept)] == [TrialState.WAITING]
    again.set_state(0, TrialState.RUNNING)
    again.end(0, TrialState.FAIL, [], {})
    assert [trial.state for trial in trials(kept)] == [TrialState.FAIL]
    assert [trial.state for trial in trials(kept, "another")] == [TrialState.RUNNING]


def test_each_thread_has_a_batch_of_its_own(kept: RDBStorage) -> None:
    ours = tables(kept)

    def write() -> None:
        ours.set_study_attribute("run", "of another thread")

    with ours.at_once():
        ours.begin(asked(0))
        other = Thread(target=write)
        other.start()
        other.join()
        assert optuna.load_study(study_name=STUDY, storage=kept).user_attrs == {"run": "of another thread"}
        assert trials(kept) == []
    assert len(trials(kept)) == 1
