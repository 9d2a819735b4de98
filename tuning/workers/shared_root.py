"""Proof, before anything is trained, that all nodes of a cluster have the root that the driver has."""

import logging
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from trainables.base import shared_folder
from tuning.errors import WorkersError
from tuning.study.paths import Home

ANSWERS_WITHIN_S = 60.0
"""Of a node, which begins a process for it; one that takes longer has been lost, or has too much to do."""

log = logging.getLogger(__name__)


def prove(home: Home) -> None:
    """Raise WorkersError with the names of the nodes that do not have the root, or can't write to it.

    Nothing is asked where there is no Ray, or only the one of this machine.
    """
    others = _others() if ray.is_initialized() else []
    if not others:
        return
    folder = home.proofs / uuid.uuid4().hex
    folder.mkdir(parents=True)
    try:
        question = folder / "driver"
        question.touch()
        asked = {each["NodeID"]: _ask(each["NodeID"], question) for each in others}
        flaws = {_name(each): _flaw(asked[each["NodeID"]], folder / each["NodeID"]) for each in others}
    finally:
        rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # another driver proves the same
            folder.parent.rmdir()
    found = [f"{name} {flaw}" for name, flaw in flaws.items() if flaw is not None]
    if found:
        raise WorkersError(
            f"the root {home.root} should be one folder on all nodes, as the checkpoints lie in it: {'; '.join(found)}"
        )


def _others() -> list[Mapping[str, Any]]:
    """Nodes that may train, and are not the driver's."""
    here = ray.get_runtime_context().get_node_id()
    return [
        each for each in ray.nodes() if each["Alive"] and each["Resources"].get("CPU", 0.0) and each["NodeID"] != here
    ]


def _ask(node: str, question: Path) -> Any:
    there = NodeAffinitySchedulingStrategy(node, soft=False)
    answered: Any = ray.remote(shared_folder.answered)
    options = answered.options(num_cpus=0, max_retries=0, scheduling_strategy=there)
    return options.remote(question, question.with_name(node))


def _flaw(asked: Any, answer: Path) -> str | None:
    """What is wrong with a node's root; None where nothing is, or where that can't be found out now."""
    try:
        flaw: str | None = ray.get(asked, timeout=ANSWERS_WITHIN_S)
    except (GetTimeoutError, RayError) as error:
        log.warning("a node did not say whether it has the root: %s", error)
        return None
    if flaw is None and not shared_folder.found(answer):
        return "writes to another folder of that name"
    return flaw


def _name(node: Mapping[str, Any]) -> str:
    return f"node {node['NodeManagerHostname']} ({node['NodeID'][:8]})"
