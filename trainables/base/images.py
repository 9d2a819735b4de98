"""Image observations: they travel as flat rows of numbers and get their shape back before a convolution.

Axis letters: N images, F numbers in an image, H height and W width in pixels, C channels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # an environment is described without torch
    from torch import Tensor


@dataclass(frozen=True)
class Image:
    """How to read a row of F = H * W * C numbers as an image.

    height, width, channels: H and W in pixels, and C.
    channels_last: whether the row is an image (H, W, C); else it is (C, H, W).
    scale: what pixels are multiplied by to lie in about 0 to 1.
    """

    height: int
    width: int
    channels: int
    channels_last: bool
    scale: float

    @property
    def numbers(self) -> int:
        """F, the numbers in one image."""
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W), as a network takes it."""
        return self.channels, self.height, self.width

    def upright(self, rows: Tensor) -> Tensor:
        """Turns rows (N, F), as the environment gives them, into scaled images (N, C, H, W), as torch takes them."""
        if not self.channels_last:
            return self.scale * rows.reshape(-1, *self.shape)
        return self.scale * rows.reshape(-1, self.height, self.width, self.channels).permute(0, 3, 1, 2)


def of_shape(shape: tuple[int, ...], uint8: bool) -> Image | None:
    """How to read arrays of a shape as images; None unless the shape is (H, W), (H, W, C) or (C, H, W).

    Of three axes, the channels are the shorter of the first and the last, and the last if both are equally long.

    shape: the shape of one observation.
    uint8: whether pixels are bytes, 0 to 255, to be scaled by 1/255; other numbers are taken as they are.
    """
    scale = 1 / 255 if uint8 else 1.0
    if len(shape) == 2:
        return Image(*shape, channels=1, channels_last=True, scale=scale)
    if len(shape) != 3:
        return None
    first, middle, last = shape
    if last <= first:
        return Image(first, middle, last, channels_last=True, scale=scale)
    return Image(middle, last, first, channels_last=False, scale=scale)
