"""What commands that train nothing cost, beside Python's own start and that of torch."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from table import Goal, Result

from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.sweep import loading

PRESET = "cartpole-dqn"
COMMANDS = (("--help",), ("presets",), ("list",), ("show",), ("check", PRESET))
HELP_S = 0.3


def measure(times: int = 5) -> Result:
    """times: how often each is run; the least counts, as all else is what others on the machine took."""
    tuning = str(Path(sys.executable).with_name("tuning"))
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        'python -c "import torch"': [sys.executable, "-c", "import torch"],
        **{" ".join(("tuning", *words)): [tuning, *words] for words in COMMANDS},
    }
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(folder)
        catalogue.prepared(home, home.storage_url, loading.load(PRESET))()
        taken = {name: min(_seconds(command, home) for _ in range(times)) for name, command in commands.items()}
    return Result(
        name="startup",
        about=f"Seconds of processor (user and system) of commands that train nothing, the least of {times}. `list` "
        f"and `show` find one study, of {PRESET}.",
        headings=["", "processor"],
        rows=[[name, f"{seconds:.2f} s"] for name, seconds in taken.items()],
        goals=[Goal("tuning --help", taken["tuning --help"], HELP_S, " s", most=True)],
        figures={"processor_s": taken},
    )


def _seconds(command: Sequence[str], home: Home) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env={**os.environ, "LOCKSTEP_ROOT": str(home.root)}, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
