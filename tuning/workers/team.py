"""The workers: a Ray of our own on this machine, or a cluster that runs already."""

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import ray

from tuning.errors import WorkersError
from tuning.search.leg_source import LegSource
from tuning.study.study import Study
from tuning.sweep.sections import Workers
from tuning.workers import borrowed, cluster_access, cores, ray_folder, room
from tuning.workers.deferred_interrupt import deferred_interrupt
from tuning.workers.training import train

log = logging.getLogger(__name__)

OBJECT_STORE_BYTES = 128 * 2**20
"""Legs and reports are small; nothing else is stored."""


@dataclass(frozen=True)
class Team:
    """Workers that are there to train: how many packs at a time, and what each has of the machine."""

    count: int
    cpus: float
    gpus: float

    def train(self, study: Study, source: LegSource[Any]) -> None:
        """Train what a source hands out for a study, until it is exhausted, or interrupted."""
        train(study, source, self.count, {"cpu": self.cpus, "gpu": self.gpus})


@contextmanager
def open_team(wanted: Workers, address: str | None = None) -> Iterator[Team]:
    """Ray, as long as it is needed; one that this process has initialised before is used, and left running.

    address: of a running cluster, `auto` for the one of this machine.
    Raises WorkersError where there is no such cluster, or not enough of what a worker needs.
    """
    with borrowed.said_to(_log):
        if ray.is_initialized():
            yield _of_this_process(wanted, address)
        elif address is None:
            yield from _own(wanted)
        else:
            yield from _of_cluster(wanted, address)


def _log(line: str) -> None:
    """The study says what became of the trials of workers that died."""
    log.warning("Ray: %s", line)


def begins_ray(address: str | None) -> bool:
    """Whether the workers will be those of a Ray that is begun here for them alone."""
    return address is None and not ray.is_initialized()


def own_count(wanted: Workers) -> int:
    """How many workers the cores of this machine have room for, if not as many as are asked for."""
    return wanted.count if wanted.count != "auto" else max(1, math.floor(cores.usable() / wanted.cpus))


def _own(wanted: Workers) -> Iterator[Team]:
    try:
        _start_ray(math.ceil(own_count(wanted) * wanted.cpus))
        yield _fitting(wanted)
    finally:
        borrowed.let_workers_go_on()
        ray.shutdown()


def _start_ray(cpus: int) -> None:
    folder = ray_folder.usable()
    # Where Ray makes a token file, as it does unless it is given a token, it is nobody else's to read.
    before = os.umask(0o077)
    try:
        # Cut off in the middle, Ray would leave processes behind that it does not know of itself.
        with deferred_interrupt(), borrowed.without_packing(), borrowed.sigterm_left_alone():
            ray.init(
                address="local",
                job_config=borrowed.WithoutFolders(),
                num_cpus=cpus,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=OBJECT_STORE_BYTES,
                _temp_dir=folder,
            )
    except OSError as error:
        raise WorkersError(
            f"Ray can't be started: {error}; it writes to {folder} (RAY_TMPDIR names another folder) "
            "and keeps a token in the home folder, unless RAY_AUTH_MODE=token and RAY_AUTH_TOKEN hold one"
        ) from error
    except Exception as error:
        # Ray has no class of its own for this.
        if "timed out during startup" not in str(error):
            raise
        raise WorkersError(
            "Ray has not begun in the 30 s that it gives itself: this machine has too much else to do; once it has "
            f"less, the same command may succeed, and else {folder} has Ray's logs"
        ) from error
    finally:
        os.umask(before)


def _of_this_process(wanted: Workers, address: str | None) -> Team:
    if address is not None:
        raise WorkersError(
            f"address: {address} can't be used, as this process has initialised Ray already; left out, the workers are "
            "those of that Ray, and after `ray.shutdown()` they can be those of the address"
        )
    return _fitting(wanted)


def _of_cluster(wanted: Workers, address: str) -> Iterator[Team]:
    joined = cluster_access.let_in(address)
    # A driver beyond ray:// is another process, which puts no folder of ours on any path.
    job: dict[str, Any] = {} if address.startswith("ray://") else {"job_config": borrowed.WithoutFolders()}
    try:
        with borrowed.without_packing(), borrowed.sigterm_left_alone():
            ray.init(address=joined, log_to_driver=False, logging_level=logging.ERROR, **job)
    except (ConnectionError, ValueError) as error:
        raise WorkersError(f"--address {address}: no Ray cluster can be joined there: {error}") from error
    try:
        yield _fitting(wanted)
    finally:
        ray.shutdown()


def _fitting(wanted: Workers) -> Team:
    """As many workers as are asked for, else as there is room for now.

    A cluster that grows by itself has room only once work waits for it, so there a number is believed.
    """
    there = room.found()
    fit = there.workers(wanted)
    if fit < 1 if wanted.count == "auto" else fit < wanted.count and not there.grows:
        count = "" if wanted.count in ("auto", 1) else f"{wanted.count} are asked for, and "
        raise WorkersError(
            f"workers: {count}{there.lack(wanted)}"
            + ("; on a cluster that grows by itself name a count" if wanted.count == "auto" and there.grows else "")
        )
    return Team(fit if wanted.count == "auto" else wanted.count, wanted.cpus, wanted.gpus)
