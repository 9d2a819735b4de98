"""The names under which people log their curves."""

import pytest

from tuning.diagnosis.columns import Column, UnknownCurve, matched, step_column


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["epoch", "loss", "val_loss"], {"train/loss": "loss", "validation/loss": "val_loss"}),
        (
            ["epoch", "lr-Adam", "step", "train_loss_epoch", "val_loss"],
            {"train/loss": "train_loss_epoch", "validation/loss": "val_loss", "train/learning_rate": "lr-Adam"},
        ),
        (
            ["rollout/ep_rew_mean", "train/loss", "rollout/exploration_rate", "time/total_timesteps"],
            {
                "evaluation/return_mean": "rollout/ep_rew_mean",
                "train/loss": "train/loss",
                "train/epsilon": "rollout/exploration_rate",
            },
        ),
        (["Train Loss", "Grad Norm"], {"train/loss": "Train Loss", "train/gradient_norm": "Grad Norm"}),
        (["temperature"], {}),
    ],
)
def test_usual_names(columns: list[str], expected: dict[str, str]) -> None:
    assert {name: column.name for name, column in matched(columns).items()} == expected


def test_the_loss_of_the_entropy_is_the_entropy_with_its_sign_turned() -> None:
    assert matched(["train/entropy_loss"]) == {"train/entropy": Column("train/entropy_loss", -1.0)}


def test_a_name_may_be_given() -> None:
    assert matched(["error"], {"loss": "error", "grad_norm": "g"}) == {
        "train/loss": Column("error"),
        "train/gradient_norm": Column("g"),
    }
    with pytest.raises(UnknownCurve, match="speed: should be one of train/loss"):
        matched(["error"], {"speed": "error"})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["epoch", "step", "loss"], "step"),
        (["Epoch", "loss"], "Epoch"),
        (["time/total_timesteps"], "time/total_timesteps"),
    ],
)
def test_what_counts(columns: list[str], expected: str) -> None:
    assert step_column(columns) == expected


def test_nothing_may_count() -> None:
    assert step_column(["loss"]) is None
