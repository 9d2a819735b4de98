"""The MLflow that studies are told to: which one it is, and whether it can be told at all."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import sqlalchemy
from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from tuning.errors import ServerError
from tuning.study import sqlite
from tuning.study.paths import URI_VARIABLE, Home
from tuning.study.urls import without_password
from tuning.tracking.database import make_database

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
    """Raise ServerError where the environment names no MLflow that could be told. No server is asked yet."""
    given = os.environ.get(URI_VARIABLE)
    if not given:
        return
    try:
        parts = urlsplit(given)
        if parts.scheme in ("http", "https") and not parts.hostname:
            raise ValueError("it names no host")
        if parts.scheme.partition("+")[0] in DATABASES:
            sqlalchemy.create_engine(given).connect().close()
        else:
            # It may name the very database of this folder.
            with sqlite.write_ahead(home.tracking_database):
                client_of(home)
    except (MlflowException, SQLAlchemyError, ImportError, OSError, ValueError) as error:
        reason = without_password(" ".join(str(error).split()))
        raise ServerError(
            f"{URI_VARIABLE}: should be a server, such as http://127.0.0.1:5000, or a database, such as "
            f"sqlite:////data/mlflow.db, is {without_password(given)!r}: {reason}"
        ) from error


@contextmanager
def connected(home: Home) -> Iterator[MlflowClient]:
    """A client of MLflow, to ask it something. Raises ServerError where MLflow does not answer."""
    refuse_unusable(home)
    uri = tracking_uri(home)
    try:
        yield client_of(home)
    except (MlflowException, SQLAlchemyError) as error:
        said = without_password(str(error).partition("\n")[0] if isinstance(error, SQLAlchemyError) else error.message)
        raise ServerError(f"MLflow at {without_password(uri)} can't be asked: {said}") from error


def restored(client: MlflowClient, name: str) -> Experiment | None:
    """The experiment of this name, brought back where it was deleted, since no other can be given its name."""
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == LifecycleStage.DELETED:
        log.warning("MLflow's experiment %r was deleted; it is brought back", name)
        client.restore_experiment(found.experiment_id)
    return found
