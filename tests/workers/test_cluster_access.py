"""Whether a cluster answers and lets this process in: said at once, with what would be right."""

import socket
import sys

import pytest
import ray

from tuning.errors import WorkersError
from tuning.workers import cluster_access
from tuning.workers.cluster_access import Answer

ADDRESS = "127.0.0.1:6379"
SAME = {"ray": ray.__version__, "python": ".".join(map(str, sys.version_info[:3]))}
OPEN, CLOSED, NOTHING = Answer("open", ADDRESS, **SAME), Answer("closed", ADDRESS), Answer()


@pytest.mark.parametrize(
    ("plain", "mode", "with_token", "said"),
    [
        (OPEN, None, None, None),
        (OPEN, "disabled", None, None),
        (OPEN, "token", None, "that cluster has no token, and RAY_AUTH_MODE=token says"),
        (CLOSED, None, None, "that cluster asks for a token; RAY_AUTH_TOKEN or"),
        (CLOSED, "disabled", None, "that cluster asks for a token; RAY_AUTH_TOKEN or"),
        (CLOSED, "token", OPEN, None),
        (CLOSED, "token", CLOSED, "that cluster asks for another token"),
        (NOTHING, None, None, "no Ray cluster can be reached there; `ray start --head`"),
        (Answer("open", ADDRESS, **SAME, nodes=1), None, None, None),
        (Answer("open", ADDRESS, **SAME, nodes=0), None, None, "no node of that cluster is alive; `ray start"),
        (Answer("open", ADDRESS, "2.9.0", SAME["python"]), None, None, r"has Ray 2\.9\.0; should be as here, Ray"),
        (Answer("open", ADDRESS, SAME["ray"], "3.9.1"), None, None, r"has Python 3\.9; should be as here"),
        (Answer("open", ADDRESS, SAME["ray"], f"{SAME['python']}9"), None, None, None),
    ],
)
def test_whom_a_cluster_lets_in(
    monkeypatch: pytest.MonkeyPatch, plain: Answer, mode: str | None, with_token: Answer | None, said: str | None
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", mode or "")
    monkeypatch.setattr(cluster_access, "_listens", lambda address: True)
    monkeypatch.setattr(cluster_access, "without_token", lambda address: plain)
    monkeypatch.setattr(cluster_access, "_asked", lambda address, variables: with_token)
    if said is None:
        assert cluster_access.let_in(ADDRESS) == ADDRESS
        assert cluster_access.let_in("auto") == ADDRESS
    else:
        with pytest.raises(WorkersError, match=f"--address {ADDRESS}: .*{said}"):
            cluster_access.let_in(ADDRESS)


def test_a_port_that_nobody_listens_at_is_no_cluster() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
        with pytest.raises(WorkersError, match="no Ray cluster can be reached there"):
            cluster_access.let_in(address)


@pytest.mark.slow
def test_a_cluster_that_is_gone_is_named_and_one_that_does_not_answer_is_no_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        last = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(WorkersError, match="no Ray cluster can be reached there; "):
            cluster_access.let_in(last)
    port = last.rpartition(":")[2]
    monkeypatch.setenv("RAY_ADDRESS", last)
    with pytest.raises(WorkersError, match=rf"--address auto: no Ray .* there \(it was last at .*:{port}\)"):
        cluster_access.let_in("auto")
