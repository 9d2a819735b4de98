"""What telling MLflow costs: one training that reports 18 metrics 200 times, with it and without, and theirs."""

import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import talked
from counted_server import Counted, counted_server
from processes import run
from sweeps import IN_FULL, TUNING
from table import Goal, Result

MOST, MOST_REQUESTS = 1.05, 1.0
HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "docs" / "examples"
SWEEP = """
name: talking
loop: talkative:Talkative
budget: {results}
trials: 1
workers: 1
fixed: {{reports: {results}}}
search:
  learning_rate: {{low: 1.0e-4, high: 2.0e-3, log: true}}
"""
WAYS = ("without", "SQLite", "server")


@dataclass(frozen=True)
class Told:
    """Of one process: seconds from its first result to its last, and to its own end; requests that MLflow heard."""

    results_s: float
    all_s: float
    requests: int


def measure(results: int = 200, times: int = 2) -> Result:
    """results: of each training. times: each is run so often, in turns, and the quickest counts."""
    ran: dict[tuple[str, str], list[Told]] = {}
    with tempfile.TemporaryDirectory() as name:
        for turn in range(times):
            for who in ("ours", "theirs"):
                for way in WAYS:
                    folder = Path(name) / f"{who}-{way}-{turn}"
                    folder.mkdir()
                    ran.setdefault((who, way), []).append(_told(folder, who, way, results))
    best = {case: min(several, key=lambda each: each.results_s) for case, several in ran.items()}
    ends = {case: min(each.all_s for each in several) for case, several in ran.items()}
    ratios = {(who, way): each.results_s / best[who, "without"].results_s for (who, way), each in best.items()}
    end_ratios = {(who, way): seconds / ends[who, "without"] for (who, way), seconds in ends.items()}
    requests = {who: best[who, "server"].requests / results for who in ("ours", "theirs")}
    return Result(
        name="tracking",
        about=f"One training that takes {1_000 * talked.TRAINS_S:.0f} ms from one result to the next reports "
        f"{results} of {talked.METRICS} metrics; theirs is Ray Tune with MLflowLoggerCallback. The quickest of "
        f"{times}.",
        headings=["", "results", "of without", "to the end", "of without", "requests a result"],
        rows=[
            [
                f"{who}, {way}",
                f"{each.results_s:.1f} s",
                f"{ratios[who, way]:.2f}",
                f"{ends[who, way]:.1f} s",
                f"{end_ratios[who, way]:.2f}",
                f"{requests[who]:.2f}" if way == "server" else "",
            ]
            for (who, way), each in best.items()
        ],
        goals=[
            *(Goal(f"ours, {way}", ratios["ours", way], MOST, " times without", most=True) for way in WAYS[1:]),
            *(
                Goal(f"ours, {way}, to the end", end_ratios["ours", way], MOST, " times without", most=True)
                for way in WAYS[1:]
            ),
            Goal("requests", requests["ours"], MOST_REQUESTS, " a result", most=True),
        ],
        notes=[
            "results: from the first to the last, where they are made. to the end: until the command has ended.",
            "The server is `mlflow server` with SQLite on this machine, behind a proxy that counts.",
        ],
        figures={
            "results": results,
            "seconds": {f"{who}, {way}": vars(each) for (who, way), each in best.items()},
            "requests_a_result": requests,
        },
    )


def _told(folder: Path, who: str, way: str, results: int) -> Told:
    with ExitStack() as stack:
        server = stack.enter_context(counted_server(folder)) if way == "server" else Counted("")
        uri = server.uri or (f"sqlite:///{folder / 'mlflow.db'}" if way == "SQLite" else None)
        file = folder / "talked"
        own = {talked.TALKED: str(file), "PYTHONPATH": os.pathsep.join(map(str, (HERE.parent, EXAMPLES, HERE)))}
        run(_command(folder, who, uri, results), folder, own | ({} if uri is None else {"MLFLOW_TRACKING_URI": uri}))
        ended = time.time()
    moments = talked.moments(file)
    if len(moments) != results:
        raise RuntimeError(f"{results} results were asked for, there are {len(moments)}")
    return Told(moments[-1] - moments[0], ended - moments[0], len(server.requests))


def _command(folder: Path, who: str, uri: str | None, results: int) -> Sequence[str]:
    if who == "theirs":
        return [sys.executable, str(HERE / "plain_talk.py"), str(results), *([] if uri is None else [uri])]
    file = folder / "talking.yaml"
    file.write_text(SWEEP.format(results=results))
    tracking = ("--set", f"tracking={'off' if uri is None else 'mlflow'}")
    return [str(TUNING), "run", str(file), "--json", "--root", str(folder / "runs"), *IN_FULL, *tracking]
