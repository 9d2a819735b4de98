"""Text for terminals, files and pipes that can't take every character: the nearest that they can take instead."""

import codecs
import io
import unicodedata
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

NEAREST = "lockstep-nearest"
"""The name of our handler of characters that an encoding has not."""
SAME = str.maketrans(
    {"±": "+/-", "…": "~", "\N{EN DASH}": "-", "—": "-", "\N{MULTIPLICATION SIGN}": "x", "→": "->", "│": "|", "─": "-"}
)


def plain(text: str, encoding: str) -> str:
    """The text as it can be encoded: ± as +/-, letters without their accents, others by their numbers."""
    return text.encode(encoding, NEAREST).decode(encoding)


def accept_all(*streams: TextIO) -> None:
    """Have streams write what they can in place of characters that they can't."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper) and not stream.encoding.lower().startswith("utf"):
            stream.reconfigure(errors=NEAREST)


class AnyConsole(Console):
    """A console whose tables are laid out for the characters that it can print."""

    def render_str(self, text: str, **given: Any) -> Text:
        """The text as rich styles it."""
        return super().render_str(plain(text, self.encoding), **given)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_ascii(character) for character in lost), error.end


def _ascii(character: str) -> str:
    known = character.translate(SAME)
    if not known.isascii():
        known = unicodedata.normalize("NFD", character).encode("ascii", "ignore").decode("ascii")
    return known or character.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(NEAREST, _nearest)
