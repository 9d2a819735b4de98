"""Optuna's own tables, written a batch at a time: all of a batch reaches the database in one transaction, or nothing.

Optuna's storage makes a transaction of each parameter, attribute and value, and each takes several milliseconds. A leg
needs dozens of them, and a process that is killed between two of them leaves it half recorded. Optuna has no public way
to write several at once.

Seen in Optuna 5.0.0: the names of the tables and columns, how values and times are written. The types of the columns
are read from the database itself. tests/study/test_optuna_tables.py compares with what Optuna writes.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy
from optuna.distributions import distribution_to_json
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Connection, Engine, MetaData, Table

from tuning.study.patience import Patience

TRIALS, PARAMETERS, VALUES, CURVES = "trials", "trial_params", "trial_values", "trial_intermediate_values"
OF_TRIALS, OF_SAMPLERS, OF_STUDIES = "trial_user_attributes", "trial_system_attributes", "study_user_attributes"
FINITE = "FINITE"
"""How Optuna marks a value that is a finite number."""

GOING = (TrialState.RUNNING.name, TrialState.WAITING.name)


class AlreadyEnded(RuntimeError):
    """A trial that had ended was to be ended again: two processes run the same study."""


@dataclass
class _Batch:
    """What is to be written. Trials are known by their numbers."""

    begun: list[FrozenTrial] = field(default_factory=list)
    attributes: dict[tuple[int, str], Any] = field(default_factory=dict)
    of_study: dict[str, Any] = field(default_factory=dict)
    curves: dict[tuple[int, int], float] = field(default_factory=dict)
    values: dict[tuple[int, int], float] = field(default_factory=dict)
    states: dict[int, TrialState] = field(default_factory=dict)


class Tables:
    """The rows of one study."""

    def __init__(self, engine: Engine, study_id: int, patience: Patience | None = None) -> None:
        """engine, study_id: where it is kept. patience: with a storage that is away."""
        self._engine, self._study_id, self._patience = engine, study_id, patience or Patience()
        names = (TRIALS, PARAMETERS, VALUES, CURVES, OF_TRIALS, OF_SAMPLERS, OF_STUDIES)
        # Without the tables that these refer to: nothing is written to them here.
        known = MetaData()
        known.reflect(engine, only=names, resolve_fks=False)
        self._tables: Mapping[str, Table] = known.tables
        self._ids: dict[int, int] = {}
        # Each thread that writes has a batch of its own.
        self._open = threading.local()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """What this thread writes within reaches the database when it ends, and nothing does if it ends in an error.

        One within another is a part of it.
        """
        if getattr(self._open, "batch", None) is not None:
            yield
            return
        self._open.batch = batch = _Batch()
        try:
            yield
        finally:
            self._open.batch = None
        if batch != _Batch():
            self._patience.insist(lambda: self._write(batch), lambda: self._is_written(batch) or None)

    @contextmanager
    def _batch(self) -> Iterator[_Batch]:
        with self.at_once():
            yield self._open.batch

    def begin(self, trial: FrozenTrial) -> None:
        """Add a trial, with its parameters and attributes."""
        with self._batch() as batch:
            batch.begun.append(trial)

    def set_attribute(self, number: int, key: str, value: Any) -> None:
        """Set an attribute of a trial in any state, to a value that JSON has."""
        with self._batch() as batch:
            batch.attributes[number, key] = value

    def set_study_attribute(self, key: str, value: Any) -> None:
        """Set an attribute of the study, to a value that JSON has."""
        with self._batch() as batch:
            batch.of_study[key] = value

    def set_state(self, number: int, state: TrialState) -> None:
        """Let a trial run, or wait."""
        with self._batch() as batch:
            batch.states[number] = state

    def end(self, number: int, state: TrialState, values: list[float], curve: Mapping[int, float]) -> None:
        """End a trial. Raises AlreadyEnded, when the batch is written, if it had ended before.

        number: of the trial.
        state: complete, pruned or failed.
        values: of the objectives, all finite; none where it has no value.
        curve: step -> value, all finite.
        """
        with self._batch() as batch:
            batch.states[number] = state
            batch.values.update({(number, objective): value for objective, value in enumerate(values)})
            batch.curves.update({(number, step): value for step, value in curve.items()})

    def _is_written(self, batch: _Batch) -> bool:
        """Whether a batch that broke off at its end has reached the database; one that may be written twice has not."""
        ends = {number: state for number, state in batch.states.items() if state.is_finished()}
        wanted = {**{trial.number: None for trial in batch.begun}, **ends}
        if not wanted:
            return False
        table = self._tables[TRIALS]
        these = (table.c.study_id == self._study_id) & table.c.number.in_(wanted)
        with self._engine.connect() as connection:
            there = dict(connection.execute(sqlalchemy.select(table.c.number, table.c.state).where(these)).all())
        return all(number in there and state in (None, TrialState[there[number]]) for number, state in wanted.items())

    def _write(self, batch: _Batch) -> bool:
        """Write a batch; true, as it is done."""
        with self._engine.begin() as connection:
            self._insert_trials(connection, batch.begun)
            numbers = {number for number, _ in (*batch.attributes, *batch.values, *batch.curves)} | batch.states.keys()
            ids = self._known_ids(connection, numbers)
            self._replace(
                connection,
                OF_TRIALS,
                [
                    {"trial_id": ids[number], "key": key, "value_json": json.dumps(value)}
                    for (number, key), value in batch.attributes.items()
                ],
            )
            self._replace(
                connection,
                OF_STUDIES,
                [
                    {"study_id": self._study_id, "key": key, "value_json": json.dumps(value)}
                    for key, value in batch.of_study.items()
                ],
            )
            self._insert(
                connection,
                CURVES,
                [
                    {
                        "trial_id": ids[number],
                        "step": step,
                        "intermediate_value": value,
                        "intermediate_value_type": FINITE,
                    }
                    for (number, step), value in batch.curves.items()
                ],
            )
            self._insert(
                connection,
                VALUES,
                [
                    {"trial_id": ids[number], "objective": objective, "value": value, "value_type": FINITE}
                    for (number, objective), value in batch.values.items()
                ],
            )
            for state in set(batch.states.values()):
                self._update_states(connection, {ids[n]: n for n, each in batch.states.items() if each == state}, state)
        return True

    def _insert_trials(self, connection: Connection, trials: list[FrozenTrial]) -> None:
        table = self._tables[TRIALS]
        begun = [
            {
                "study_id": self._study_id,
                "number": trial.number,
                "state": trial.state.name,
                "datetime_start": _utc(trial.datetime_start or datetime.now()),
            }
            for trial in trials
        ]
        if begun:
            keys = connection.execute(table.insert().returning(table.c.number, table.c.trial_id), begun)
            self._ids.update((number, key) for number, key in keys)
        rows: dict[str, list[dict[str, Any]]] = {PARAMETERS: [], OF_TRIALS: [], OF_SAMPLERS: []}
        for trial in trials:
            key = self._ids[trial.number]
            rows[PARAMETERS] += [
                {
                    "trial_id": key,
                    "param_name": name,
                    "param_value": distribution.to_internal_repr(trial.params[name]),
                    "distribution_json": distribution_to_json(distribution),
                }
                for name, distribution in trial.distributions.items()
            ]
            for kind, kept in ((OF_TRIALS, trial.user_attrs), (OF_SAMPLERS, trial.system_attrs)):
                rows[kind] += [
                    {"trial_id": key, "key": name, "value_json": json.dumps(value)} for name, value in kept.items()
                ]
        for name, several in rows.items():
            self._insert(connection, name, several)

    def _insert(self, connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            connection.execute(self._tables[name].insert(), rows)

    def _replace(self, connection: Connection, name: str, rows: list[dict[str, Any]]) -> None:
        """Write rows of attributes in place of those with the same keys."""
        table = self._tables[name]
        owner = "study_id" if "study_id" in table.c else "trial_id"
        if rows:
            same = (table.c[owner] == sqlalchemy.bindparam("owner")) & (table.c.key == sqlalchemy.bindparam("name"))
            connection.execute(table.delete().where(same), [{"owner": row[owner], "name": row["key"]} for row in rows])
            self._insert(connection, name, rows)

    def _update_states(self, connection: Connection, numbers: Mapping[int, int], state: TrialState) -> None:
        """Set the state of trials. numbers: key in the database -> number of the trial."""
        table = self._tables[TRIALS]
        values = {"state": state.name} | ({"datetime_complete": _utc(datetime.now())} if state.is_finished() else {})
        going = table.c.trial_id.in_(numbers) & table.c.state.in_(GOING)
        left = {numbers[each] for (each,) in connection.execute(sqlalchemy.select(table.c.trial_id).where(going))}
        if connection.execute(table.update().where(going).values(values)).rowcount != len(numbers):
            ended = ", ".join(str(number) for number in sorted(set(numbers.values()) - left))
            raise AlreadyEnded(f"trials that have ended already: {ended}; is the study run by another process?")

    def _known_ids(self, connection: Connection, numbers: set[int]) -> dict[int, int]:
        """The keys in the database of these trials: number -> key."""
        if not numbers <= self._ids.keys():
            table = self._tables[TRIALS]
            rows = connection.execute(
                sqlalchemy.select(table.c.number, table.c.trial_id).where(table.c.study_id == self._study_id)
            )
            self._ids.update((number, trial_id) for number, trial_id in rows)
        return {number: self._ids[number] for number in numbers}


def _utc(local: datetime) -> datetime:
    """The time as Optuna keeps it: in UTC, without a time zone."""
    return local.astimezone(UTC).replace(tzinfo=None)
