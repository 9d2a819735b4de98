"""SIGTERM and SIGHUP do what Ctrl-C would do, and the exit code tells which it was."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tuning.workers.termination import ASKING, as_ctrl_c


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda each: str(each)
)
def test_each_interrupts_and_the_code_tells_which_it_was(sent: signal.Signals, code: int) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, *ASKING)]
    with as_ctrl_c() as ending:
        assert ending.code(0) == 0
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(sent)
        assert (ending.code(130), ending.code(0), ending.code(1), ending.code(2)) == (code, 0, 1, 2)
    assert [signal.getsignal(each) for each in (signal.SIGINT, *ASKING)] == before


def test_whoever_has_taken_over_ctrl_c_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        with as_ctrl_c():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGINT, before)
    assert asked == [signal.SIGINT]


@pytest.mark.parametrize("ignored", [signal.SIGINT, signal.SIGHUP])
def test_what_is_ignored_stays_so_and_sigterm_ends_it_all_the_same(ignored: signal.Signals) -> None:
    before = signal.signal(ignored, signal.SIG_IGN)
    try:
        with as_ctrl_c():
            signal.raise_signal(ignored)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(ignored, before)


def test_elsewhere_than_in_the_main_thread_nothing_is_handled() -> None:
    def handled() -> Callable[..., object] | int | None:
        with as_ctrl_c():
            return signal.getsignal(signal.SIGTERM)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(handled).result() == signal.getsignal(signal.SIGTERM)


@pytest.mark.parametrize(("sent", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_none_gets_lost_in_a_module_that_is_half_loaded(sent: str, code: int) -> None:
    """Modules written in C may swallow the exception that Ctrl-C is elsewhere."""
    swallowing = f"""
import os, signal
from tuning.workers.termination import as_ctrl_c, ended_at_once
with as_ctrl_c(), ended_at_once():
    try:
        os.kill(os.getpid(), signal.{sent})
    except KeyboardInterrupt:
        print("swallowed")
"""
    ended = subprocess.run([sys.executable, "-c", swallowing], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", "")


def test_a_terminal_that_is_gone_is_not_written_to() -> None:
    """A closed terminal answers with errors, which would read as a fault of ours."""
    ours, terminal = os.openpty()
    child = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import signal, sys\n"
            "from tuning.workers.termination import as_ctrl_c\n"
            "with as_ctrl_c() as ending:\n"
            "    try:\n"
            "        print('ready', flush=True)\n"
            "        signal.pause()\n"
            "    except KeyboardInterrupt:\n"
            "        print('the closing words', flush=True)\n"
            "        sys.exit(ending.code(130))\n",
        ],
        stdin=terminal,
        stdout=terminal,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    os.close(terminal)
    assert os.read(ours, 100).startswith(b"ready")
    os.close(ours)
    child.send_signal(signal.SIGHUP)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (129, "")
