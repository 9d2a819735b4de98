"""How many cores this process may use: those it may run on, within what its container has of them."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CGROUPS, OWN_GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def usable(cgroups: Path = CGROUPS, own_groups: Path = OWN_GROUPS) -> float:
    """Cores, perhaps a fraction of one where a container has no more.

    cgroups: where Linux keeps what each group of processes may have.
    own_groups: Linux's file of the groups of this process.
    """
    return min([float(len(os.sched_getaffinity(0))), *quotas(cgroups, own_groups)])


def quotas(cgroups: Path, own_groups: Path) -> Iterator[float]:
    """What the groups of this process, and those that they are in, have each of the processors' time, in cores.

    Arguments as for `usable`. A group is named as its machine sees it; in a container it may be at the top.
    """
    for controllers, group in _groups(own_groups):
        place = cgroups if controllers is None else cgroups / controllers
        for each in (group, *group.parents):
            for quota, period in _numbers(place / str(each).lstrip("/"), controllers is None):
                if quota > 0 and period > 0:
                    yield quota / period


def _groups(own_groups: Path) -> Iterator[tuple[str | None, Path]]:
    """Groups that may bound processors: the controllers of one of version 1, None of version 2, and its name."""
    with suppress(OSError):
        for line in own_groups.read_text(encoding="utf-8", errors="replace").splitlines():
            _, controllers, group = line.split(":", 2)
            if not controllers:
                yield None, Path(group)
            elif "cpu" in controllers.split(","):
                yield from ((name, Path(group)) for name in dict.fromkeys([controllers, "cpu"]))


def _numbers(folder: Path, unified: bool) -> Iterator[tuple[float, float]]:
    """The quota of a group and the period that it is for, in microseconds; the quota is negative where there is none.

    folder: of the group.
    unified: whether it is one of version 2.
    """
    with suppress(OSError, ValueError):
        if unified:
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text(encoding="utf-8")
            period = (folder / "cpu.cfs_period_us").read_text(encoding="utf-8")
        yield -math.inf if quota == "max" else float(quota), float(period)
