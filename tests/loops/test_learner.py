"""The learner: a pack equals separate plain torch loops, divergence stays with its member, the best is kept."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import mse_loss
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LinearLR, LRScheduler, StepLR

from trainables.base.report import Report
from trainables.loops.config import Config
from trainables.loops.learner import Learner
from trainables.networks import networks
from trainables.networks.specs import MLP
from trainables.optimisation.optimizers import Tensors

CPU = torch.device("cpu")
SPEC = MLP(3, 1, (8,), "tanh")
NETWORK = networks.function(SPEC)
UPDATES = 40


def regression(parameters: Tensors, numbers: Tensors, inputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensors]:
    outputs = NETWORK(parameters, inputs)
    return mse_loss(outputs, targets), {"output_mean": outputs.mean()}


def root(parameters: Tensors, numbers: Tensors, data: Tensor) -> tuple[Tensor, Tensors]:
    """sum(sqrt(data * w)), w from 1 on: not finite for data NaN, infinitely steep yet 0 for data 0."""
    return torch.sqrt(data * parameters["w"]).sum(), {}


def linear(parameters: Tensors, numbers: Tensors, data: Tensor) -> tuple[Tensor, Tensors]:
    """data . w, whose gradient is the data."""
    return (data * parameters["w"]).sum(), {}


def steep(parameters: Tensors, numbers: Tensors, data: Tensor) -> tuple[Tensor, Tensors]:
    """Always 0, with the data as its gradient."""
    return (data * (parameters["w"] - parameters["w"].detach())).sum(), {}


def learner(
    configs: Sequence[dict[str, Any]],
    loss: Callable[..., tuple[Tensor, Tensors]] = linear,
    parameters: Sequence[Tensors] | None = None,
    shown: Sequence[str] = (),
    maximize: bool = False,
) -> Learner:
    made = [Config(**({"budget": UPDATES, "optimizer": "sgd", "learning_rate": 1.0} | each)) for each in configs]
    return Learner(made, parameters or [{"w": torch.ones(2)} for _ in made], loss, shown, maximize, CPU)


def update(pack: Learner, at: int, *data: Tensor) -> None:
    pack.update(pack.clock(at / UPDATES, 1 / UPDATES, at), *data, compiled=False)


def reports(pack: Learner) -> list[Report]:
    members = len(pack.alive)
    return pack.reports(np.full(members, UPDATES), [[] for _ in range(members)])


class TestEqualToPlainTorch:
    """Members with settings of their own against as many loops that anyone would write."""

    # Low enough for none to oscillate: there, rounding grows with every update, and each processor rounds its own way.
    RATES = (0.03, 0.01, 0.03, 0.02, 0.01)
    MAX_NORMS = (None, 0.05, 0.3, 1e-3, 100.0)
    SCHEDULES: tuple[Any, ...] = ("fixed", "cosine", {"step": {"factor": 0.5, "every": 0.25}}, "exponential", "fixed")
    WARMUPS = (0.0, 0.0, 0.0, 0.0, 0.2)
    SCHEDULERS: tuple[Callable[[torch.optim.Optimizer], LRScheduler | None], ...] = (
        lambda optimizer: None,
        lambda optimizer: CosineAnnealingLR(optimizer, UPDATES),
        lambda optimizer: StepLR(optimizer, UPDATES // 4, 0.5),
        lambda optimizer: ExponentialLR(optimizer, 0.01 ** (1 / UPDATES)),
        lambda optimizer: LinearLR(optimizer, 1 / 8, total_iters=7),
    )

    @staticmethod
    def data(at: int, member: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(1_000 * member + at)
        inputs = torch.randn(16, 3, generator=generator)
        return inputs, inputs.sum(1, keepdim=True)

    def alone(self, member: int, make: Callable[..., torch.optim.Optimizer]) -> tuple[Tensors, list[float], float]:
        """The weights after training, the norms before clipping, and the last rate."""
        network, norms = SPEC.build(), []
        network.load_state_dict(networks.initial(SPEC, member))
        optimizer = make(network.parameters(), lr=self.RATES[member])
        scheduler = self.SCHEDULERS[member](optimizer)
        for at in range(UPDATES):
            inputs, targets = self.data(at, member)
            optimizer.zero_grad()
            mse_loss(network(inputs), targets).backward()
            limit = float("inf") if self.MAX_NORMS[member] is None else self.MAX_NORMS[member]
            norms.append(torch.nn.utils.clip_grad_norm_(network.parameters(), limit).item())
            rate = optimizer.param_groups[0]["lr"]
            optimizer.step()
            if scheduler:
                scheduler.step()
        return dict(network.state_dict()), norms, rate

    @pytest.mark.parametrize(
        ("optimizers", "makes"),
        [
            (
                [{"sgd": {"momentum": momentum}} for momentum in (0.0, 0.5, 0.9, 0.0, 0.9)],
                [
                    lambda *a, m=momentum, **k: torch.optim.SGD(*a, momentum=m, **k)
                    for momentum in (0.0, 0.5, 0.9, 0.0, 0.9)
                ],
            ),
            (
                [{"adam": {"beta1": beta1, "epsilon": 1e-6}} for beta1 in (0.9, 0.5, 0.0, 0.9, 0.8)],
                [
                    lambda *a, b=beta1, **k: torch.optim.Adam(*a, betas=(b, 0.999), eps=1e-6, **k)
                    for beta1 in (0.9, 0.5, 0.0, 0.9, 0.8)
                ],
            ),
            (
                [{"adam": {"weight_decay": decay}} for decay in (0.0, 0.1, 0.01, 0.0, 1.0)],
                [
                    lambda *a, d=decay, **k: torch.optim.Adam(*a, weight_decay=d, **k)
                    for decay in (0.0, 0.1, 0.01, 0.0, 1.0)
                ],
            ),
            (
                [{"adamw": {"weight_decay": decay}} for decay in (0.0, 0.1, 0.01, 0.0, 1.0)],
                [
                    lambda *a, d=decay, **k: torch.optim.AdamW(*a, weight_decay=d, **k)
                    for decay in (0.0, 0.1, 0.01, 0.0, 1.0)
                ],
            ),
            (
                [{"rmsprop": {"centered": centered, "epsilon": 0.1}} for centered in (True, False, True, True, False)],
                [
                    lambda *a, c=centered, **k: torch.optim.RMSprop(*a, centered=c, eps=0.1, **k)
                    for centered in (True, False, True, True, False)
                ],
            ),
        ],
        ids=["sgd", "adam", "adam with decay", "adamw", "rmsprop"],
    )
    def test_members_with_settings_of_their_own(
        self, optimizers: list[dict[str, Any]], makes: list[Callable[..., torch.optim.Optimizer]]
    ) -> None:
        members = range(len(self.RATES))
        pack = learner(
            [
                {
                    "learning_rate": self.RATES[member],
                    "max_norm": self.MAX_NORMS[member],
                    "schedule": self.SCHEDULES[member],
                    "warmup": self.WARMUPS[member],
                    "optimizer": optimizers[member],
                }
                for member in members
            ],
            regression,
            [networks.initial(SPEC, member) for member in members],
            shown=["output_mean"],
        )
        for at in range(UPDATES):
            drawn = [self.data(at, member) for member in members]
            update(pack, at, *(torch.stack([each[part] for each in drawn]) for part in (0, 1)))

        figures = pack.take_figures()
        for member in members:
            expected, norms, rate = self.alone(member, makes[member])
            found = {name: tensor[member] for name, tensor in pack.parameters.items()}
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
            limit = self.MAX_NORMS[member] or float("inf")
            assert figures[member]["train/gradient_norm"] == pytest.approx(np.mean(norms), rel=1e-4)
            assert figures[member]["train/clipped_share"] == pytest.approx(np.mean([norm > limit for norm in norms]))
            assert figures[member]["train/learning_rate"] == pytest.approx(rate, rel=1e-4)
        shares = [each["train/clipped_share"] for each in figures]
        assert shares[0] == shares[4] == 0
        assert shares[3] == 1


def test_clipped_then_stepped() -> None:
    # Gradient (3, 4) of norm 5, clipped to (0.6, 0.8); a momentum of 0.5 gathers the clipped one.
    pack = learner([{"max_norm": 1.0, "learning_rate": 0.1, "optimizer": {"sgd": {"momentum": 0.5}}}])
    for at in range(2):
        update(pack, at, torch.tensor([[3.0, 4.0]]))
    torch.testing.assert_close(pack.parameters["w"], torch.tensor([[1 - 0.06 * 2.5, 1 - 0.08 * 2.5]]))


def test_figures_are_means_since_they_were_taken_last_and_the_rate_is_the_latest() -> None:
    pack = learner([{"max_norm": 4.0, "learning_rate": 0.1, "schedule": {"step": {"every": 0.025}}}])
    for at, gradient in enumerate([[3.0, 0.0], [0.0, 5.0], [0.0, 4.0]]):
        update(pack, at, torch.tensor([gradient]))
    (first,) = pack.take_figures()
    assert first["train/gradient_norm"] == pytest.approx(4.0)
    assert first["train/clipped_share"] == pytest.approx(1 / 3)  # at the limit is not above it
    assert first["train/learning_rate"] == pytest.approx(0.025)
    update(pack, 3, torch.tensor([[1.0, 0.0]]))
    (second,) = pack.take_figures()
    assert second["train/gradient_norm"] == pytest.approx(1.0)
    assert second["train/clipped_share"] == 0
    assert second["train/learning_rate"] == pytest.approx(0.0125)


def test_without_an_update_there_is_nothing_to_show() -> None:
    assert learner([{}]).take_figures() == [{}]


def test_a_member_that_is_not_active_stays_as_it_is() -> None:
    pack = learner([{"learning_rate": 0.1}, {"learning_rate": 0.1}])
    clock = pack.clock(0.0, 0.1, 0) | {"active": torch.tensor([True, False])}
    pack.update(clock, torch.ones(2, 2), compiled=False)
    torch.testing.assert_close(pack.parameters["w"], torch.tensor([[0.9, 0.9], [1.0, 1.0]]))
    assert [bool(figures) for figures in pack.take_figures()] == [True, False]
    assert pack.alive.tolist() == [True, True]


class TestDivergence:
    """Three members of which the middle one breaks, against the same three where it does not."""

    BREAKS_AT = 3

    @staticmethod
    def data(at: int, broken: float | None) -> Tensor:
        data = torch.rand(3, 2, generator=torch.Generator().manual_seed(at)) * 0.1 + 0.1
        if broken is not None and at == TestDivergence.BREAKS_AT:
            data[1, 0] = broken
        return data

    @pytest.mark.parametrize("optimizer", ["sgd", {"sgd": {"momentum": 0.9}}, "adam"])
    @pytest.mark.parametrize(
        ("loss", "broken", "reason"),
        [
            (root, float("nan"), "the loss is not finite"),
            (root, float("inf"), "the loss is not finite"),
            (root, -1.0, "the loss is not finite"),
            (root, 0.0, "the gradient is not finite"),
            (steep, 1e30, "the gradient is not finite"),  # its square is not
        ],
    )
    def test_by_loss_or_gradient(
        self, loss: Callable[..., tuple[Tensor, Tensors]], broken: float, reason: str, optimizer: Any
    ) -> None:
        self.frozen_there_and_then_and_the_others_never_notice(loss, broken, reason, optimizer, 1e-3)

    @pytest.mark.parametrize("optimizer", ["sgd", {"sgd": {"momentum": 0.9}}])
    def test_by_a_step_too_long(self, optimizer: Any) -> None:
        # 1e25 * 1e15 is more than a float32 holds. A step of Adam is as long as its rate, whatever the gradient.
        reason = "the weights are not finite"
        self.frozen_there_and_then_and_the_others_never_notice(steep, 1e15, reason, optimizer, 1e25)

    def frozen_there_and_then_and_the_others_never_notice(
        self, loss: Callable[..., tuple[Tensor, Tensors]], broken: float, reason: str, optimizer: Any, rate: float
    ) -> None:
        rates = (1e-3, rate, 1e-3)
        members = [{"learning_rate": rate, "optimizer": optimizer} for rate in rates]
        sound, hurt = learner(members, loss), learner(members, loss)
        frozen: list[Tensors] = []
        for at in range(10):
            if at == self.BREAKS_AT:
                frozen = [hurt.member(1)["learner"][part] for part in ("parameters", "optimizer")]
            update(sound, at, self.data(at, None))
            update(hurt, at, self.data(at, broken))

        for member in (0, 2):
            torch.testing.assert_close(hurt.member(member), sound.member(member), rtol=0, atol=0)
        now = hurt.member(1)["learner"]
        torch.testing.assert_close([now["parameters"], now["optimizer"]], frozen, rtol=0, atol=0)
        assert [report.diverged_at for report in reports(hurt)] == [None, self.BREAKS_AT, None]
        assert [report.reason for report in reports(hurt)] == [None, reason, None]
        assert [report.steps for report in reports(hurt)] == [UPDATES, self.BREAKS_AT, UPDATES]
        assert [report.reason for report in reports(sound)] == [None, None, None]

    def test_figures_leave_out_the_update_that_broke_and_all_after_it(self) -> None:
        pack = learner([{"learning_rate": 1e-3}], root)
        update(pack, 0, torch.tensor([[4.0, 4.0]]))
        for at in range(1, 4):
            update(pack, at, torch.tensor([[float("nan"), 4.0]]))
        assert pack.take_figures()[0]["train/loss"] == pytest.approx(4.0)
        assert pack.take_figures() == [{}]

    def test_at_the_very_first_update(self) -> None:
        pack = learner([{}], root)
        update(pack, 0, torch.tensor([[float("nan"), 1.0]]))
        (report,) = reports(pack)
        assert (report.diverged_at, report.steps, report.best) == (0, 0, None)
        assert torch.equal(pack.parameters["w"], torch.ones(1, 2))


class TestBest:
    """The weights of the best finite score of a member that has not diverged."""

    @pytest.mark.parametrize(
        ("maximize", "scores", "best", "at"),
        [
            (True, [1.0, 3.0, 2.0], 3.0, 1),
            (False, [3.0, 1.0, 2.0], 1.0, 1),
            (True, [2.0, 2.0], 2.0, 0),
            (True, [-5.0, -4.0], -4.0, 1),
            (True, [float("nan"), 1.0, float("nan")], 1.0, 1),
            (True, [float("inf"), 1.0], 1.0, 1),
            (True, [float("-inf"), -1e30], -1e30, 1),
            (False, [float("-inf"), 1.0, float("nan")], 1.0, 1),
            (False, [float("inf"), 2.0], 2.0, 1),
            (True, [float("nan")], None, None),
            (False, [float("inf")], None, None),
            (True, [], None, None),
        ],
    )
    def test_of_these_scores(self, maximize: bool, scores: list[float], best: float | None, at: int | None) -> None:
        pack = learner([{"learning_rate": 0.1}], maximize=maximize)
        for steps, score in enumerate(scores):
            pack.keep_best(torch.tensor([score]), torch.tensor([steps]))
            update(pack, steps, torch.tensor([[1.0, 0.0]]))
        (report,) = reports(pack)
        assert report.best == (None if best is None else pytest.approx(best))
        assert report.best_steps == at
        kept = pack.member(0)["best"]["parameters"]["w"]
        torch.testing.assert_close(kept, torch.tensor([1.0 - 0.1 * (at or 0), 1.0]))

    def test_each_member_has_its_own(self) -> None:
        pack = learner([{"learning_rate": 0.1}] * 2, maximize=True)
        for steps, scores in enumerate([[1.0, 5.0], [2.0, 4.0]]):
            pack.keep_best(torch.tensor(scores), torch.tensor([steps, steps]))
            update(pack, steps, torch.ones(2, 2))
        assert [(report.best, report.best_steps) for report in reports(pack)] == [(2.0, 1), (5.0, 0)]

    def test_a_diverged_member_is_never_the_best_afterwards(self) -> None:
        pack = learner([{"learning_rate": 1e-3}], root, maximize=True)
        pack.keep_best(torch.tensor([1.0]), torch.tensor([0]))
        update(pack, 1, torch.tensor([[float("nan"), 1.0]]))
        pack.keep_best(torch.tensor([2.0]), torch.tensor([2]))
        (report,) = reports(pack)
        assert (report.best, report.best_steps, report.diverged_at) == (1.0, 0, 1)


class TestPlateau:
    """The rate of a member whose score does not improve falls, and no other's."""

    SCHEDULES: tuple[Any, ...] = ({"plateau": {"patience": 1, "factor": 0.5}}, "fixed", {"plateau": {"patience": 0}})

    def rates(self, pack: Learner) -> list[float]:
        update(pack, 0, torch.ones(len(pack.alive), 2))
        return [figures["train/learning_rate"] for figures in pack.take_figures()]

    @pytest.mark.parametrize(("maximize", "better"), [(True, 1.0), (False, -1.0)])
    def test_by_the_score_of_each_member(self, maximize: bool, better: float) -> None:
        pack = learner([{"schedule": each} for each in self.SCHEDULES], maximize=maximize)
        shown = []
        for at, scores in enumerate([[1.0, 1.0, 1.0], [2.0, 0.0, 2.0], [1.0, 0.0, 3.0], [1.0, 0.0, 2.0]]):
            pack.keep_best(better * torch.tensor(scores), torch.full((3,), at))
            shown.append(self.rates(pack))
        assert shown == [pytest.approx(each) for each in ([1, 1, 1], [1, 1, 1], [1, 1, 1], [0.5, 1, 0.1])]

    def test_goes_on_where_it_was_in_another_pack(self) -> None:
        whole = learner([{"schedule": each} for each in self.SCHEDULES])
        for _ in range(2):
            whole.keep_best(torch.ones(3), torch.ones(3))
        part = learner([{"schedule": self.SCHEDULES[index]} for index in (2, 0)])
        part.load([whole.member(2), whole.member(0)])
        assert self.rates(part) == pytest.approx([0.1, 1.0])
        part.keep_best(torch.ones(2), torch.ones(2))
        assert self.rates(part) == pytest.approx([0.01, 0.5])

    def test_a_member_kept_before_there_were_plateaus_can_be_gone_on_with(self) -> None:
        pack = learner([{}])
        kept = {name: part for name, part in pack.member(0).items() if name in ("learner", "best")}
        pack.load([kept])
        assert self.rates(pack) == [1.0]


