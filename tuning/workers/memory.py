"""Whether the replay memories of a sweep, which take most of its workers' memory, have room in this machine."""

import math
from pathlib import Path

from trainables import environments
from trainables.loops import replay
from trainables.loops.registry import LOOPS
from tuning.errors import Problem, SweepError
from tuning.search.packing import trials_in_pack
from tuning.sweep.checks.environment import environment_args
from tuning.sweep.field_values import FieldValues
from tuning.sweep.model import Sweep
from tuning.workers import team

MEMINFO, LIMIT = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")


def check(sweep: Sweep, there: int | None) -> None:
    """Raises SweepError where the packs of this machine's own workers would take more memory than there is.

    sweep: what is to be run.
    there: bytes of memory that are available; None where that is not known.
    """
    found = problem(sweep, team.own_count(sweep.workers), there)
    if found is not None:
        raise SweepError([found])


def problem(sweep: Sweep, count: int, there: int | None) -> Problem | None:
    """What to lower where the replay memories take more than there is; None where they do not, or it is not known.

    Memories on a GPU are left out, and those of loops of a person's own.

    sweep: what is run.
    count: how many workers train at a time.
    there: bytes of memory that are available; None where that is not known.
    """
    if there is None or sweep.loop not in LOOPS or sweep.workers.gpus:
        return None
    values = sweep.field_values
    inputs = _inputs(sweep, values) if True in values.of_any_trial("replay") else None
    if inputs is None:
        return None
    together = trials_in_pack(sweep, count)
    packs, members = min(count, math.ceil(sweep.trials / together)), together * sweep.seeds
    row = replay.row_bytes(inputs, True in values.of_any_trial("prioritised_replay"))
    capacity = max(values.largest("replay_capacity"), values.number_in_trial_0("replay_capacity"))
    transitions = min(capacity, sweep.budget)
    taken = packs * members * transitions * row
    if taken <= there:
        return None
    return Problem(
        values.key_path("replay_capacity"),
        f"should be at most {there // (packs * members * row):_}, or pack_size or workers lower: with {transitions:_} "
        f"transitions the replay memories of {packs} x {members} members take {_gigabytes(taken)}, and "
        f"{_gigabytes(there)} of memory are available",
    )


def _inputs(sweep: Sweep, values: FieldValues) -> int | None:
    """How many numbers the largest observation has that a trial may see; None where the environment is not here."""
    environment, wrappers = str(sweep.environment), values.in_trial_0("wrappers")
    try:
        return max(environments.describe(environment, each, wrappers).inputs for each in environment_args(values))
    except environments.EnvironmentMisfit:
        return None


def available(meminfo: Path = MEMINFO, limit: Path = LIMIT) -> int | None:
    """Bytes that new processes can have here, within the container's limit; None where Linux does not say.

    meminfo: Linux's file of what there is.
    limit: the container's file of what it may have.
    """
    try:
        rows = dict(line.split(":", 1) for line in meminfo.read_text(encoding="utf-8").splitlines())
        free = int(rows["MemAvailable"].split()[0]) * 2**10
    except (OSError, KeyError, ValueError):
        return None
    try:
        return min(free, int(limit.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        # There is none, or it is `max`.
        return free


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:.3g} GB"
