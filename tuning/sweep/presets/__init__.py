"""The sweeps that come with the project, a file each."""

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Preset:
    """A sweep that comes with the project."""

    name: str
    description: str

    @property
    def path(self) -> Path:
        """Its file."""
        return FOLDER / f"{self.name}.yaml"


def presets() -> list[Preset]:
    """All of them by name; the first line of each file is a comment that describes it."""
    paths = sorted(FOLDER.glob("*.yaml"), key=lambda path: path.stem)
    return [Preset(path.stem, path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")) for path in paths]
