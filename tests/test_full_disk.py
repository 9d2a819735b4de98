"""A disk that takes nothing more is said to be full, in a line, and what is done is kept."""

import errno
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import legs_by_hand
import pytest
import sweeps
from commands import Said

from tuning.cli import last_resort
from tuning.cli.last_resort import is_disk_full
from tuning.study import catalogue


def caused(error: Exception, by: Exception) -> Exception:
    error.__cause__ = by
    return error


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (caused(RuntimeError("a searcher failed"), OSError(errno.ENOSPC, "No space left on device")), True),
        (RuntimeError("Traceback ... OSError: [Errno 28] No space left on device"), True),
        (RuntimeError("(sqlite3.OperationalError) database or disk is full"), True),
        (OSError(errno.EIO, "Input/output error"), False),
        (RuntimeError("another"), False),
    ],
)
def test_what_comes_of_a_full_disk(error: Exception, full: bool) -> None:
    assert is_disk_full(error) == full


def test_it_is_said_in_a_line(tuning: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(catalogue, "create", full)
    monkeypatch.setattr(catalogue, "prepared", full)
    code, out, err = tuning("run", sweeps.written(tmp_path), hire=legs_by_hand.ByHand())
    assert (code, out) == (75, "")
    assert err.count("\n") == 1
    assert f"No space is left on a disk that is written to; where {tmp_path / 'runs'} lies, " in err
    assert "`tuning resume` goes on once there is room" in err
    assert last_resort.FULL == (errno.ENOSPC, errno.EDQUOT)


@pytest.mark.slow
def test_a_root_that_is_full_ends_a_sweep_with_a_clear_message(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("nobody may mount anything here")
    root = tmp_path / "runs"
    root.mkdir()
    source = sweeps.written(tmp_path)
    mounting = f'mount -t tmpfs -o size=1m none {root}; exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", mounting, "sh", *commands.command("run", source, "--root", str(root))],
        cwd=tmp_path,
        env=commands.surrounding(),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode in (2, 75), done.stderr
    assert "This should not have happened" not in done.stderr
    assert "Traceback" not in done.stderr
    said = ("No space", "disk is full")
    assert any(word in done.stderr for word in said), done.stderr
