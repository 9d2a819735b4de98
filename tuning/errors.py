"""What can be wrong with what a person asks for. Each of these is theirs to mend; anything else is a bug of ours.

LockstepError
├── SweepError          a sweep that can't be run; lists every problem that it has
├── StudyError
│   ├── StudyExists     the name is taken
│   ├── StudyRunning    another process runs it
│   ├── StudyDiffers    its sweep is not the one that is asked for
│   └── StudyNotFound   no study has the name
├── StorageError        studies can't be kept where they should be
├── Waiting             what it takes to go on is away; the same command goes on later
├── Interrupted         ended before its time; the same command goes on
├── PredictionError     cases that can't be predicted, or nothing that could predict them
├── UnusableCheckpoint  a checkpoint that this version can't read, or a network that can't be built here
├── WorkersError        the workers asked for can't be had
├── ServerError         a server can't be begun as asked
└── ArgumentError       a function was called with something that it doesn't take
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar


class LockstepError(Exception):
    """The root: printed as it is, without a traceback."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True)
class Place:
    """Where something stands in a file: as editors and compilers have it, `my.yaml:12`."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True)
class Problem:
    """What is wrong with a sweep.

    key_path: of what is wrong; empty where it is the whole.
    message: what is wrong, and what would be right.
    place: where it stands, if that is in a file.
    """

    key_path: str
    message: str
    place: Place | None = None

    def __str__(self) -> str:
        return ": ".join(str(part) for part in (self.place, self.key_path, self.message) if part)

    def as_json(self) -> dict[str, Any]:
        """Plain data, as `tuning check --json` prints it."""
        return {"key_path": self.key_path, "message": self.message, "place": self.place and str(self.place)}


@dataclass(frozen=True)
class Note:
    """What a person should know of a sweep that can be run: how what they bring is read, or what may surprise them.

    key_path: of what it is about; empty where it is the whole.
    message: in the manner of a Problem's.
    place: where it stands, if that is in a file.
    warning: whether it is likely to be other than they want.
    """

    key_path: str
    message: str
    place: Place | None = None
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning" if self.warning else "note"
        return ": ".join(str(part) for part in (self.place, kind, self.key_path, self.message) if part)

    def as_json(self) -> dict[str, Any]:
        """Plain data, as `--json` prints it."""
        where = {"key_path": self.key_path, "place": self.place and str(self.place)}
        return {**where, "message": self.message, "warning": self.warning}


Finding = Problem | Note
"""What checks come to: each may yield both."""


class SweepError(LockstepError):
    """A sweep that can't be run, with all its problems; printed one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class StudyError(LockstepError):
    """A study that can't be used as asked."""


class StudyExists(StudyError):
    """A study of this name is there already."""


class StudyRunning(StudyError):
    """Another process runs this study now."""


class StudyDiffers(StudyError):
    """The study's sweep is not the one that is asked for."""


class StudyNotFound(StudyError):
    """There is no study of this name."""


class StorageError(LockstepError):
    """A folder or a database in which no studies can be kept."""


class Interrupted(LockstepError):
    """Ended before its time, most likely by Ctrl-C; what is done is kept."""

    exit_code = 130


class Waiting(LockstepError):
    """What it takes to go on is away, which is no fault of what is trained; what is done is kept."""

    exit_code = 75
    """As sysexits.h has it: try again later."""


class PredictionError(LockstepError):
    """Cases that can't be predicted, or a study without what could predict them."""


class UnusableCheckpoint(LockstepError):
    """A checkpoint that this version can't read, or whose network can't be built here."""


class WorkersError(LockstepError):
    """The workers asked for can't be had."""


class ServerError(LockstepError):
    """A server can't be begun as asked."""


class ArgumentError(LockstepError):
    """A function was called with something that it doesn't take."""
