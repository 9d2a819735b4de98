"""Workers of this machine: as many as it has room for, by its cores and its GPUs."""

from typing import Any

import pytest
import ray

from tuning.errors import WorkersError
from tuning.sweep.sections import Workers
from tuning.workers import team
from tuning.workers.team import Team


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes Ray, which is not begun, count so many cores and GPUs."""

    def of(cores: int, gpus: int) -> None:
        counted = {"GPU": float(gpus)}
        node = {"Alive": True, "Resources": counted}
        monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
        monkeypatch.setattr(ray, "init", lambda num_cpus, **_: counted.update(CPU=float(num_cpus)))
        monkeypatch.setattr(ray, "shutdown", lambda: None)
        monkeypatch.setattr(ray, "nodes", lambda: [node])

    return of


@pytest.mark.parametrize(
    ("wanted", "cores", "gpus", "count"),
    [
        ({}, 16, 0, 16),
        ({}, 16, 2, 16),
        ({"cpus": 4}, 16, 0, 4),
        ({"cpus": 4}, 2, 0, 1),
        ({"cpus": 0.5}, 3, 0, 6),
        ({"count": 5}, 2, 0, 5),
        ({"gpus": 1}, 16, 4, 4),
        ({"gpus": 0.5}, 16, 1, 2),
        ({"gpus": 0.25}, 2, 1, 2),
        ({"gpus": 0.5, "count": 2}, 16, 1, 2),
    ],
)
def test_as_many_workers_as_there_is_room_for(
    machine: Any, wanted: dict[str, Any], cores: int, gpus: int, count: int
) -> None:
    machine(cores, gpus)
    asked = Workers(**wanted)
    with team.open_team(asked) as opened:
        assert opened == Team(count, asked.cpus, asked.gpus)


@pytest.mark.parametrize(
    ("wanted", "gpus", "there"),
    [
        ({"gpus": 1}, 0, "each needs 1 cpus and 1 gpus; there are 16 cpus and 0 gpus in all"),
        (
            {"gpus": 0.5, "count": 3},
            1,
            "3 are asked for, and each needs 1 cpus and 0.5 gpus; there are 3 cpus and 1 gpus in all",
        ),
    ],
)
def test_what_there_is_no_room_for_is_refused(machine: Any, wanted: dict[str, Any], gpus: int, there: str) -> None:
    machine(16, gpus)
    with pytest.raises(WorkersError, match=f"workers: {there}"), team.open_team(Workers(**wanted)):
        pass


def test_a_ray_that_this_process_has_initialised_is_used_and_left_running(
    machine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(4, 0)
    ray.init(num_cpus=4)
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    for call in ("init", "shutdown"):
        monkeypatch.setattr(ray, call, lambda *_, **__: pytest.fail("it is somebody else's"))
    assert not team.begins_ray(None)
    with team.open_team(Workers(cpus=2)) as opened:
        assert opened == Team(2, 2, 0)
    with pytest.raises(WorkersError, match="5 are asked for, and each needs 1 cpus"), team.open_team(Workers(count=5)):
        pass
    with (
        pytest.raises(WorkersError, match="auto can't be used, as this process has"),
        team.open_team(Workers(), "auto"),
    ):
        pass


def test_a_ray_that_can_not_be_started_is_no_bug(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unwritable(**_: Any) -> None:
        raise PermissionError("/home/nobody/.ray")

    machine(4, 0)
    monkeypatch.setattr(ray, "init", unwritable)
    assert team.begins_ray(None)
    why = "Ray can't be started: /home/nobody/.ray; .*RAY_AUTH_TOKEN"
    with pytest.raises(WorkersError, match=why), team.open_team(Workers()):
        pass


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("The current node timed out during startup. This could happen because", WorkersError),
        ("something else", RuntimeError),
    ],
)
def test_a_machine_that_is_too_busy_for_ray_is_said_to_be(
    machine: Any, monkeypatch: pytest.MonkeyPatch, said: str, raised: type[Exception]
) -> None:
    machine(2, 0)

    def begun(**_: Any) -> None:
        raise RuntimeError(said)

    monkeypatch.setattr(ray, "init", begun)
    with (
        pytest.raises(raised, match=r"Ray has not begun in the 30 s|something else"),
        team.open_team(Workers(count=1)),
    ):
        pass
