"""The whole of a command: what it ends with, and what becomes of what should not have happened."""

import errno
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tuning.cli.commands import application
from tuning.cli.invocation import Invocation
from tuning.cli.printing import err
from tuning.errors import LockstepError, StorageError, Waiting
from tuning.report.plain_text import accept_all
from tuning.study.paths import Home
from tuning.study.urls import without_password
from tuning.workers.termination import CTRL_C, as_ctrl_c

if TYPE_CHECKING:
    from tuning.runner import Hire

FULL = (errno.ENOSPC, errno.EDQUOT)
SAID_OF_FULL = (os.strerror(errno.ENOSPC), "database or disk is full")
"""In the words of who hands on no number: SQLite, and Ray Tune, which makes text of what its parts raise."""


def main(arguments: Sequence[str] | None = None, hire: "Hire | None" = None) -> None:
    """The `tuning` command.

    What a person can mend is said in a line; of anything else the traceback is kept in a file.

    arguments: what follows the command's name; None: those of this process.
    hire: who finds the workers, if not Ray.
    """
    accept_all(sys.stdout, sys.stderr)
    with as_ctrl_c() as ending:
        # Where the environment names none that can be used, the command says so.
        home = Home.at("runs")
        with suppress(StorageError):
            home = Home.at(None)
        sys.exit(ending.code(_called(arguments, Invocation(home, hire))))


def _called(arguments: Sequence[str] | None, invocation: Invocation) -> int:
    """Parse and call; returns the exit code."""
    try:
        application()(args=None if arguments is None else list(arguments), obj=invocation)
    except LockstepError as error:
        err.print(str(error), style="red", highlight=False, markup=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        return CTRL_C
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except Exception as error:  # noqa: BLE001  the last resort of the command
        if is_disk_full(error):
            err.print(_full(invocation.home), style="red", highlight=False, markup=False, soft_wrap=True)
            return Waiting.exit_code
        err.print(_kept(error, invocation.home), style="red", highlight=False, markup=False, soft_wrap=True)
        return 1
    return 0


def is_disk_full(error: BaseException | None) -> bool:
    """Whether it comes of a disk that takes nothing more, whichever library says so and whatever became of it."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        if any(word in str(error) for word in SAID_OF_FULL):
            return True
        error = error.__cause__ or error.__context__
    return False


def _full(home: Home) -> str:
    free = shutil.disk_usage(next(each for each in (home.root, *home.root.parents) if each.exists())).free
    return (
        f"No space is left on a disk that is written to; where {home.root} lies, {free / 1e6:.0f} MB are free. What is "
        "done is kept, and `tuning resume` goes on once there is room"
    )


def _kept(error: Exception, home: Home) -> str:
    name = f"error-{datetime.now(UTC):%Y%m%d-%H%M%S}.log"
    whole = without_password("".join(traceback.format_exception(error)))
    path = home.logs / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(whole, encoding="utf-8", errors="backslashreplace")
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="lockstep-")) / name
        path.write_text(whole, encoding="utf-8", errors="backslashreplace")
    return f"This should not have happened: {without_password(str(error))}\nThe whole of it is in {path}"
