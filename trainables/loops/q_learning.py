"""Q-learning as pure functions of one member's network: the greedy policy, the targets, the loss.

Time is in the names: in the state s_tm1 the action a_tm1 is taken, which leads to the reward r_t and the state s_t.
discount_t is gamma, or 0 where s_t is terminal.

Axis letters: M members, E episodes side by side, B batch, F features.
"""

from collections.abc import Callable

from torch import Tensor
from torch.func import vmap
from torch.nn.functional import huber_loss, mse_loss

from trainables.base.member_axis import Tensors
from trainables.compilation.rebuildable import rebuildable
from trainables.loops import replay
from trainables.networks import networks
from trainables.networks.specs import Spec


@rebuildable
def packed_greedy(spec: Spec) -> Callable[[Tensors, Tensor], Tensor]:
    """The greedy policy of a pack: (parameters, observations (M, E, F)) -> the actions of the highest value (M, E)."""
    q = networks.function(spec)

    def greedy(parameters: Tensors, observations: Tensor) -> Tensor:
        return q(parameters, observations).argmax(-1)

    packed: Callable[[Tensors, Tensor], Tensor] = vmap(greedy)
    return packed


def bootstrapped(
    spec: Spec, double: bool, target_network: bool
) -> Callable[[Tensors, Tensors, Tensors, Tensor], tuple[Tensor, Tensor]]:
    """Of one member: (parameters, numbers, target, transitions (B, 2F + 3)) -> Q(s_tm1, a_tm1) and y (B,).

    spec: the network Q.
    double: whether Q chooses the action that Q_target values.
    target_network: whether there is a Q_target; else it is Q itself.
    """
    q = networks.function(spec)

    def told(parameters: Tensors, numbers: Tensors, target: Tensors, transitions: Tensor) -> tuple[Tensor, Tensor]:
        s_tm1, s_t, a_tm1, r_t, discount_t = replay.split(transitions, spec.inputs)
        q_tm1 = q(parameters, s_tm1).gather(1, a_tm1[:, None]).squeeze(1)
        q_target_t = q(target if target_network else parameters, s_t)
        if double and target_network:
            a_t = q(parameters, s_t).argmax(1, keepdim=True)
            v_t = q_target_t.gather(1, a_t).squeeze(1)
        else:
            v_t = q_target_t.amax(1)
        return q_tm1, (numbers["reward_scale"] * r_t + discount_t * v_t).detach()

    return told


@rebuildable
def make_loss(
    spec: Spec, kind: str, reduction: str = "mean", double: bool = False, target_network: bool = True
) -> Callable[..., tuple[Tensor, Tensors]]:
    """The loss of one member: of the temporal-difference errors delta = y - Q(s_tm1, a_tm1) of a batch.

    DQN (Mnih et al., 2015, equation 2):
        y = r_t + discount_t max_a Q_target(s_t, a)
    Double DQN (van Hasselt, Guez and Silver, 2016, equation 4):
        y = r_t + discount_t Q_target(s_t, argmax_a Q(s_t, a))

    Over n steps, r_t is the sum of their discounted rewards, s_t the state after them, and discount_t gamma^n. An
    episode that is truncated has no terminal state, so its last transition bootstraps like any other.

    spec: the network Q.
    kind: of the loss of an error: huber, |delta| - 1/2 beyond 1 and delta^2 / 2 within (Huber, 1964), or squared,
    delta^2.
    reduction: of the losses of a batch, mean or sum.
    double, target_network: as `bootstrapped` takes them.
    """
    told = bootstrapped(spec, double, target_network)
    loss_of = huber_loss if kind == "huber" else mse_loss

    def loss(
        parameters: Tensors,
        numbers: Tensors,
        target: Tensors,
        rows: Tensor,
        indices: Tensor,
        weights: Tensor | None = None,
    ) -> tuple[Tensor, Tensors]:
        """The loss, and what it shows: the mean value, and the errors (B,) if there are weights.

        parameters: of Q.
        numbers: settings; here reward_scale, a factor of r_t.
        target: parameters of Q_target; empty without one.
        rows: (capacity, 2F + 3), the replay memory.
        indices: (B,), the rows of the batch.
        weights: (B,), of the losses.
        """
        q_tm1, y = told(parameters, numbers, target, rows[indices])
        if weights is None:
            return loss_of(q_tm1, y, reduction=reduction), {"value_mean": q_tm1.mean()}
        losses = weights * loss_of(q_tm1, y, reduction="none")
        total = losses.mean() if reduction == "mean" else losses.sum()
        return total, {"value_mean": q_tm1.mean(), "errors": y - q_tm1.detach()}

    return loss
