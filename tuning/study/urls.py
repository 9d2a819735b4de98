"""URLs of databases and servers: of files of any name, and as they may be shown, without the password in them."""

import os
import re
from importlib.util import find_spec
from pathlib import Path

_ESCAPED = re.compile(r"\?|%(?=[0-9A-Fa-f]{2})")
"""What would end a path in a URL, or be read as an escaped character. No more: MLflow makes an empty folder of the name
that a path has in the URL."""
_HOME = re.compile(r"^(sqlite[^:/]*:///)(~[^/?]*)")
_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")
_NAMED_PASSWORD = re.compile(r"([?&\s]password=)[^&\s]+")
_POSTGRESQL = re.compile(r"^postgres(ql)?://")


def of_database(path: Path) -> str:
    """The URL of an SQLite database, whatever its folder is called."""
    return f"sqlite:///{_escaped(str(path))}"


def expanded(url: str) -> str:
    """The URL with the home folder in place of the `~` that the path of an SQLite database may begin with."""
    return _HOME.sub(lambda found: found[1] + _escaped(os.path.expanduser(found[2])), url)


def _escaped(path: str) -> str:
    return _ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", path)


def without_password(text: str) -> str:
    """The URL, or the message with URLs in it, with every password in them as `***`."""
    return _NAMED_PASSWORD.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))


def with_driver(url: str) -> str:
    """The URL of a PostgreSQL database, if it names no driver, with that of the extra `postgres`; SQLAlchemy would take
    an older one."""
    return url if find_spec("psycopg2") is not None else _POSTGRESQL.sub("postgresql+psycopg://", url)
