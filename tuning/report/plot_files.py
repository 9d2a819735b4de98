"""Plots as files of their own, for papers and slides."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from tuning.errors import ArgumentError
from tuning.report.plots.plot import Plot

WIDTH = 900
"""In pixels; an SVG has any size."""


def write(plots: Sequence[Plot], folder: Path, kind: str) -> list[Path]:
    """Write each plot into a folder, which is made if it is not there; returns the files.

    kind: svg, png or pdf.
    Raises ArgumentError where there is no program to draw them, or where the folder can't be written.
    """
    if find_spec("kaleido") is None:
        raise ArgumentError(
            "--plots: needs Kaleido, which draws with a Chrome or Chromium of this machine: pip install "
            "'lockstep-tuning[plots]'"
        )
    from choreographer.errors import BrowserFailedError, ChromeNotFoundError
    from plotly.io import write_images

    paths = [folder / f"{plot.name}.{kind}" for plot in plots]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # All at once, by one browser: to begin one takes seconds.
        write_images([plot.figure for plot in plots], paths, width=WIDTH)
    except OSError as error:
        raise ArgumentError(f"--plots: {folder} can't be written: {error.strerror}") from None
    except (ChromeNotFoundError, BrowserFailedError) as error:
        why = str(error).strip().splitlines()[0]
        raise ArgumentError(f"--plots: no Chrome or Chromium could be begun: {why}; BROWSER_PATH names one") from None
    return paths
