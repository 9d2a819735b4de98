"""How often a diagnosis is right, and how often its patches mend: presets that are spoilt on purpose, and sound ones.

    python benchmarks/faults.py [--of open|held-out|drawn] [--mend] [--keep FOLDER] [BASE ...]

A mutation changes one or two settings of a sound configuration, within the ranges of Lu et al. (2024, "muPRL: a
mutation testing pipeline for deep reinforcement learning based on real faults") where these have one. It counts as a
fault where ten seeds of it are told apart from ten of the sound one. Half of the listed mutations, chosen by a seed,
were held out while rules were written; further ones are drawn by a seed, and nobody has written a rule for one of
those.
"""

import argparse
import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from faulty_settings import BASES, Base, Settings, drawn
from rich.console import Console
from table import Result, show

from trainables.base.training_config import structure
from trainables.loops.registry import LOOPS
from tuning.diagnosis import diagnosis
from tuning.diagnosis.curves import Curve
from tuning.diagnosis.training import Training
from tuning.diagnosis.verdict import Diagnosis
from tuning.rules import mending, statistics
from tuning.rules.comparison import Comparison, Sample
from tuning.rules.mending import Course, Prescription
from tuning.sweep.loading import load

SEEDS, EPISODES, REPORTS = 10, 20, 20
SPLIT_SEED, DRAWN_SEED, DRAWN = 0, 1, 15

ROUNDS, MOST_BUDGET = 2, 3
"""Rounds of mending, and how many times the budget a patch may ask for here."""


@dataclass(frozen=True)
class Trained:
    """A pack of ten seeds.

    scores: of the best weights on fresh episodes; None of one that diverged.
    points: the curve of each.
    diverged: the step at which each did, and why.
    """

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


def trained(base: Base, changes: Settings, keep: Path | None, fresh: bool = False) -> Trained:
    """Trains ten seeds, unless they are kept; fresh: ten others."""
    _, config = configured(base, changes)
    path = keep and keep / f"{base.name}-{_file_name(changes)}{'-fresh' * fresh}.json"
    if path and path.exists():
        return Trained(**json.loads(path.read_text()))
    torch.set_num_threads(1)
    seeds = range(SEEDS, 2 * SEEDS) if fresh else range(SEEDS)
    loop = LOOPS[base.loop]([config.model_copy(update={"seed": seed}) for seed in seeds], torch.device("cpu"))
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


def mutations(base: Base, which: str) -> list[Settings]:
    """Those that are asked for: open, held-out or drawn."""
    if which == "drawn":
        return drawn(base, DRAWN, DRAWN_SEED)
    places = list(range(len(base.mutations)))
    random.Random(f"{SPLIT_SEED} {base.name}").shuffle(places)
    middle = len(places) // 2
    return [base.mutations[place] for place in sorted(places[middle:] if which == "held-out" else places[:middle])]


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


TOGETHER = (
    {"learning_rate", "schedule", "warmup"},
    {"target_interval", "target_tau", "target_network"},
    {"environment_args", "wrappers"},
)
"""Settings that do the same work."""


def _roots(name: str) -> set[str]:
    own = name.partition(".")[0]
    return next((each for each in TOGETHER if own in each), {own})


def _name(changes: Settings) -> str:
    return ",".join(f"{name}={json.dumps(value)}" for name, value in changes.items()).replace('"', "").replace("/", "_")


def _file_name(changes: Settings) -> str:
    name = _name(changes) or "sound"
    return name if len(name) < 150 else f"{name[:100]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


@dataclass(frozen=True)
class MendedFault:
    """What mending has come to, on ten fresh seeds.

    patch: what is changed of the fault. better: for certain than the fault; restored: not told apart from the sound
    configuration, or better; packs: how many of ten seeds were trained for it.
    """

    patch: Settings
    better: bool
    restored: bool
    packs: int


