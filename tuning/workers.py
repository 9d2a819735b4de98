"""The workers: a Ray of our own on this machine, or a cluster that runs already."""

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import ray

from tuning.errors import WorkersError
from tuning.sweep import Workers

OBJECT_STORE_BYTES = 128 * 2**20
"""Legs and reports are small; nothing else is stored."""


@dataclass(frozen=True)
class Team:
    """How many packs train at a time, and what each has of the machine."""

    count: int
    cpus: float
    gpus: float


@contextmanager
def team(wanted: Workers, address: str | None = None) -> Iterator[Team]:
    """Ray, as long as it is needed. `address`: of a running cluster, `auto` for the one of this machine.

    Raises WorkersError where there is no such cluster, or not enough of what a worker needs.
    """
    if address is None:
        yield from _own(wanted)
    else:
        yield from _of_cluster(wanted, address)


def _own(wanted: Workers) -> Iterator[Team]:
    cores = len(os.sched_getaffinity(0))
    count = wanted.count if wanted.count != "auto" else max(1, math.floor(cores / wanted.cpus))
    # Where Ray makes a token file of its own (quiet.py was not asked first), it is nobody else's to read.
    before = os.umask(0o077)
    try:
        ray.init(
            address="local",
            num_cpus=math.ceil(count * wanted.cpus),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            object_store_memory=OBJECT_STORE_BYTES,
        )
    finally:
        os.umask(before)
    try:
        yield _fitting(wanted, count)
    finally:
        ray.shutdown()


def _of_cluster(wanted: Workers, address: str) -> Iterator[Team]:
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise WorkersError(
            f"--address {address}: no Ray cluster can be reached there; `ray start --head` begins one, and without "
            "--address the workers are this machine's own"
        ) from error
    try:
        yield _fitting(wanted, wanted.count)
    finally:
        ray.shutdown()


def _fitting(wanted: Workers, count: int | str) -> Team:
    """As many workers as are wanted, or as Ray has room for."""
    there = ray.cluster_resources()
    room = math.floor(there.get("CPU", 0.0) / wanted.cpus)
    if wanted.gpus:
        room = min(room, math.floor(there.get("GPU", 0.0) / wanted.gpus))
    if room < 1:
        raise WorkersError(
            f"workers: one needs {wanted.cpus:g} cpus and {wanted.gpus:g} gpus; there are "
            f"{there.get('CPU', 0.0):g} cpus and {there.get('GPU', 0.0):g} gpus in all"
        )
    return Team(room if count == "auto" else min(int(count), room), wanted.cpus, wanted.gpus)
