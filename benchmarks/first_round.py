"""The seconds that a pack's first round of updates takes in a process of its own: `python first_round.py MEMBERS`."""

import sys
import time

import torch
from packs import Packed

if __name__ == "__main__":
    torch.set_num_threads(1)
    packed = Packed(int(sys.argv[1]), compiled=True)
    began = time.perf_counter()
    packed.round()
    print(time.perf_counter() - began)
