"""Image observations: which arrays are images, and which of their axes are the channels."""

import pytest
import torch

from trainables.base import images
from trainables.base.images import Image


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((84, 84, 4), (84, 84, 4, True)),
        ((4, 84, 84), (84, 84, 4, False)),
        ((84, 96), (84, 96, 1, True)),
        ((3, 6, 5), (6, 5, 3, False)),
        ((6, 5, 3), (6, 5, 3, True)),
        ((8, 8, 8), (8, 8, 8, True)),
    ],
)
def test_axes(shape: tuple[int, ...], expected: tuple[int, int, int, bool]) -> None:
    assert images.of_shape(shape, uint8=True) == Image(*expected, scale=1 / 255)
    assert images.of_shape(shape, uint8=False) == Image(*expected, scale=1.0)


@pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4, 5)])
def test_others_are_none(shape: tuple[int, ...]) -> None:
    assert images.of_shape(shape, uint8=True) is None


def test_either_order_stands_up_as_the_same_image() -> None:
    picture = torch.arange(2.0 * 3 * 4).reshape(1, 2, 3, 4)  # (N, C, H, W)
    first = Image(3, 4, 2, channels_last=False, scale=0.5).upright(picture.reshape(1, -1))
    last = Image(3, 4, 2, channels_last=True, scale=0.5).upright(picture.permute(0, 2, 3, 1).reshape(1, -1))
    assert torch.equal(first, picture / 2)
    assert torch.equal(last, picture / 2)
