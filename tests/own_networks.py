"""Networks as people bring them, some with something wrong."""

import torch
from torch import Tensor, nn


class TwoHeads(nn.Module):
    """Advantages and a value (Wang et al., 2016), which no option of ours builds."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.trunk = nn.Linear(inputs, 8)
        self.value, self.advantages = nn.Linear(8, 1), nn.Linear(8, outputs)

    def forward(self, seen: Tensor) -> Tensor:
        features = torch.tanh(self.trunk(seen))
        advantages: Tensor = self.advantages(features)
        value: Tensor = self.value(features)
        return value + advantages - advantages.mean(-1, keepdim=True)


class Eye(nn.Module):
    """Takes images (N, C, H, W)."""

    def __init__(self, inputs: tuple[int, int, int], outputs: int) -> None:
        super().__init__()
        channels, self.height, self.width = inputs
        self.glance = nn.Conv2d(channels, outputs, (self.height, self.width))

    def forward(self, seen: Tensor) -> Tensor:
        glance: Tensor = self.glance(seen)
        return glance.flatten(1)


class WithBuffers(nn.Sequential):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs))


class Dropping(nn.Sequential):
    """Random in train mode alone."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Linear(inputs, 8), nn.Dropout(0.5), nn.Linear(8, outputs))


class Noisy(nn.Linear):
    """Random in both modes, without a layer that says so."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)

    def forward(self, seen: Tensor) -> Tensor:
        found: Tensor = super().forward(seen)
        return found + torch.randn_like(found)


class WiderInTraining(nn.Linear):
    """Has another output in train mode alone."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)

    def forward(self, seen: Tensor) -> Tensor:
        found: Tensor = super().forward(seen)
        return torch.cat((found, found[:, :1]), dim=1) if self.training else found


class WithoutParameters(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs

    def forward(self, seen: Tensor) -> Tensor:
        return seen.new_zeros(len(seen), self.outputs)


class TooWide(nn.Linear):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs + 1)


class Branching(nn.Linear):
    """Looks at the numbers to decide what to do, which a pack can't."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)

    def forward(self, seen: Tensor) -> Tensor:
        found: Tensor = super().forward(seen)
        return found if seen.sum() > 0 else -found


class Stubborn(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()


def no_class() -> None:
    """Not even a class."""
