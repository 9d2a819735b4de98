"""How large packs are: halving leaves packs of any size, and to compile for each size takes seconds."""

import torch

from trainables import environments
from trainables.base.training_config import Training
from trainables.compilation import when_it_pays
from trainables.loops.config import EpisodicConfig
from trainables.messages import PackRequest

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
"""The sizes that packs are filled up to, if not to their sweep's own."""


def filled(count: int, request: PackRequest, config: Training, device: torch.device) -> int:
    """The size to which a pack is filled up.

    count: how many members are left to train.
    request: which pack, with the size of a full one.
    config: of any member.
    device: where it trains.
    """
    if count <= request.size:
        return request.size
    full = request.full_pack
    if count == full or (count < full and _fills(full - count, config, device)):
        return full
    return next((size for size in SIZES if size >= count), count)


def _fills(missing: int, config: Training, device: torch.device) -> bool:
    """Whether filling up is cheaper than compiling for the pack's own size; never if members step one by one."""
    if not isinstance(config, EpisodicConfig) or (calls := config.calls()) is None:
        return False
    made_of = (config.environment, config.environment_args, config.wrappers, config.backend)
    return environments.is_vectorised(*made_of) and when_it_pays.fills(config.compile, calls, missing, device)
