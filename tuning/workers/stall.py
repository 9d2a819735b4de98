"""What is known of a worker that was silent for too long, in words. Pure but for the file that says where it stood."""

import re
from dataclasses import dataclass
from pathlib import Path

from trainables.base.checkpoint_files import ERROR
from trainables.base.pulse import COMPILING, Sign
from tuning.rules.silence import Stage

FRAME = re.compile(r'  File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)')
"""A line of faulthandler's."""

LIBRARY = re.compile(r"/lib/python3|/trainables/")
"""What a person can't change."""

GRIDS = re.compile(r"trainables/environments/\w*grid\.py$")
"""Where environments are asked."""


@dataclass(frozen=True)
class Stall:
    """A worker that was ended.

    worker: its number, in the order in which they began.
    silent_s: for how long it had not answered.
    why: as far as is known.
    stacks: where its threads stood, as faulthandler writes it; empty where it could not say.
    member: for which member of its pack it was at work, by its place; None where that is not known.
    """

    worker: int
    silent_s: float
    why: str
    stacks: str = ""
    member: int | None = None

    def __str__(self) -> str:
        return f"worker {self.worker} has not answered for {self.silent_s:.0f} s: ended"

    def kept(self, folder: Path) -> str:
        """Why the member with this folder has failed; where its worker stood is written there in full."""
        frames = _frames(self.stacks)
        if not frames:
            return self.why
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ERROR).write_text(f"{self.why}\n\n{self.stacks}", encoding="utf-8")
        # The innermost of a person's own, if it is not ours.
        file, line, function = next((each for each in frames if not LIBRARY.search(each[0])), frames[0])
        return f"{self.why} (in {function}, {file} line {line}; all of it: {folder / ERROR})"


def why(stage: Stage, sign: Sign | None, stacks: str, still: bool) -> str:
    """Why a worker was silent.

    stage: what it did.
    sign: its last one; None where it gave none.
    stacks: where its threads stood.
    still: whether it gave no signs any more, which it does while its training hangs elsewhere.
    """
    if stage == "starting" and sign is None:
        return "its worker did not start"
    if sign is None:
        return "its worker stood still, as a stopped process does"
    doing = f"{sign.what} {sign.where}".strip()
    if not still:
        hint = "; with `compile: never` under fixed it is trained without" if sign.what == COMPILING else ""
        return f"hung in {doing}{hint}"
    if not stacks:
        return f"its worker stood still, as a stopped process does, in {doing}"
    # What it has said last may be a second old.
    asked = _asked(stacks)
    return f"hung in {doing if asked in (None, sign.what) else asked}, in code that keeps Python's lock"


def _asked(stacks: str) -> str | None:
    """What an environment was asked when it hung; None where none was asked anything."""
    functions = {function for file, _, function in _frames(stacks) if GRIDS.search(file)}
    return next((f"environment.{each}" for each in ("step", "reset") if {each, f"_{each}"} & functions), None)


def _frames(stacks: str) -> list[tuple[str, str, str]]:
    """Of the thread that trains, which is the last, the files, lines and functions, the innermost first."""
    return FRAME.findall(re.split(r"^(?:Current t|T)hread ", stacks, flags=re.MULTILINE)[-1])
