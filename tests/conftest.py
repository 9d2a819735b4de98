"""What all tests share: a quiet and private surrounding, a folder for runs, and when a GPU test is skipped."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Before Ray and MLflow are imported, since they read these once.
os.environ |= {
    # As many threads as a worker of one core has; more of them than cores only wait for each other.
    "OMP_NUM_THREADS": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Given a token of its own, Ray leaves none in the person's home.
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}
for elsewhere in ("LOCKSTEP_ROOT", "MLFLOW_TRACKING_URI", "RAY_ADDRESS"):
    os.environ.pop(elsewhere, None)

settings.register_profile("lockstep", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("lockstep")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    needing = [item for item in items if item.get_closest_marker("gpu")]
    if not needing:
        return
    import torch  # takes seconds, and most selections of tests do without

    if not torch.cuda.is_available():
        for item in needing:
            item.add_marker(pytest.mark.skip(reason="torch finds no GPU"))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A root for studies of this test alone; as for a newcomer, it is not there yet."""
    return tmp_path / "runs"


@pytest.fixture
def tuning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """The command in this process, in a folder of its own and on a terminal wide enough for any line.

    It answers with the exit code and what it said on standard output and standard error.
    """
    from tuning import cli

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    # Set first, so that what the command itself sets is taken back too.
    monkeypatch.setenv("LOCKSTEP_ROOT", "")
    monkeypatch.delenv("LOCKSTEP_ROOT")

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command
