"""Who runs a study: kept in its storage, so that it holds from any machine and any folder that has the storage.

It is an attribute of Optuna's study, which its owner renews every few seconds. Whether an owner is alive is seen
without comparing the clocks of two machines: on its own machine by its process, from another by whether it renews.
"""

import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from tuning.study.optuna_tables import OF_STUDIES

LEASE = "lease"
"""The attribute."""

RENEW_EVERY_S, DEAD_AFTER_S = 5.0, 60.0
"""How often an owner says that it is there, and after how long without that it is gone; where the storage is away,
nobody can take its place either."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owner:
    """A process that runs a study.

    key: its own.
    machine: where it runs, as people call it; boot: of that machine, which no other has.
    process, began: its number there, and when it began as that machine counts, since numbers are used again.
    since: when it took the lease.
    renewed: how often, and `at` when, in seconds since 1970 by the clock of its machine.
    """

    key: str
    machine: str
    boot: str
    process: int
    began: str
    since: str
    renewed: int = 0
    at: float = 0.0

    def __str__(self) -> str:
        return f"process {self.process} on {self.machine}, since {self.since}"

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, a process of this machine."""
        return (self.machine, self.boot) == (socket.gethostname(), _boot())

    @property
    def lives_here(self) -> bool:
        """Whether it is a process of this machine that is alive."""
        return self.is_here and _began(self.process) == self.began


def this_process() -> Owner:
    """This process as an owner."""
    here, number = socket.gethostname(), os.getpid()
    since = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return Owner(uuid.uuid4().hex, here, _boot(), number, _began(number), since, at=time.time())


def seems_alive(kept: Mapping[str, Any] | None) -> bool:
    """Whether the owner of a lease that is kept so is likely to be alive, for who only looks and does not wait.

    Clocks of machines that run a study together are taken to differ by no more than a few minutes.
    """
    if kept is None:
        return False
    owner = Owner(**kept)
    return owner.lives_here if owner.is_here else time.time() - owner.at < 5 * DEAD_AFTER_S


def _boot() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _began(process: int) -> str:
    """When a process of this machine began; empty where there is none."""
    with suppress(OSError):
        # Its name, in brackets, may have anything in it.
        return (
            Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
        )
    return ""


class Lease:
    """The lease of one study."""

    def __init__(
        self,
        engine: Engine,
        study_id: int,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """engine, study_id: where it is kept. now, sleep: a clock, and how it is waited."""
        self._engine, self._study_id, self._now, self._sleep = engine, study_id, now, sleep
        self._table = sqlalchemy.table(OF_STUDIES, *map(sqlalchemy.column, ("study_id", "key", "value_json")))

    @contextmanager
    def held(self, lost: Callable[[], None], say: Callable[[str], None] = lambda line: None) -> Iterator[Owner | None]:
        """Hold it; yields who else does, or None where it is this process.

        lost: called, by another thread, where somebody else has taken it, as nothing was heard of this process.
        say: tells a person what is waited for.
        """
        ours = this_process()
        other = self._taken(ours, say)
        if other is not None:
            yield other
            return
        ended = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(ours, ended, lost), name="lease", daemon=True)
        renewing.start()
        try:
            yield None
        finally:
            ended.set()
            renewing.join(2 * RENEW_EVERY_S)
            with suppress(SQLAlchemyError):  # whoever comes next sees that this process is gone
                self._give_back(ours.key)

    def owner(self) -> Owner | None:
        """Who has taken it last and not given it back."""
        kept = self._read()
        return None if kept is None else _owner(kept)

    def _taken(self, ours: Owner, say: Callable[[str], None]) -> Owner | None:
        """Take it, once who has it is known to be gone; else return who that is."""
        while True:
            before = self._read()
            owner = None if before is None else _owner(before)
            if owner is not None and self._is_alive(owner, say):
                return owner
            if self._write(before, ours):
                return None

    def _is_alive(self, owner: Owner, say: Callable[[str], None]) -> bool:
        """Whether an owner is; takes a while where it is on another machine."""
        if owner.is_here:
            return owner.lives_here
        say(f"waits for up to {DEAD_AFTER_S:.0f} s to see whether it is still run: {owner}")
        until = self._now() + DEAD_AFTER_S
        while self._now() < until:
            self._sleep(1.0)
            there = self.owner()
            if there is None:
                return False
            if (there.key, there.renewed) != (owner.key, owner.renewed):
                return True
        return False

    def _renew(self, ours: Owner, ended: threading.Event, lost: Callable[[], None]) -> None:
        while not ended.wait(RENEW_EVERY_S):
            renewed = replace(ours, renewed=ours.renewed + 1, at=time.time())
            try:
                kept = self._write(_text(ours), renewed)
            except SQLAlchemyError as error:
                log.warning("the lease could not be renewed: %s", type(error).__name__)
                continue
            if kept:
                ours = renewed
            elif not ended.is_set() and (self.owner() or ours).key != ours.key:
                log.error("another process has taken the lease")
                lost()
                return

    def _read(self) -> str | None:
        table = self._table.c
        of_this = (table.study_id == self._study_id) & (table.key == LEASE)
        with self._engine.connect() as connection:
            kept: str | None = connection.execute(sqlalchemy.select(table.value_json).where(of_this)).scalar()
        return kept

    def _write(self, before: str | None, owner: Owner) -> bool:
        """Write an owner where nobody else has written since; whether that was so."""
        table, values = self._table, {"value_json": _text(owner)}
        try:
            with self._engine.begin() as connection:
                if before is None:
                    connection.execute(table.insert().values(study_id=self._study_id, key=LEASE, **values))
                    return True
                same = (table.c.study_id == self._study_id) & (table.c.key == LEASE) & (table.c.value_json == before)
                return connection.execute(table.update().where(same).values(**values)).rowcount == 1
        except IntegrityError:
            return False

    def _give_back(self, key: str) -> None:
        owner = self.owner()
        if owner is not None and owner.key == key:
            table = self._table
            with self._engine.begin() as connection:
                connection.execute(table.delete().where((table.c.study_id == self._study_id) & (table.c.key == LEASE)))


def _text(owner: Owner) -> str:
    return json.dumps(asdict(owner))


def _owner(text: str) -> Owner:
    return Owner(**json.loads(text))
