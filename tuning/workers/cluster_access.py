"""Whether a Ray cluster answers at an address, and lets this process in.

It is asked before Ray is: that would go on asking for minutes, say so a line every few seconds, and let a driver in to
which the workers then do not answer.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tuning.errors import WorkersError

LONGEST_S = 20.0
"""That an answer is waited for, on a machine with much else to do."""

# In a process of its own, since Ray reads how it is to show a token only once. GcsClient is private, and the only part
# of Ray that says at once what it was told; seen in Ray 2.60.0.
_ASK = """
import json, socket, sys
from ray._common.usage import usage_lib
from ray._private import services
from ray._raylet import GcsClient
from ray.core.generated import gcs_pb2
from ray.exceptions import AuthenticationError

found = {"address": services.canonicalize_bootstrap_address(sys.argv[1])}
print(json.dumps(found), flush=True)
host, _, port = found["address"].rpartition(":")
socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
try:
    client = GcsClient(address=found["address"], cluster_id=None)
    there = usage_lib.get_cluster_metadata(client) or {}
    alive = sum(node.state == gcs_pb2.GcsNodeInfo.ALIVE for node in client.get_all_node_info(timeout=5).values())
    found |= {"answer": "open", "ray": there.get("ray_version"), "python": there.get("python_version"), "nodes": alive}
except AuthenticationError:
    found["answer"] = "closed"
print(json.dumps(found), flush=True)
"""


@dataclass(frozen=True)
class Answer:
    """What was found at an address.

    answer: whether a process is let in that shows what this one did; None where no cluster answers.
    address: as host:port, what `auto` and the like come to; None where that is not known.
    ray, python: the versions of the cluster, as far as it says.
    nodes: how many of it are alive.
    """

    answer: Literal["open", "closed"] | None = None
    address: str | None = None
    ray: str | None = None
    python: str | None = None
    nodes: int | None = None


def let_in(address: str) -> str:
    """The address that Ray is to join, the same unless it is `auto`, which several clusters of a machine may be.

    Raises WorkersError where no cluster answers there, or it does not let this process in. What it is shown is what the
    environment says: RAY_AUTH_MODE, and where the token is.
    """
    if not _listens(address):
        raise _unreachable(address, None)
    if address.startswith("ray://"):
        return address  # its server is another, which asks for no token
    found, shows = without_token(address), os.environ.get("RAY_AUTH_MODE") == "token"
    if found.answer is None:
        raise _unreachable(address, found.address)
    if found.answer == "open" and shows:
        # Its workers would not answer one that shows a token.
        raise WorkersError(
            f"--address {address}: that cluster has no token, and RAY_AUTH_MODE=token says that it has; should be left "
            "out, or disabled"
        )
    if found.answer == "closed" and not shows:
        raise WorkersError(
            f"--address {address}: that cluster asks for a token; RAY_AUTH_TOKEN or ~/.ray/auth_token should have it"
        )
    if found.answer == "closed":
        found = _asked(address, os.environ)
    if found.answer == "closed":
        raise WorkersError(
            f"--address {address}: that cluster asks for another token than the one in RAY_AUTH_TOKEN, in the file of "
            "RAY_AUTH_TOKEN_PATH or in ~/.ray/auth_token"
        )
    _refuse_other_versions(address, found)
    if found.nodes == 0:
        raise WorkersError(
            f"--address {address}: no node of that cluster is alive; `ray start --address={found.address}` adds one"
        )
    return found.address or address if address == "auto" else address


@cache
def without_token(address: str) -> Answer:
    """What a cluster answers to a process that shows it no token."""
    return _asked(address, {**os.environ, "RAY_AUTH_MODE": "disabled"})


def _asked(address: str, variables: Mapping[str, str]) -> Answer:
    said: str | bytes | None
    try:
        said = subprocess.run(
            [sys.executable, "-P", "-c", _ASK, address],
            env=dict(variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_S,
            check=False,
        ).stdout
    except subprocess.TimeoutExpired as late:
        said = late.stdout
    lines = (said or b"").decode(errors="replace").splitlines() if not isinstance(said, str) else said.splitlines()
    return Answer(**json.loads(lines[-1])) if lines else Answer()


def _listens(address: str) -> bool:
    """Whether anything does at host:port; other addresses are Ray's to find."""
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal():
        return True
    try:
        socket.create_connection((host.removeprefix("ray://"), int(port)), timeout=10).close()
    except OSError:
        return False
    return True


def _refuse_other_versions(address: str, found: Answer) -> None:
    """Ray lets no process of other versions in, and says so at length."""
    import ray

    own = {"Ray": ray.__version__, "Python": ".".join(map(str, sys.version_info[:2]))}
    # The last digit of Python's does not matter to Ray.
    other = {"Ray": found.ray, "Python": found.python and ".".join(found.python.split(".")[:2])}
    differ = [name for name, version in other.items() if version not in (None, own[name])]
    if differ:
        there, here = (", ".join(f"{name} {each[name]}" for name in differ) for each in (other, own))
        raise WorkersError(f"--address {address}: that cluster has {there}; should be as here, {here}")


def _unreachable(address: str, last: str | None) -> WorkersError:
    seen = f" (it was last at {last})" if last is not None and last != address and address == "auto" else ""
    return WorkersError(
        f"--address {address}: no Ray cluster can be reached there{seen}; `ray start --head` begins one, and without "
        "--address the workers are this machine's own"
    )
