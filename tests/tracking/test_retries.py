"""Writes to MLflow: which are tried again and for how long, and what is counted. The clock is the test's own."""

import logging

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import (
    ENDPOINT_NOT_FOUND,
    PERMISSION_DENIED,
    RESOURCE_DOES_NOT_EXIST,
    TEMPORARILY_UNAVAILABLE,
)
from tracked import Clock

from tuning.tracking.retries import PERSISTENCE, Writes, in_few_words
from tuning.tracking.yielding import RightOfWay

AWAY = MlflowException("the server is away\nfor now", TEMPORARILY_UNAVAILABLE)
REFUSED = MlflowException("no such run\nat all", RESOURCE_DOES_NOT_EXIST)


class Server:
    """Takes a write after it has failed with each of these, and knows when it was asked."""

    def __init__(self, clock: Clock, *failures: Exception) -> None:
        self._clock, self._failures = clock, list(failures)
        self.asked_at: list[float] = []

    def __call__(self) -> str:
        self.asked_at.append(self._clock())
        if self._failures:
            raise self._failures.pop(0)
        return "taken"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def way(clock: Clock) -> RightOfWay:
    return RightOfWay(clock, clock.sleep)


@pytest.fixture
def writes(clock: Clock, way: RightOfWay) -> Writes:
    return Writes(way, clock=clock, sleep=clock.sleep)


@pytest.mark.parametrize(
    "failure",
    [
        AWAY,
        MlflowException("without a code"),
        MlflowException("a token has run out", PERMISSION_DENIED),
        MlflowException("a proxy answers in its place", ENDPOINT_NOT_FOUND),
        ConnectionError("refused"),
        TimeoutError("timed out"),
    ],
)
def test_a_write_that_fails_for_a_while_is_tried_again_ever_later(
    writes: Writes, clock: Clock, failure: Exception
) -> None:
    server = Server(clock, *[failure] * 9)
    assert writes.insist(server) == "taken"
    waits = [after - before for before, after in zip(server.asked_at, server.asked_at[1:], strict=False)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 5.0, 5.0]
    assert (writes.away, writes.untold) == (False, 0)


def test_what_mlflow_refuses_is_not_tried_again_and_counted(writes: Writes, clock: Clock) -> None:
    server = Server(clock, REFUSED)
    assert writes.insist(server) is None
    assert server.asked_at == [0.0]
    assert (writes.away, writes.untold, writes.why) == (False, 1, "no such run")
    assert writes.insist(server) == "taken"


def test_what_is_wrong_with_the_write_itself_is_raised(writes: Writes, clock: Clock) -> None:
    with pytest.raises(ValueError, match="of ours"):
        writes.insist(Server(clock, ValueError("a mistake of ours")))


def test_once_the_time_is_up_a_server_that_is_away_is_not_asked_again(writes: Writes, clock: Clock) -> None:
    writes.give_up_in(10.0)
    first, later = Server(clock, *[AWAY] * 99), Server(clock)
    assert writes.insist(first) is None
    assert first.asked_at == [0.0, 0.5, 1.5, 3.5, 7.5], "the next try would be too late"
    assert (writes.away, writes.untold) == (True, 1)
    clock.sleep(2.0)
    assert writes.insist(later) == "taken", "there is time left"
    assert writes.insist(Server(clock, *[AWAY] * 99)) is None
    clock.sleep(1.0)
    asked = len(later.asked_at)
    assert writes.insist(later) is None
    assert (len(later.asked_at), writes.untold) == (asked, 3)


def test_once_the_time_is_up_nothing_is_written_to_a_server_that_is_slow_either(writes: Writes, clock: Clock) -> None:
    writes.give_up_in(1.0)
    assert writes.insist(Server(clock)) == "taken"
    clock.sleep(1.1)
    assert writes.given_up
    assert writes.insist(late := Server(clock)) is None
    assert (late.asked_at, writes.untold) == ([], 1)


def test_whoever_only_tells_gives_up_so_long_after_the_last_write_that_was_taken(way: RightOfWay, clock: Clock) -> None:
    writes = Writes(way, PERSISTENCE, clock, clock.sleep)
    writes.give_up_in(10.0)
    for _ in range(5):
        clock.sleep(9.0)
        assert writes.insist(Server(clock)) == "taken"
    assert writes.insist(Server(clock, *[AWAY] * 99)) is None
    assert clock.now < 60.0


def test_what_nothing_else_should_wait_for_is_tried_a_few_times(writes: Writes, clock: Clock) -> None:
    server = Server(clock, *[AWAY] * 99)
    assert writes.insist(server, tries=3) is None
    assert (len(server.asked_at), writes.untold) == (3, 1)
    assert writes.insist(Server(clock), tries=3) == "taken"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("HTTPConnectionPool(host='127.0.0.1', port=5): Max retries exceeded (Caused by NewConnectionError("
         "'<connection at 0x7>: Failed to establish a new connection: [Errno 111] Connection refused'))",
         "connection refused"),
        ("HTTPConnectionPool(host='a', port=5): Read timed out. (read timeout=20)", "it does not answer in time"),
        ("API request to endpoint /api failed with error code 403 != 200. Response body: 'no'", "it answers 403"),
        ("x (Caused by ResponseError('too many 500 error responses'))", "it answers 500"),
        ("('Connection aborted.', RemoteDisconnected('Remote end closed connection'))", "it hangs up"),
        ("(sqlite3.OperationalError) database or disk is full\n[SQL: INSERT]",
         "(sqlite3.OperationalError) database or disk is full"),
        ("http://me:secret@host is away", "http://me:***@host is away"),
    ],
)  # fmt: skip
def test_why_a_write_was_not_taken_is_said_in_a_line(said: str, words: str) -> None:
    assert in_few_words(MlflowException(said)) == words


def test_whoever_waits_no_longer_has_no_write_begun_that_a_later_life_would_make_as_well(clock: Clock) -> None:
    tries: list[str] = []

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        writes.abandon()

    def away() -> None:
        tries.append("away")
        raise ConnectionError

    writes = Writes(RightOfWay(clock, clock.sleep), clock=clock, sleep=sleep)
    assert writes.insist(away) is None
    assert writes.insist(lambda: tries.append("another")) is None
    assert (tries, writes.untold) == (["away"], 2)


def test_the_runs_that_lack_something_are_counted(writes: Writes, clock: Clock) -> None:
    for number, failures in ((0, []), (1, [REFUSED, REFUSED]), (None, [REFUSED])):
        with writes.of(number):
            writes.insist(server := Server(clock, *failures))
            writes.insist(server)
    assert (writes.untold, writes.lacking) == (3, {1, None})
    writes.lack([1, 2, 3], "no parent")
    assert (writes.untold, writes.lacking, writes.why) == (6, {1, 2, 3, None}, "no parent")


def test_the_search_goes_first_before_each_write(writes: Writes, way: RightOfWay, clock: Clock) -> None:
    clock.sleep(100.0)
    way.take(0.3)
    server = Server(clock)
    writes.insist(server)
    assert server.asked_at == [pytest.approx(100.3, abs=0.006)]


def test_a_password_is_neither_logged_nor_said(writes: Writes, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    writes.give_up_in(1.0)
    with caplog.at_level(logging.WARNING):
        writes.insist(Server(clock, *[ConnectionError("http://me:secret@host:5000/api is away")] * 9))
    assert len(caplog.messages) == 2
    assert "secret" not in caplog.text
    assert writes.why == "http://me:***@host:5000/api is away"
