"""The snippets of docs/python.md, with a sweep of seconds in place of the preset that they name."""

import re
from pathlib import Path
from typing import Any

import yaml

DOCUMENT = Path(__file__).parents[1] / "docs" / "python.md"
PRESET = "cartpole-dqn"

QUICK: dict[str, Any] = {
    "name": PRESET,
    "loop": "dqn",
    "environment": "CartPole-v1",
    "budget": 300,
    "workers": 1,
    "pack_size": 8,
    "halving": "off",
    "confirm": {"top": 2, "seeds": 2, "episodes": 2},
    "fixed": {
        "hidden": [8],
        "learning_starts": 100,
        "reports": 2,
        "evaluation_episodes": 2,
        # Has room for both in full length, without which there would be a warning.
        "evaluation_share": 7.0,
        "compile": "never",
    },
    "search": {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
}


def snippets(folder: Path) -> list[str]:
    """All of them in order, to be run in this folder."""
    (folder / "quick.yaml").write_text(yaml.safe_dump(QUICK))
    found = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    return [each.replace(f'"{PRESET}"', '"quick.yaml"').replace("trials=32", "trials=8") for each in found]
