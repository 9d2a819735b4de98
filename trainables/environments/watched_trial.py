"""A trial run that is given up when the environment does not answer.

One with code of a person's own runs in a process of its own, which can be ended whatever it does, and whose end harms
nobody. All others, which this process may have registered itself, run in a thread.

    python -m trainables.environments.watched_trial FILE_DESCRIPTOR PARENT
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import IO, Any

import gymnasium

from trainables.base.child_process import end_with
from trainables.environments import trial_run
from trainables.environments.trial_run import Found, Wanted

STARTING_S = 60.0
"""Seconds in which Python has to be there; a loaded machine takes long."""

TRUSTED = ("gymnasium.", "trainables.")
"""Environments by these packages are tried once in a process, as they don't change."""


def tried(wanted: Wanted) -> Found:
    """What a trial run comes to. Raises RuntimeError where it broke by a fault of ours."""
    if _is_own(wanted.environment) or any(map(_is_own, map(_named, wanted.wrappers))):
        return _in_a_process(wanted)
    spec = gymnasium.registry.get(wanted.environment)
    if spec is not None and isinstance(spec.entry_point, str) and spec.entry_point.startswith(TRUSTED):
        return _once(json.dumps(asdict(wanted)))
    return _in_a_thread(wanted)


def _is_own(name: str) -> bool:
    return ":" in name


def _named(wrapper: Any) -> str:
    return wrapper if isinstance(wrapper, str) else str(next(iter(wrapper)))


@cache
def _once(wanted: str) -> Found:
    return _in_a_thread(Wanted(**json.loads(wanted)))


def _in_a_thread(wanted: Wanted) -> Found:
    ours, theirs = Pipe()
    threading.Thread(target=_run, args=(wanted, theirs), daemon=True).start()
    return _awaited(wanted, ours, wanted.making_s)


def _in_a_process(wanted: Wanted) -> Found:
    ours, theirs = Pipe()
    with tempfile.TemporaryFile() as said, _begun(theirs, said) as process:
        theirs.close()
        ours.send_bytes(json.dumps({"wanted": asdict(wanted), "path": sys.path}).encode())
        try:
            return _awaited(wanted, ours, STARTING_S)
        except EOFError:
            process.wait()
            said.seek(0)
            return Found(("environment", f"{wanted.environment} {_how_it_ended(process.returncode, said.read())}"))


@contextmanager
def _begun(theirs: "Connection[Any, Any]", said: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that tries an environment; it and all that it has begun are ended with this."""
    package = Path(__file__).parents[2]
    path = os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        # -P: no file of a person's own is taken for one of Python's.
        [sys.executable, "-P", "-m", __name__, str(theirs.fileno()), str(os.getpid())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _awaited(wanted: Wanted, ours: "Connection[Any, Any]", limit_s: float) -> Found:
    """What is sent in the end; each time something is sent, it says how long the next may take.

    Raises EOFError where nothing is to come any more, RuntimeError with the traceback of a fault of ours.
    """
    asked = f"{wanted.environment} has not been made"
    while ours.poll(limit_s):
        match json.loads(ours.recv_bytes()):
            case {"asked": asked, "limit_s": limit_s}:
                pass
            case {"found": found}:
                return Found(**{**found, "misfit": found["misfit"] and tuple(found["misfit"])})
            case {"broken": trace}:
                raise RuntimeError(f"trying {wanted.environment} broke:\n{trace}")
    return Found(("environment", f"{asked} within {limit_s:.0f} s; should answer in time, or a training hangs"))


def _run(wanted: Wanted, theirs: "Connection[Any, Any]") -> None:
    """Tries the environment, and sends what happens to whoever waits."""

    def send(message: dict[str, Any]) -> None:
        # Whoever has given it up listens no longer.
        with contextlib.suppress(OSError):
            theirs.send_bytes(json.dumps(message).encode())

    try:
        found = trial_run.tried(wanted, lambda asked, limit_s: send({"asked": asked, "limit_s": limit_s}))
    except Exception:  # noqa: BLE001  told to whoever waits
        send({"broken": traceback.format_exc()})
    else:
        send({"found": asdict(found)})


def _how_it_ended(code: int, said: bytes) -> str:
    """That the process has ended by itself, and its last words."""
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
    words = said.decode(errors="replace").strip().splitlines()
    last = f": {words[-1]}" if words else ""
    return f"ended the process that tried it {how}{last}"


def main() -> None:
    """The process that tries an environment for another."""
    end_with(int(sys.argv[2]))
    theirs: Connection[Any, Any] = Connection(int(sys.argv[1]))
    asked = json.loads(theirs.recv_bytes())
    sys.path += [each for each in asked["path"] if each not in sys.path]
    _run(Wanted(**asked["wanted"]), theirs)
    theirs.close()
    # Threads that an environment has begun need not end.
    os._exit(0)


if __name__ == "__main__":
    main()
