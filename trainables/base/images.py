"""Images among observations: they travel as flat rows of numbers, and stand up again before a convolution.

Axis letters: N images, F numbers of an image, H height and W width in pixels, C channels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # an environment is described without torch
    from torch import Tensor


@dataclass(frozen=True)
class Image:
    """How a row of F = H * W * C numbers is an image.

    channels_last: whether the row is (H, W, C), else (C, H, W); scale: factor that brings a pixel to about 0 .. 1.
    """

    height: int
    width: int
    channels: int
    channels_last: bool
    scale: float

    @property
    def numbers(self) -> int:
        """F, the numbers of one image."""
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W), what a network sees."""
        return self.channels, self.height, self.width

    def upright(self, rows: Tensor) -> Tensor:
        """Rows (N, F) as the environment shows them -> scaled (N, C, H, W), as torch's convolutions take them."""
        if not self.channels_last:
            return self.scale * rows.reshape(-1, *self.shape)
        return self.scale * rows.reshape(-1, self.height, self.width, self.channels).permute(0, 3, 1, 2)


def read(shape: tuple[int, ...], uint8: bool) -> Image | None:
    """The image that arrays of this shape are; None for any but (H, W), (H, W, C) and (C, H, W).

    Of three axes the shorter of the first and the last are the channels, the last where they are alike. uint8: whether
    pixels are bytes, 0 .. 255, which are scaled by 1/255; others are taken as they are.
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
