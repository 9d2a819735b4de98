"""What all tests share: a quiet and private environment, a folder for runs, the command, the order of the files."""

import atexit
import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Before Ray and MLflow are imported, since they read these once.
os.environ |= {
    # As many threads as a worker of one core has; more of them than cores only wait for each other.
    "OMP_NUM_THREADS": "1",
    # Programs are compiled quickly rather than made fast: g++ takes a third less, and does not test the processor.
    "AOT_INDUCTOR_COMPILE_WRAPPER_OPT_LEVEL": "O0",
    "TORCHINDUCTOR_VEC_ISA_OK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Given a token of its own, Ray leaves none in the person's home.
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}
# A console that finds COLUMNS when it is made keeps to it.
for elsewhere in ("COLUMNS", "LOCKSTEP_ROOT", "LOCKSTEP_STORAGE", "MLFLOW_TRACKING_URI", "RAY_ADDRESS"):
    os.environ.pop(elsewhere, None)

# Programs are compiled once for all processes of the tests, those that pytest-xdist begins included.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["LOCKSTEP_CACHE"] = tempfile.mkdtemp(prefix="lockstep-tests-")
    atexit.register(shutil.rmtree, os.environ["LOCKSTEP_CACHE"], ignore_errors=True)

settings.register_profile("lockstep", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("lockstep")


LONGEST = (
    *("test_compiled_loops", "test_python_api", "test_loops", "test_resume", "test_interrupt", "test_programs"),
    *("test_lost_nodes", "test_postgresql", "test_full_disk", "test_cluster"),
    *("test_notebook", "test_hangs", "test_tune", "test_end_to_end", "test_faults", "test_places"),
    *("test_ray_trainable_loop", "test_borrowed_ray", "test_dqn", "test_devices", "test_search_resume"),
    *("test_episode_limits", "test_member_failures", "test_pack_trainable", "test_leg_search", "test_earlier_trials"),
)
"""The files that take longest go first, so that neither of two workers is left alone with one at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))
    needing = [item for item in items if item.get_closest_marker("gpu")]
    if not needing:
        return
    import torch  # takes seconds, and most selections of tests do without

    if not torch.cuda.is_available():
        for item in needing:
            item.add_marker(pytest.mark.skip(reason="torch finds no GPU"))


@pytest.fixture(autouse=True)
def handlers_of_signals() -> Iterator[None]:
    """What a test leaves of them is taken back: after a run of Ray Tune's, Ctrl-C is logged and otherwise lost."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)}
    yield
    for each, handler in before.items():
        if handler is not None and signal.getsignal(each) is not handler:
            signal.signal(each, handler)


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A root for studies of this test alone; as for a newcomer, it is not there yet."""
    return tmp_path / "runs"


@pytest.fixture
def tuning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """The command in this process, in a folder of its own and on a terminal wide enough for any line.

    It answers with the exit code and what it said on standard output and standard error; `hire` finds its workers.
    """
    from tuning import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: str, hire: Any = None) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments, hire)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    # The command sets variables, for its own process; a Ray of this one would stand there with another token.
    before = dict(os.environ)
    yield command
    os.environ.clear()
    os.environ.update(before)
