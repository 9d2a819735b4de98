"""How often a diagnosis is right: presets whose settings are spoilt on purpose, and sound ones, in packs of ten seeds.

    python benchmarks/faults.py [--held-out] [--keep FOLDER] [BASE ...]

A mutation changes one or two settings of a sound configuration, within the ranges of Lu et al. (2024, "muPRL: a
mutation testing pipeline for deep reinforcement learning based on real faults") where these have one. It counts as a
fault where ten seeds of it are told apart from ten of the sound one. Half of the mutations, chosen by a seed, are left
out unless `--held-out` asks for them: they are for those who have written their rules.
"""

import argparse
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from faulty_settings import BASES, Base, Settings
from rich.console import Console
from table import Result, show

from trainables.base.training_config import structure
from trainables.loops.registry import LOOPS
from tuning.diagnosis import diagnosis
from tuning.diagnosis.curves import Curve
from tuning.diagnosis.diagnosis import Diagnosis
from tuning.diagnosis.training import Training
from tuning.rules import statistics
from tuning.sweep.loading import load

SEEDS, EPISODES, REPORTS = 10, 20, 20
SPLIT_SEED = 0


@dataclass(frozen=True)
class Trained:
    """A pack of ten seeds. scores: of the best weights on fresh episodes; points: the curve of each."""

    scores: list[float | None]
    points: list[list[tuple[int, dict[str, float]]]]
    diverged: list[tuple[int | None, str | None]]


def configured(base: Base, changes: Settings) -> tuple[Any, Any]:
    """The sweep of a base, and the config of its mutation."""
    sweep = load(base.preset, list(base.over))
    sound, config = (sweep.config({**base.sound, **each}) for each in ({}, changes))
    # What no other mutation shares is not worth compiling.
    shares = structure(config) == structure(sound)
    return sweep, config if shares else config.model_copy(update={"compile": "never"})


def trained(base: Base, changes: Settings, keep: Path | None) -> Trained:
    """Trains ten seeds, unless they are kept."""
    _, config = configured(base, changes)
    path = keep and keep / f"{base.name}-{_name(changes) or 'sound'}.json"
    if path and path.exists():
        return Trained(**json.loads(path.read_text()))
    torch.set_num_threads(1)
    loop = LOOPS[base.loop]([config.model_copy(update={"seed": seed}) for seed in range(SEEDS)], torch.device("cpu"))
    points: list[list[tuple[int, dict[str, float]]]] = [[] for _ in range(SEEDS)]
    reports = []
    for report in range(1, REPORTS + 1):
        reports = loop.train(round(config.budget * report / REPORTS))
        for kept, one in zip(points, reports, strict=True):
            kept += one.points
    scores: list[float | None] = [
        None if one.diverged_at is not None else score
        for score, one in zip(loop.confirm(EPISODES), reports, strict=True)
    ]
    found = Trained(scores, points, [(one.diverged_at, one.reason) for one in reports])
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found.__dict__))
    return found


def trainings(base: Base, changes: Settings, found: Trained) -> list[Training]:
    """Each seed as its diagnosis sees it."""
    sweep, config = configured(base, changes)
    made = []
    for points, (diverged_at, reason) in zip(found.points, found.diverged, strict=True):
        names = {name for _, metrics in points for name in metrics}
        made.append(
            Training(
                {name: Curve.of((at, each[name]) for at, each in points if name in each) for name in names},
                config.model_dump(mode="json"),
                base.loop,
                config.budget,
                sweep.metric,
                sweep.direction,
                base.solved,
                diverged_at,
                reason,
            )
        )
    return made


def halves(base: Base, held_out: bool) -> list[Settings]:
    """The mutations of one half, in the order that they are listed in."""
    places = list(range(len(base.mutations)))
    random.Random(f"{SPLIT_SEED} {base.name}").shuffle(places)
    middle = len(places) // 2
    return [base.mutations[place] for place in sorted(places[middle:] if held_out else places[:middle])]


