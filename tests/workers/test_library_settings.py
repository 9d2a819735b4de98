"""Libraries are quiet during a run, and everything is as it was when it has ended."""

import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import pytest

from tuning.workers import library_settings
from tuning.workers.cluster_access import Answer
from tuning.workers.library_settings import SETTINGS, bring_rays_token, during_a_run, keep_ray_private


def test_variables_are_set_for_the_time_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "5")
    monkeypatch.setenv("TAKEN_AWAY", "yes")
    before = dict(os.environ)
    with during_a_run():
        assert {name: os.environ[name] for name in SETTINGS} == {**SETTINGS, "MLFLOW_HTTP_REQUEST_TIMEOUT": "5"}
        os.environ["RAY_SOMETHING"] = "set by Ray"
        del os.environ["TAKEN_AWAY"]
    assert dict(os.environ) == before


def test_loggers_are_quiet_for_the_time_of_a_run() -> None:
    loggers = [logging.getLogger(name) for name in ("ray", "mlflow", "alembic", "optuna", "ray.tune.tune")]
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.INFO)
    levels = [each.level for each in loggers]
    with suppress(KeyboardInterrupt), during_a_run():
        assert not any(each.isEnabledFor(logging.WARNING) for each in loggers)
        raise KeyboardInterrupt
    assert [each.level for each in loggers] == levels
    optuna.logging.set_verbosity(before)


def test_handlers_of_signals_that_a_library_leaves_are_taken_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with during_a_run():
        signal.signal(signal.SIGINT, lambda number, frame: None)
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_in_a_thread_leaves_signals_alone() -> None:
    def run() -> Any:
        with during_a_run():
            return signal.getsignal(signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run).result() is signal.getsignal(signal.SIGINT)


def test_the_command_has_a_ray_of_its_own_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
        monkeypatch.setenv(name, "")  # so that it is taken back at the end
    keep_ray_private()
    first = os.environ["RAY_AUTH_TOKEN"]
    assert (os.environ["RAY_AUTH_MODE"], os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"]) == ("token", "0")
    keep_ray_private()
    assert len({first, os.environ["RAY_AUTH_TOKEN"], ""}) == 3


@pytest.mark.parametrize(
    ("there", "asked_for", "mode", "shown"),
    [
        (None, True, None, None),
        ("file", True, None, "token"),
        ("file", False, None, None),
        ("RAY_AUTH_TOKEN", True, None, "token"),
        ("RAY_AUTH_TOKEN_PATH", True, None, "token"),
        ("file", True, "disabled", "disabled"),
        (None, False, "token", "token"),
    ],
)
def test_a_cluster_is_shown_the_token_that_there_is(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    there: str | None,
    asked_for: bool,
    mode: str | None,
    shown: str | None,
) -> None:
    answer = Answer("closed" if asked_for else "open")
    monkeypatch.setattr(library_settings, "without_token", lambda address: answer)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.setenv(name, "")  # so that it is taken back at the end
        monkeypatch.delenv(name)
    if there == "file":
        (tmp_path / ".ray").mkdir()
        (tmp_path / ".ray" / "auth_token").write_text("a" * 32)
    elif there is not None:
        monkeypatch.setenv(there, "a" * 32)
    if mode is not None:
        monkeypatch.setenv("RAY_AUTH_MODE", mode)
    bring_rays_token("127.0.0.1:6379")
    assert os.environ.get("RAY_AUTH_MODE") == shown
    os.environ.pop("RAY_AUTH_MODE", None)
