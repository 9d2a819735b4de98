"""What Ray Tune keeps of a leg that has ended."""

import pickle

from ray.tune.experiment import Trial

from tuning.workers.ended_legs import EndedLegs


def test_of_an_ended_leg_nothing_stays_that_grows_with_its_members() -> None:
    members = [{"learning_rate": 0.001 * number, "folder": f"/folder/{number}"} for number in range(100)]
    config = {"members": members, "until": 100, "leg": "leg-00000"}
    trial = Trial("PPO", stub=True, config=config, evaluated_params=config)
    trial.update_last_result({"members": [{"points": [[1, {"loss": 0.1}]]} for _ in members], "training_iteration": 1})
    assert all(b"members" in kept for kept in _kept(trial))
    EndedLegs().on_trial_complete(1, [trial], trial)
    assert not trial.config
    assert trial.last_result == {"trial_id": trial.trial_id, "done": True}
    assert not any(b"members" in kept or b"folder" in kept for kept in _kept(trial))


def _kept(trial: Trial) -> list[bytes]:
    return [*(state.encode() for state in trial.get_json_state()), pickle.dumps(vars(trial.run_metadata))]