def test_the_loop_s_own_numbers_reach_the_loss_of_their_member() -> None:
    def scaled(parameters: Tensors, numbers: Tensors, data: Tensor) -> tuple[Tensor, Tensors]:
        return numbers["own"] * (data * parameters["w"]).sum(), {}

    configs = [Config(budget=UPDATES, optimizer="sgd", learning_rate=0.1)] * 2
    own = [{"own": 1.0}, {"own": -2.0}]
    pack = Learner(configs, [{"w": torch.ones(1)}] * 2, scaled, [], True, CPU, own)
    update(pack, 0, torch.ones(2, 1))
    torch.testing.assert_close(pack.parameters["w"], torch.tensor([[0.9], [1.2]]))


def test_members_taken_apart_and_loaded_in_another_order_go_on() -> None:
    members = [{"learning_rate": rate, "optimizer": {"sgd": {"momentum": 0.9}}} for rate in (0.1, 0.2, 0.3)]
    data = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    whole = learner(members)
    update(whole, 0, data)
    whole.keep_best(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1, 1, 1]))
    part = learner([members[2], members[0]])
    part.load([whole.member(2), whole.member(0)])
    update(whole, 1, data)
    update(part, 1, data[[2, 0]])
    torch.testing.assert_close(part.member(0), whole.member(2), rtol=0, atol=0)
    torch.testing.assert_close(part.member(1), whole.member(0), rtol=0, atol=0)