def mended(base: Base, changes: Settings, sound: Trained, keep: Path | None) -> MendedFault:
    """Mends a fault as `tuning mend` does."""
    sweep, original = configured(base, changes)
    fields = type(original).model_fields

    def after(course: Course) -> Settings:
        return {**changes, **mending.merged(course)}

    def train(courses: Sequence[Course], why: str) -> Sequence[Sample]:
        return [trained(base, after(course), keep).scores for course in courses]

    def prescribe(course: Course) -> Sequence[Prescription]:
        found = diagnosis.of_trial(trainings(base, after(course), trained(base, after(course), keep)))
        verdicts = [(each.name, each.patch) for each in found.verdicts if each.patch and not found.healthy]
        return [each for each in mending.gathered(verdicts) if takes(course, each)]

    def takes(course: Course, one: Prescription) -> bool:
        if not one.patch.keys() <= fields.keys() or one.patch.get("budget", 0) > MOST_BUDGET * original.budget:
            return False
        try:
            before, now = (configured(base, after(each))[1] for each in (course, (*course, one)))
        except ValueError:
            return False
        return bool(before != now)

    found = mending.mend(train, prescribe, ROUNDS, sweep.direction)
    if not found.mended:
        return MendedFault({}, False, False, found.trained)
    names = {"mended": after(found.mended), "fault": changes}
    samples = {name: trained(base, each, keep, fresh=True).scores for name, each in names.items()}
    compared = Comparison({**samples, "sound": sound.scores}, sweep.direction, 0)
    return MendedFault(
        mending.merged(found.mended),
        compared.difference("mended", "fault").towards > 0,
        compared.difference("mended", "sound").towards >= 0,
        found.trained + len(names),
    )


def measure(names: Sequence[str], which: str, keep: Path | None, console: Console, mend: bool = False) -> Result:
    """Every fault of those asked for, and all sound configurations.

    names: of bases; none: all. which: open, held-out or drawn. keep: a folder for what was trained.
    console: where what is no fault is said, and how far it has come. mend: whether faults are mended, too.
    """
    rows, figures, alarms = [], dict[str, Any](), list[str]()
    counted = ("faults", "flagged", "root", "better", "restored", "runs", "runs_flagged", "sound_runs", "sound_flagged")
    counts = dict.fromkeys(counted, 0)
    for base in (each for each in BASES if not names or each.name in names):
        sound = trained(base, {}, keep)
        for changes in ({}, *base.also_sound):
            for member in trainings(base, changes, trained(base, changes, keep)):
                found = diagnosis.of_training(member)
                counts["sound_runs"] += 1
                if not found.healthy:
                    counts["sound_flagged"] += 1
                    alarms.append(f"{base.name} {_name(changes)}: {found.word}")
        for changes in mutations(base, which):
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
            row = [f"{base.name} {_name(changes)}", found.word, "yes" if root else "no"]
            figures[row[0]] = [each.name for each in found.verdicts]
            if mend:
                after = mended(base, changes, sound, keep)
                counts["better"] += after.better
                counts["restored"] += after.restored
                row.append("restored" if after.restored else "better" if after.better else "no")
                figures[row[0]] = {"verdicts": figures[row[0]], **after.__dict__}
            rows.append(row)
            console.print(", ".join(row), style="dim", highlight=False, markup=False)
    share = "{flagged} of {faults} faulty configurations flagged ({runs_flagged} of {runs} runs); root cause first: "
    notes = [(share + "{root}; sound runs flagged: {sound_flagged} of {sound_runs}").format(**counts)]
    if mend:
        notes.append(
            "mended within two rounds: {better} of {faults} better for certain, {restored} no worse than the sound "
            "configuration".format(**counts)
        )
    notes += [f"false alarm: {each}" for each in alarms]
    columns = ["fault", "first verdict", "root cause", *(["mended"] if mend else [])]
    return Result("faults", which, columns, rows, [], counts | {"all": figures}, notes)


def _root(found: Diagnosis, changes: Settings) -> bool:
    first = next((verdict for verdict in found.verdicts if verdict.fault), None)
    return first is not None and is_root(first.patch, changes)


def main() -> None:
    """Train, diagnose, mend where asked, print the table."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("bases", nargs="*", metavar="BASE", help=f"some alone: {', '.join(each.name for each in BASES)}")
    made.add_argument("--of", choices=["open", "held-out", "drawn"], default="open", help="which mutations")
    made.add_argument("--mend", action="store_true", help="train what the verdicts prescribe, too")
    made.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what was trained here, and use what is there")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    arguments = made.parse_args()
    console = Console(width=110)
    result = measure(arguments.bases, arguments.of, arguments.keep, console, arguments.mend)
    show(result, console)
    if arguments.json:
        arguments.json.write_text(json.dumps(result.as_json(), indent=2) + "\n")


if __name__ == "__main__":
    main()
