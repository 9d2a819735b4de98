"""The libraries we stand on, told to speak only when something is wrong, and never to anyone else, nor to wait long."""

import logging
import os
import secrets

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A server that is away is asked again by mlflow_writes.py, which knows when to stop; MLflow goes on for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "RAY_AIR_NEW_OUTPUT": "0",
    # Errors of trials are in the study, with the path of the whole.
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    # Tune's own result files of every leg; nothing of ours reads them, and they cost half of a short leg.
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    # Workers have a core each, and inherit this; threads of NumPy's beside them wait for one more than they compute.
    "OPENBLAS_NUM_THREADS": "1",
}


def hush(own_ray: bool = True) -> None:
    """To be called before Ray, Optuna or MLflow is imported: they read what is set here when they are.

    own_ray: whether the workers will be this machine's own, and not those of a cluster that runs already.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if named := os.environ.get("LOCKSTEP_CACHE"):
        # Workers are in other folders than a person who names one.
        os.environ["LOCKSTEP_CACHE"] = os.path.abspath(named)
    if own_ray:
        # Without this Ray listens on every interface, even alone on a machine; the name says what it was made for.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        # A token of this run's own, in no file: no other user of the machine can give the workers anything to do.
        os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"] = "token", secrets.token_hex(32)
    for library in ("ray", "mlflow", "alembic", "optuna"):
        logging.getLogger(library).setLevel(logging.ERROR)
    # It says of every leg that failed that it did; the study says why.
    logging.getLogger("ray.tune.tune").setLevel(logging.CRITICAL)
