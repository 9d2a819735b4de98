"""The cores that a process may use, by what its groups have of them, in both versions of Linux's groups."""

import os
from pathlib import Path

import pytest

from tuning.workers import cores


@pytest.mark.parametrize(
    ("groups", "files", "quotas"),
    [
        ("0::/", {"cpu.max": "max 100000"}, []),
        ("0::/", {"cpu.max": "150000 100000"}, [1.5]),  # a container's own, at the top
        ("0::/", {}, []),  # the top of a machine has no such file
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 50000"}, [4.0]),
        ("0::/a/b", {"a/b/cpu.max": "100000 100000", "a/cpu.max": "200000 50000"}, [1.0, 4.0]),
        ("0::/gone/from/here", {"cpu.max": "50000 100000"}, [0.5]),  # as the machine names it, within a container
        ("0::/", {"cpu.max": "nonsense"}, []),
        ("0::/", {"cpu.max": "100000 0"}, []),
        (
            "4:cpu,cpuacct:/docker/x\n1:name=systemd:/y",
            {"cpu,cpuacct/cpu.cfs_quota_us": "250000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            [2.5],
        ),
        (
            "4:cpuset:/\n3:cpu:/docker/x",
            {"cpu/docker/x/cpu.cfs_quota_us": "-1", "cpu/docker/x/cpu.cfs_period_us": "100000"},
            [],
        ),
        ("", {"cpu.max": "100000 100000"}, []),
    ],
)
def test_what_groups_have_of_the_processors(
    tmp_path: Path, groups: str, files: dict[str, str], quotas: list[float]
) -> None:
    for name, content in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    own = tmp_path / "own"
    own.write_text(groups)
    assert list(cores.quotas(tmp_path / "cgroup", own)) == quotas
    there = len(os.sched_getaffinity(0))
    assert cores.usable(tmp_path / "cgroup", own) == min([there, *quotas])


def test_where_linux_does_not_say_all_cores_are_there(tmp_path: Path) -> None:
    assert cores.usable(tmp_path / "none", tmp_path / "none") == len(os.sched_getaffinity(0))
