"""Ray, MLflow and Optuna as a run needs them: they speak only when something is wrong, and to nobody else."""

import logging
import os
import secrets
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tuning.workers.cluster_access import without_token

SETTINGS: Mapping[str, str] = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    # Of each run that ends on a server it prints an address, among it a password that the server's may have.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A server that is away is asked again by tracking/retries.py, which knows when to stop; MLflow goes on for minutes.
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
"""Environment variables that are set during a run, where the person has not set them."""

_LEVELS: Mapping[str, int] = {
    **dict.fromkeys(("ray", "mlflow", "alembic", "optuna"), logging.ERROR),
    # It logs the whole of each error of a database that it raises as well, as where the disk is full.
    "mlflow.store.db.utils": logging.CRITICAL,
    # It says of every leg that failed that it did; the study says why.
    "ray.tune.tune": logging.CRITICAL,
    # In a notebook it says which packages it would show more with.
    "ray.widgets": logging.ERROR,
}


@contextmanager
def during_a_run() -> Iterator[None]:
    """Sets up the libraries for a run, and puts everything back at the end.

    What is put back: environment variables, the levels of loggers, and signal handlers. What a library reads only when
    it is imported stays as the first run of a process has it: MLflow reports to nobody how it is used.
    """
    variables = {name: value for name, value in SETTINGS.items() if name not in os.environ}
    if named := os.environ.get("LOCKSTEP_CACHE"):
        # Workers are in folders of their own.
        variables["LOCKSTEP_CACHE"] = os.path.abspath(named)
    with _environment(variables), _logger_levels(), _signal_handlers():
        yield


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets these; at the end all are as before, also those that the libraries have set for themselves."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _logger_levels() -> Iterator[None]:
    import optuna  # noqa: F401  it sets its level when it is imported, and would take back ours

    before = {name: logging.getLogger(name).level for name in _LEVELS}
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _signal_handlers() -> Iterator[None]:
    """Ray and Ray Tune leave theirs behind; the next Ctrl-C would be logged and otherwise lost."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's, and Tune leaves them alone elsewhere
        return
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    try:
        yield
    finally:
        for each, handler in before.items():
            if handler is not None:  # one that was not set from Python can't be set again from there
                signal.signal(each, handler)


def bring_rays_token(address: str) -> None:
    """Has this process show Ray's token to a cluster, where there is a token and the cluster asks for one.

    `ray start` asks for a token as soon as the home folder has one, while a driver shows one only if it is told to. A
    driver that shows one to a cluster which does not ask is let in, and then given no workers.

    Only for a process of our own, as `keep_ray_private`.
    """
    there = "RAY_AUTH_TOKEN" in os.environ or "RAY_AUTH_TOKEN_PATH" in os.environ
    there = there or os.path.isfile(os.path.expanduser("~/.ray/auth_token"))
    if "RAY_AUTH_MODE" not in os.environ and there and without_token(address).answer == "closed":
        os.environ["RAY_AUTH_MODE"] = "token"


def keep_ray_private() -> None:
    """Keeps a Ray that this process will start to this machine and this process, for as long as the process lives.

    Only for a process of our own, the command's, and before Ray is imported: Ray reads these once. In a process that is
    somebody else's they would decide for every Ray that it ever uses.
    """
    # Without this Ray listens on every interface, even alone on a machine; the name says what it was made for.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    # A token of this run's own, in no file: no other user of the machine can give the workers anything to do.
    os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"] = "token", secrets.token_hex(32)
