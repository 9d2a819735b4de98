"""What is shown of a URL: everything but its password."""

from pathlib import Path

import pytest

from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.study.urls import expanded, without_password


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql://me:secret@host:5432/studies", "postgresql://me:***@host:5432/studies"),
        ("mysql+pymysql://me:se/cr:et@host/x", "mysql+pymysql://me:***@host/x"),
        ("http://me:secret@a/b and http://you:hidden@c", "http://me:***@a/b and http://you:***@c"),
        ("sqlite:////data/studies.db", "sqlite:////data/studies.db"),
        ("http://127.0.0.1:5000 is away; write to a@b.c", "http://127.0.0.1:5000 is away; write to a@b.c"),
        ("http://me@host:5000", "http://me@host:5000"),
        (
            "postgresql:///studies?user=me&password=se:cret&sslmode=require",
            "postgresql:///studies?user=me&password=***&sslmode=require",
        ),
        ("no URL", "no URL"),
    ],
)
def test_passwords_are_left_out(text: str, shown: str) -> None:
    assert without_password(text) == shown


@pytest.mark.parametrize(
    "name",
    ["50% done", "%41x", "a%2Fb", "what?", "a?b=c", "a#b", "sp ace", "日本", "[br]{ace}", "{0}", "~", "a'b;c:d@e\\f&g"],
)
def test_a_root_may_have_any_name(tmp_path: Path, name: str) -> None:
    home = Home.at(tmp_path / name)
    assert not catalogue.names(home, home.storage_url)
    catalogue.storage(home.storage_url)
    assert home.database.is_file()
    assert [each.name for each in tmp_path.iterdir()] == [name]


def test_a_tilde_is_the_home_folder_wherever_studies_are_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "50%25 ?"))
    monkeypatch.chdir(tmp_path)
    at_home = tmp_path / "50%25 ?"
    assert Home.at("~/x").root == at_home / "x"
    monkeypatch.setenv("LOCKSTEP_ROOT", "~/runs")
    assert Home.at(None).root == at_home / "runs"
    catalogue.storage("sqlite:///~/some/studies.db")
    assert (at_home / "some" / "studies.db").is_file()
    assert not (tmp_path / "~").exists()
    for other in ("sqlite:////data/~/x.db", "postgresql://~/x", "sqlite:///runs/~x.db", "sqlite://"):
        assert expanded(other) == other
