"""URLs of databases and servers as they may be shown: without the password that one may hold."""

import re

_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@\s]*@")


def without_password(text: str) -> str:
    """The URL, or the message with URLs in it, with every password in them as `***`."""
    return _PASSWORD.sub(r"\1:***@", text)
