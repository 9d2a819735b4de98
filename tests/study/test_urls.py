"""What is shown of a URL: everything but its password."""

import pytest

from tuning.study.urls import without_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:secret@host:5432/studies", "postgresql://me:***@host:5432/studies"),
        ("mysql+pymysql://me:se/cr:et@host/x", "mysql+pymysql://me:***@host/x"),
        ("http://me:secret@a/b and http://you:hidden@c", "http://me:***@a/b and http://you:***@c"),
        ("sqlite:////data/studies.db", "sqlite:////data/studies.db"),
        ("http://127.0.0.1:5000 is away; write to a@b.c", "http://127.0.0.1:5000 is away; write to a@b.c"),
        ("http://me@host:5000", "http://me@host:5000"),
        ("no URL", "no URL"),
    ],
)
def test_passwords_are_left_out(text: str, shown: str) -> None:
    assert without_password(text) == shown
