"""Packs on a device other than the CPU: one that is not there, but as strict as a GPU (stand_in_device.py)."""

import json
import os
import subprocess
import sys

import pytest
import stand_in_device
from loop_cases import CASES

STRICT = {
    "there + torch.ones(3)": "expected all tensors to be on one device",
    "there.clone().add_(torch.ones(3))": "expected all tensors to be on one device",
    "torch.ones(6)[there.long()]": "expected all tensors to be on one device",
    "torch.func.vmap(torch.dot)(there, torch.ones(2, 3))": "expected all tensors to be on one device",
    "there.numpy()": "not supported",
    "there[torch.tensor([1])].tolist()": [[3, 4, 5]],
    "there[:, 1:].mul_(2).sum().item()": 24,
    "(there * 2 - torch.tensor(1.0)).cpu().numpy().tolist()": [[-1, 1, 3], [5, 7, 9]],
    "torch.func.vmap(torch.func.grad(lambda row: row.square().sum()))(there).tolist()": [[0, 2, 4], [6, 8, 10]],
    "str(torch.zeros_like(there).device)": "elsewhere:0",
}


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the process says that has the device, line by line."""
    done = subprocess.run(
        [sys.executable, stand_in_device.__file__, *STRICT],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_device_that_is_not_there_is_as_strict_as_a_gpu(said: list[str]) -> None:
    for (done, expected), found in zip(STRICT.items(), json.loads(said[0]), strict=True):
        assert found == expected or (isinstance(expected, str) and expected in found), done


def test_every_loop_trains_on_another_device_as_on_the_cpu(said: list[str]) -> None:
    assert said[1:] == list(CASES)
