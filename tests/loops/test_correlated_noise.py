"""Noise that pushes one way for a while: by hand, by its statistics, and in a pack."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import ndtr, ndtri

from trainables.loops.correlated_noise import CorrelatedNoise
from trainables.loops.reinforce import ReinforceConfig, ReinforceLoop

CPU = torch.device("cpu")


def series(correlations: list[float], steps: int, places: int) -> np.ndarray[Any, Any]:
    """Normal numbers (steps, M, places), as the noise has them."""
    drawn, noise = np.random.default_rng(0), CorrelatedNoise(correlations)
    return np.stack([ndtri(noise.of(drawn.random((len(correlations), places)))) for _ in range(steps)])


def test_two_steps_by_hand() -> None:
    noise = CorrelatedNoise([0.6])
    assert ndtri(noise.of(ndtr([[1.0]]))) == pytest.approx(np.array([[1.0]]))
    assert ndtri(noise.of(ndtr([[-2.0]]))) == pytest.approx(np.array([[0.6 * 1.0 + 0.8 * -2.0]]))


def test_it_is_normal_at_each_step_and_correlated_as_asked() -> None:
    values = series([0.5, 0.9], steps=60, places=20_000)
    for step in (0, 1, 59):
        np.testing.assert_allclose(values[step].mean(1), 0, atol=0.03)
        np.testing.assert_allclose(values[step].std(1), 1, atol=0.03)
    for member, c in enumerate((0.5, 0.9)):
        assert np.corrcoef(values[-1, member], values[-2, member])[0, 1] == pytest.approx(c, abs=0.02)
        assert np.corrcoef(values[-1, member], values[-4, member])[0, 1] == pytest.approx(c**3, abs=0.03)


def test_without_correlation_nothing_is_changed() -> None:
    uniforms = np.random.default_rng(0).random((2, 3))
    assert CorrelatedNoise([0.0, 0.0]).of(uniforms) is uniforms
    np.testing.assert_array_equal(CorrelatedNoise([0.0, 0.9]).of(uniforms)[0], uniforms[0])


def test_bounds_of_uniform_numbers_are_no_end_of_it() -> None:
    noise = CorrelatedNoise([0.9])
    for uniforms in ([[0.0, 1 - 2**-53]], [[1 - 2**-53, 0.0]]):
        assert np.isfinite(ndtri(noise.of(np.array(uniforms)))).all()


def test_each_member_of_a_pack_has_its_own_and_trains_as_alone() -> None:
    fields: dict[str, Any] = {
        "environment": "Pendulum-v1",
        "environment_args": {"max_episode_steps": 20},
        "budget": 240,
        "batch_size": 2,
        "hidden": [8],
        "evaluation_episodes": 1,
        "reports": 2,
        "compile": "never",
    }
    configs = [ReinforceConfig(**fields, seed=3, noise_correlation=c) for c in (0.0, 0.5, 0.95)]
    together = ReinforceLoop(configs, CPU).train(240)
    returns = []
    for config, packed in zip(configs, together, strict=True):
        (alone,) = ReinforceLoop([config], CPU).train(240)
        returns.append(alone.points[-1][1]["train/return_mean"])
        assert packed.points[-1][1] == pytest.approx(alone.points[-1][1], rel=1e-4)
    assert len(set(returns)) == 3
