"""The pulse of a worker: what it says of itself while it trains, and what is left to be read when it hangs."""

import subprocess
import sys
from pathlib import Path

import commands
import pytest

from trainables.base import pulse
from trainables.base.pulse import Pulse

HANGING = """
import ctypes, sys, time
from pathlib import Path
from trainables.base import pulse

given = pulse.Pulse(Path(sys.argv[1]), stacks_after_s=2)
pulse.trains([4, 7])
pulse.beat("environment.step", lambda: (1, "at step 3"))
time.sleep(1.2)

def held_up():
    {how}

print("hangs", flush=True)
held_up()
"""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "EVERY_S", 0.02)


def newest(file: Path, wanted: str) -> pulse.Sign:
    def said() -> pulse.Sign | None:
        found = pulse.read(file)
        return found if found is not None and found.what == wanted else None

    return commands.awaited(said, 10, wanted)  # type: ignore[return-value]


def test_signs_say_what_is_done_now_and_are_taken_back_at_the_end(tmp_path: Path, quick: None) -> None:
    file = tmp_path / "signs" / "leg"
    given = Pulse(file, stacks_after_s=60)
    first = newest(file, "the making of its training")
    pulse.trains([2, 5])
    pulse.beat("environment.step", lambda: (3, "at step 7"))
    second = newest(file, "environment.step")
    assert (second.where, second.member) == ("at step 7", 5), "the third and fourth are copies of the second"
    assert second.beats == first.beats + 1
    pulse.beat()
    third = newest(file, "training")
    assert (third.where, third.member) == ("", None)
    assert third.signs > second.signs
    given.close()
    assert list(file.parent.iterdir()) == []
    assert pulse.read(file) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"beats": 1}', '{"unknown": 1}'])
def test_what_is_no_sign_is_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "leg"
    assert pulse.read(file) is None
    file.write_text(content)
    assert pulse.read(file) is None


@pytest.mark.parametrize(
    ("how", "goes_on"),
    [("time.sleep(60)", True), ("ctypes.PyDLL(None).sleep(60)", False)],
    ids=["it sleeps", "it keeps Python's lock"],
)
def test_where_a_worker_stands_is_written_whatever_holds_it_up(tmp_path: Path, how: str, goes_on: bool) -> None:
    file = tmp_path / "leg"
    worker = subprocess.Popen(
        [sys.executable, "-c", HANGING.format(how=how), str(file)], stdout=subprocess.PIPE, text=True
    )
    with worker:
        try:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "hangs\n"
            commands.awaited(lambda: "in held_up" in pulse.stacks_of(file).read_text(), 10, "the stacks")
            sign = pulse.read(file)
            assert sign is not None
            assert (sign.what, sign.where, sign.member) == ("environment.step", "at step 3", 7)
            if goes_on:
                commands.awaited(lambda: (pulse.read(file) or sign).signs > sign.signs, 10, "another sign")
            later = pulse.read(file)
            assert later is not None
            assert (later.beats, later.signs > sign.signs) == (sign.beats, goes_on)
        finally:
            worker.kill()
