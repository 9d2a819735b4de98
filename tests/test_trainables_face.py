"""What people import from trainables: the names, the paths that earlier documents named, and what it costs."""

import subprocess
import sys
from importlib import import_module

import pytest

import trainables


@pytest.mark.parametrize("name", trainables.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(trainables, name) is not None
    assert name in dir(trainables)


def test_no_other_name_is_made_up() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Pack'"):
        _ = trainables.Pack  # type: ignore[attr-defined]


DOCUMENTED = {
    "trainables.faults": ("MemberFailed",),
    "trainables.loop": ("Config", "EpisodicConfig", "Loop", "Report"),
    "trainables.options": ("tunable",),
    "trainables.tune": ("DQN", "Reinforce", "Supervised"),
}


@pytest.mark.parametrize("path", DOCUMENTED)
def test_a_documented_path_has_what_the_public_face_has(path: str) -> None:
    for name in DOCUMENTED[path]:
        assert getattr(import_module(path), name) is getattr(trainables, name)


def test_documented_modules_keep_their_other_names() -> None:
    from trainables.loop import Training, network
    from trainables.options import Frozen, Option, by_name
    from trainables.streams import Purpose, Uniforms, episode_seeds, evaluation_seeds, integer

    assert all(
        (Training, network, Frozen, Option, by_name, Purpose, Uniforms, episode_seeds, evaluation_seeds, integer)
    )


@pytest.mark.parametrize(
    "imported",
    [
        "import trainables",
        "from trainables import MemberFailed, tunable, streams",
        "from trainables.base.config_fields import Frozen, Option",
        "from trainables.base.own_classes import load",
        "from trainables.base.training_config import is_tunable, structure",
        "from trainables.base.checkpoint_files import BEST, is_whole",
        "from trainables.data.datasets import is_file",
        "import trainables.environments",
    ],
)
def test_what_needs_neither_torch_nor_ray_imports_neither(imported: str) -> None:
    said = f"{imported}; import sys; print(*sorted({{'torch', 'ray'}} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []
