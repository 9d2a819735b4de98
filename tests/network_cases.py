"""A convolutional network, and the images that it sees."""

from trainables.base.images import Image
from trainables.networks.specs import Convolutional

PICTURE_OF_5_BY_6 = Image(5, 6, 3, channels_last=True, scale=1 / 255)
CONVOLUTIONAL = Convolutional(PICTURE_OF_5_BY_6, 2, (4, 8), (16,), "tanh")
