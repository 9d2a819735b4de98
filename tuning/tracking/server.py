"""The MLflow that studies are told to: which one it is, and whether it can be told at all."""

import logging
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import sqlalchemy
from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from mlflow.utils.databricks_utils import get_databricks_host_creds
from sqlalchemy.exc import SQLAlchemyError

from tuning.errors import ServerError
from tuning.study import sqlite
from tuning.study.paths import URI_VARIABLE, Home
from tuning.study.urls import without_password
from tuning.tracking.database import make_database
from tuning.tracking.retries import in_few_words

log = logging.getLogger(__name__)

DATABASES = ("postgresql", "mysql", "mssql")
"""Databases that MLflow knows, and asks for an hour where they do not answer."""


def tracking_uri(home: Home) -> str:
    """Where MLflow is: at the place that the environment names, else in the folder of all studies."""
    return os.environ.get(URI_VARIABLE) or home.tracking_uri


def client_of(home: Home) -> MlflowClient:
    """A client of the MLflow that studies are told to; its database is made where there is none."""
    uri = tracking_uri(home)
    if uri == home.tracking_uri:
        make_database(home)
    return MlflowClient(tracking_uri=uri)


def refuse_unusable(home: Home) -> None:
    """Raise ServerError where MLflow could not be told: by what the environment names, or in a database of ours.

    A database is asked whether MLflow can use it, as it can't one of another version. No server is asked yet.
    """
    given = os.environ.get(URI_VARIABLE)
    if not given:
        if home.tracking_database.exists():
            _refuse_ours(home)
        return
    try:
        parts = urlsplit(given)
        scheme = parts.scheme.partition("+")[0] or given
        if scheme in ("http", "https") and not parts.hostname:
            raise ValueError("it names no host")
        if scheme in DATABASES:
            sqlalchemy.create_engine(given).connect().close()
        if scheme == "databricks":
            get_databricks_host_creds(given)  # type: ignore[no-untyped-call]
        # It may name the very database of this folder.
        with sqlite.write_ahead(home.tracking_database):
            client = client_of(home)
            if scheme in (*DATABASES, "sqlite"):
                client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, ImportError, OSError, ValueError) as error:
        reason = without_password(" ".join(str(error).split()))
        raise ServerError(
            f"{URI_VARIABLE}: should be a server, such as http://127.0.0.1:5000, or a database, such as "
            f"sqlite:////data/mlflow.db, is {without_password(given)!r}: {reason}"
        ) from error


def refuse_silent(home: Home) -> None:
    """Raise ServerError where the environment names a server that does not answer, or lets nobody in."""
    uri = os.environ.get(URI_VARIABLE, "")
    if urlsplit(uri).scheme not in ("http", "https"):
        return
    try:
        client_of(home).search_experiments(max_results=1)
    except MlflowException as error:
        why = in_few_words(error)
        hint = " (one that is reached by a name has to be told `--allowed-hosts`)" * (why == "it answers 403")
        raise ServerError(
            f"{URI_VARIABLE}: MLflow at {without_password(uri)} can't be told of studies: {why}{hint}; start it or "
            f"mend the address, leave the variable out for a database in {home.root}, or do without by "
            "`--set tracking=off`"
        ) from error


def _refuse_ours(home: Home) -> None:
    try:
        with sqlite.write_ahead(home.tracking_database):
            client_of(home).search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError) as error:
        raise _unanswered(home, error) from error


def _unanswered(home: Home, error: MlflowException | SQLAlchemyError) -> ServerError:
    uri = without_password(tracking_uri(home))
    if isinstance(error, SQLAlchemyError) or uri.startswith("http"):
        return ServerError(f"MLflow at {uri} can't be asked: {in_few_words(error)}")
    said = without_password(error.message)
    return ServerError(f"MLflow at {uri} can't be asked: {said.replace('<database_uri>', shlex.quote(uri))}")


@contextmanager
def connected(home: Home) -> Iterator[MlflowClient]:
    """A client of MLflow, to ask it something. Raises ServerError where MLflow does not answer."""
    refuse_unusable(home)
    try:
        yield client_of(home)
    except (MlflowException, SQLAlchemyError) as error:
        raise _unanswered(home, error) from error


def restored(client: MlflowClient, name: str) -> Experiment | None:
    """The experiment of this name, brought back where it was deleted, since no other can be given its name."""
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == LifecycleStage.DELETED:
        log.warning("MLflow's experiment %r was deleted; it is brought back", name)
        client.restore_experiment(found.experiment_id)
    return found
