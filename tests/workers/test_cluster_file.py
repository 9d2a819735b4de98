"""cluster.yaml: what Ray's schema holds it to, and what the schema does not look at."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

FILE = Path(__file__).parents[2] / "cluster.yaml"
TEXT = FILE.read_text()
PREPARED: dict[str, Any] = prepare_config(yaml.safe_load(TEXT))
"""The file as `ray up` completes it: with Ray's defaults, and the setup commands of each kind of node."""
NODES = PREPARED["available_node_types"]
SETUPS = {kind: "\n".join(PREPARED[f"{kind}_setup_commands"]) for kind in ("head", "worker")}
STARTS = {kind: PREPARED[f"{kind}_start_ray_commands"][-1] for kind in ("head", "worker")}
MARK = "# <- yours"


def test_ray_accepts_it() -> None:
    validate_config(PREPARED)


@pytest.mark.parametrize("change", [{"max_worker": 8}, {"idle_timeout_minutes": "soon"}, {"auth": {"user": "ubuntu"}}])
def test_ray_would_refuse_a_mistake(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate_config(deepcopy(PREPARED) | change)


def test_workers_come_and_go_between_none_and_eight() -> None:
    assert (NODES["worker"]["min_workers"], NODES["worker"]["max_workers"], PREPARED["max_workers"]) == (0, 8, 8)


def test_the_head_trains_nothing_and_is_alone() -> None:
    assert PREPARED["head_node_type"] == "head"
    assert NODES["head"]["resources"] == {"CPU": 0, "GPU": 0}
    assert NODES["head"]["max_workers"] == 0


def test_nothing_is_open_to_the_world() -> None:
    # Ray makes a group that is open for ssh to all, unless each kind of node names one.
    assert all(node["node_config"]["SecurityGroupIds"] for node in NODES.values())
    assert "security_group" not in PREPARED["provider"]
    for everywhere in ("0.0.0.0", "::/0"):
        assert everywhere not in yaml.safe_dump(PREPARED)


def test_the_dashboard_listens_on_loopback() -> None:
    assert "--dashboard-host=127.0.0.1" in STARTS["head"].split()


@pytest.mark.parametrize("kind", ["head", "worker"])
def test_every_node_installs_the_project_in_the_tested_versions(kind: str) -> None:
    installs = [line for line in SETUPS[kind].splitlines() if "pip install" in line]
    assert len(installs) == 1
    assert "--constraint ~/lockstep/constraints.txt" in installs[0]
    assert "$HOME/lockstep[cluster]" in installs[0]


@pytest.mark.parametrize("kind", ["head", "worker"])
def test_every_node_has_the_token_and_insists_on_it(kind: str) -> None:
    assert PREPARED["file_mounts"]["~/.ray/auth_token"] == "~/.ray/auth_token"
    assert "chmod 600 ~/.ray/auth_token" in SETUPS[kind]
    assert "export RAY_AUTH_MODE=token" in SETUPS[kind]
    assert "RAY_AUTH_MODE=token" in STARTS[kind].partition("ray start")[0]


@pytest.mark.parametrize("kind", ["head", "worker"])
def test_every_node_mounts_the_shared_folder(kind: str) -> None:
    assert "mount -t nfs4" in SETUPS[kind]
    assert "LOCKSTEP_ROOT=/shared/runs" in SETUPS[kind]


def test_what_a_node_is_given_is_there_and_is_enough_to_install() -> None:
    given = {Path(here) for here in PREPARED["file_mounts"].values() if not here.startswith("~")}
    assert given == {Path(name) for name in ("pyproject.toml", "constraints.txt", "README.md", "tuning", "trainables")}
    assert all((FILE.parent / path).exists() for path in given)


def test_what_a_person_must_touch_is_marked_and_nothing_else() -> None:
    placeholders = ("00000000000000000", PREPARED["provider"]["region"])
    instructions, *_ = TEXT.partition("cluster_name:")
    lines = TEXT.removeprefix(instructions).splitlines()
    marked = [line for line in lines if line.endswith(MARK)]
    assert marked == [line for line in lines if any(placeholder in line for placeholder in placeholders)]
    # The mark is a comment of the file; inside a command it would cut off what Ray adds behind.
    assert MARK not in yaml.safe_dump(PREPARED, width=10_000)
