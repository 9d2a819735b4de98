"""The MLflow that studies are told to: which one it is, and whether it can be told at all."""

import logging
import os
from urllib.parse import urlsplit

import sqlalchemy
from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from tuning.errors import ServerError
from tuning.study import sqlite
from tuning.study.paths import URI_VARIABLE, Home

log = logging.getLogger(__name__)

DATABASES = ("postgresql", "mysql", "mssql")
"""Those that MLflow knows and asks, where they do not answer, for an hour."""


def tracking_uri(home: Home) -> str:
    """The MLflow that is told: the environment's, else the study folder's own."""
    return os.environ.get(URI_VARIABLE) or home.tracking_uri


def refuse_unusable(home: Home) -> None:
    """Raises ServerError where MLflow can't be told by what the environment says. No server is asked yet."""
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
            with sqlite.write_ahead(home.tracking_database):
                MlflowClient(tracking_uri=given)
    except (MlflowException, SQLAlchemyError, ImportError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise ServerError(
            f"{URI_VARIABLE}: should be a server, such as http://127.0.0.1:5000, or a database, such as "
            f"sqlite:////data/mlflow.db, is {sqlite.without_password(given)!r}: {reason}"
        ) from error


def restored(client: MlflowClient, name: str) -> Experiment | None:
    """The experiment of this name, brought back where it was deleted: its name can't be given to another one."""
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage == LifecycleStage.DELETED:
        log.warning("MLflow's experiment %r was deleted; it is brought back", name)
        client.restore_experiment(found.experiment_id)
    return found
