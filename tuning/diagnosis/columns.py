"""What people call the curves of their trainings, in the platform's words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tuning.diagnosis.training import CLIPPED, ENTROPY, EPSILON, LOSS, NORM, RATE, RETURN, VALIDATION, VALUE

ACCURACY = "validation/accuracy"

STEPS = (
    "step", "steps", "global_step", "epoch", "epochs", "iteration", "timesteps", "total_timesteps",
    "time_total_timesteps", "num_timesteps", "env_steps", "training_iteration",
)  # fmt: skip
"""Of the column that counts, the finest first: where there are both, epochs are left out."""

_KNOWN: dict[str, tuple[str, ...]] = {
    LOSS: ("loss", "train_loss", "training_loss", "loss_train", "train_loss_epoch", "train_epoch_loss", "trainloss"),
    VALIDATION: (
        "val_loss", "valid_loss", "validation_loss", "val_loss_epoch", "validation_loss_epoch", "test_loss",
        "eval_loss", "loss_val", "valloss",
    ),
    ACCURACY: ("val_accuracy", "val_acc", "valid_accuracy", "validation_accuracy", "test_accuracy", "eval_accuracy"),
    RATE: ("lr", "learning_rate", "train_lr", "train_learning_rate", "lr_adam", "lr_sgd", "lr_adamw", "optimizer_lr"),
    NORM: ("grad_norm", "gradient_norm", "train_grad_norm", "train_gradient_norm", "total_grad_norm"),
    CLIPPED: ("clipped_share", "train_clipped_share", "clip_fraction_of_gradients"),
    RETURN: (
        "return", "returns", "reward", "rewards", "mean_reward", "episode_reward", "episode_return", "ep_rew_mean",
        "rollout_ep_rew_mean", "eval_mean_reward", "eval_return", "evaluation_return_mean", "episode_reward_mean",
        "episode_return_mean", "return_mean", "avg_reward", "average_reward", "score", "charts_episodic_return",
    ),
    ENTROPY: ("entropy", "policy_entropy", "train_entropy", "losses_entropy"),
    VALUE: ("value_mean", "q_mean", "mean_q", "q_values", "losses_q_values", "train_value_mean"),
    EPSILON: ("epsilon", "eps", "exploration_rate", "rollout_exploration_rate", "train_epsilon"),
}  # fmt: skip

_TURNED = {"entropy_loss": ENTROPY, "train_entropy_loss": ENTROPY}
"""Curves that some write with their sign turned: Stable-Baselines3 logs the entropy's part of the loss."""


@dataclass(frozen=True)
class Column:
    """A column that is read as a curve; factor: what its values are multiplied by."""

    name: str
    factor: float = 1.0


class UnknownCurve(ValueError):
    """A curve was asked for under a name that the platform does not have; the message lists those that it has."""


def matched(columns: Iterable[str], given: Mapping[str, str] | None = None) -> dict[str, Column]:
    """The curves that there are, by the platform's names.

    columns: of a table, or the metrics of a run.
    given: of a curve, which column it is, where the usual names do not tell; the curve may be called by any name that
        is known here.
    Raises UnknownCurve.
    """
    columns, found = list(columns), dict[str, Column]()
    for column in columns:
        plain = _plain(column)
        for name, others in _KNOWN.items():
            if name not in found and (column == name or plain in others):
                found[name] = Column(column)
        if (name := _TURNED.get(plain, "")) and name not in found:
            found[name] = Column(column, -1.0)
    for curve, column in (given or {}).items():
        found[_curve(curve)] = Column(column)
    return found


def step_column(columns: Iterable[str]) -> str | None:
    """The column that counts; None if there is none."""
    plain = {_plain(column): column for column in columns}
    return next((plain[name] for name in STEPS if name in plain), None)


def _curve(name: str) -> str:
    plain = _plain(name)
    for known, others in _KNOWN.items():
        if name == known or plain in others:
            return known
    raise UnknownCurve(f"{name}: should be one of {', '.join(_KNOWN)}")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
