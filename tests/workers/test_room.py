"""What workers have room for, on the nodes of a Ray."""

from typing import Any

import pytest

from tuning.sweep.sections import Workers
from tuning.workers import room
from tuning.workers.room import Room

SMALL, LARGE, CARD = (1.0, 0.0), (4.0, 0.0), (4.0, 1.0)


@pytest.mark.parametrize(
    ("nodes", "wanted", "fit"),
    [
        ([SMALL, SMALL], {}, 2),
        ([SMALL, SMALL], {"cpus": 2}, 0),
        ([SMALL, LARGE], {"cpus": 2}, 2),
        ([LARGE, CARD], {"gpus": 1}, 1),
        ([LARGE, CARD], {"gpus": 0.25}, 4),
        ([(0.3, 0.0)], {"cpus": 0.1}, 3),
        ([], {}, 0),
    ],
)
def test_a_worker_has_all_that_it_needs_of_one_node(
    nodes: list[tuple[float, float]], wanted: dict[str, Any], fit: int
) -> None:
    assert Room(nodes).workers(Workers(**wanted)) == fit


def test_what_there_is_is_said() -> None:
    said = Room([SMALL, SMALL]).lack(Workers(cpus=2))
    assert said == (
        "each needs 2 cpus and 0 gpus; there are 2 cpus and 0 gpus in all on 2 nodes, none of which has more than 1 "
        "cpus"
    )
    assert Room([CARD]).lack(Workers(gpus=0.5)).endswith("there are 4 cpus and 1 gpus in all")


def test_nodes_that_have_died_do_not_count_and_an_autoscaler_marks_those_it_has_begun() -> None:
    alive = {"Alive": True, "Resources": {"CPU": 2.0}, "Labels": {"ray.io/node-id": "1"}}
    dead = {"Alive": False, "Resources": {"CPU": 8.0}, "Labels": {"ray.io/node-group": "workers"}}
    assert room.of_nodes([alive, dead]) == Room([(2.0, 0.0)], grows=False)
    assert room.of_nodes([{**alive, "Labels": dead["Labels"]}]).grows