def is_fault(base: Base, found: Trained, sound: Trained) -> bool:
    """Whether ten seeds against ten tell a mutation apart, and it is the worse one."""
    sweep, _ = configured(base, {})
    direction = sweep.direction
    samples = statistics.counted({0: sound.scores, 1: found.scores}, direction)
    low, high = statistics.difference_interval(samples[0], samples[1], seed=0)
    return low > 0 if direction == "maximize" else high < 0


def is_root(first: Mapping[str, Any], changes: Settings) -> bool:
    """Whether a patch is of a setting that was spoilt."""
    return any(_roots(name) & _roots(other) for name in first for other in changes)


TOGETHER = ({"learning_rate", "schedule", "warmup"}, {"target_interval", "target_tau", "target_network"})
"""Settings that do the same work."""


def _roots(name: str) -> set[str]:
    own = name.partition(".")[0]
    return next((each for each in TOGETHER if own in each), {own})


def _name(changes: Settings) -> str:
    return ",".join(f"{name}={json.dumps(value)}" for name, value in changes.items()).replace('"', "").replace("/", "_")


def measure(names: Sequence[str], held_out: bool, keep: Path | None, console: Console) -> Result:
    """Every fault of one half, and all sound configurations."""
    rows, figures, alarms = [], dict[str, Any](), list[str]()
    counts = {"faults": 0, "flagged": 0, "root": 0, "runs": 0, "runs_flagged": 0, "sound_runs": 0, "sound_flagged": 0}
    for base in (each for each in BASES if not names or each.name in names):
        sound = trained(base, {}, keep)
        for changes in ({}, *base.also_sound):
            for member in trainings(base, changes, trained(base, changes, keep)):
                found = diagnosis.of_training(member)
                counts["sound_runs"] += 1
                if not found.healthy:
                    counts["sound_flagged"] += 1
                    alarms.append(f"{base.name} {_name(changes)}: {found.word}")
        for changes in halves(base, held_out):
            one = trained(base, changes, keep)
            if not is_fault(base, one, sound):
                console.print(f"no fault: {base.name} {_name(changes)}", style="dim", highlight=False, markup=False)
                continue
            members = trainings(base, changes, one)
            found = diagnosis.of_trial(members)
            root = _root(found, changes)
            counts["faults"] += 1
            counts["flagged"] += not found.healthy
            counts["root"] += root
            counts["runs"] += len(members)
            counts["runs_flagged"] += sum(not diagnosis.of_training(member).healthy for member in members)
            rows.append([f"{base.name} {_name(changes)}", found.word, "yes" if root else "no"])
            figures[rows[-1][0]] = [each.name for each in found.verdicts]
    share = "{flagged} of {faults} faulty configurations flagged ({runs_flagged} of {runs} runs); root cause first: "
    notes = [
        (share + "{root}; sound runs flagged: {sound_flagged} of {sound_runs}").format(**counts),
        *(f"false alarm: {each}" for each in alarms),
    ]
    about = "held out" if held_out else "open half"
    return Result("faults", about, ["fault", "first verdict", "root cause"], rows, [], counts | {"all": figures}, notes)


def _root(found: Diagnosis, changes: Settings) -> bool:
    first = next((verdict for verdict in found.verdicts if verdict.fault), None)
    return first is not None and is_root(first.patch, changes)


def main() -> None:
    """Train, diagnose, print the table."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("bases", nargs="*", metavar="BASE", help=f"some alone: {', '.join(each.name for each in BASES)}")
    made.add_argument("--held-out", action="store_true", help="the half that rules are not written by")
    made.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what was trained here, and use what is there")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    arguments = made.parse_args()
    console = Console(width=110)
    result = measure(arguments.bases, arguments.held_out, arguments.keep, console)
    show(result, console)
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=2) + "\n")


if __name__ == "__main__":
    main()
