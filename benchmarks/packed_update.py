"""Gradient steps a second of packs of DQN members on one core, and of a plain solo loop in the same process."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from packs import CONFIG, SPEC, UPDATES_PER_TARGET, Packed, transitions
from plain_dqn import Agent, Settings
from table import Goal, Result

from trainables.compilation import program_cache

Round = Callable[[], int]
"""Makes some updates and returns how many, summed over members."""

GOAL_MEMBERS, GOAL = 16, 8.0
FIRST_ROUND = Path(__file__).with_name("first_round.py")
TURN_S, WARMING_ROUNDS = 0.25, 5
"""A turn is long against a round, and short against whatever else the machine does."""


def measure(members: tuple[int, ...] = (1, 4, 8, 16, 32), repetitions: int = 9) -> Result:
    """Every contender has a turn in each repetition; a ratio is taken within its repetition; medians of both."""
    torch.set_num_threads(1)
    rates = _rates(_contenders(members), repetitions)
    ratios = {
        name: median(ours / plain for ours, plain in zip(rates[name], rates["plain"], strict=True)) for name in rates
    }
    first = _first_rounds(GOAL_MEMBERS)
    return Result(
        name="packed update",
        about="Gradient steps a second on one core, summed over the members of a pack. Network 4-64-64-2, batches of "
        "64 drawn from a full memory, Huber loss, clipping at 10, Adam, hard target network. The plain loop: torch.nn "
        "and torch.optim, a training alone.",
        headings=["", "steps/s", "against plain"],
        rows=[[name, f"{median(rates[name]):,.0f}", f"{ratios[name]:.1f}"] for name in rates],
        goals=[Goal(f"{GOAL_MEMBERS} members against plain", ratios[f"compiled, {GOAL_MEMBERS}"], GOAL, " times")],
        notes=[
            f"The first round of a process with {GOAL_MEMBERS} members takes {first['cold']:.1f} s where nothing was "
            f"compiled before, {first['warm']:.2f} s where it was.",
            f"Medians of {repetitions} turns of {TURN_S} s each.",
        ],
        figures={
            "steps_per_s": {name: median(each) for name, each in rates.items()},
            "ratio": ratios,
            "first_round_s": first,
            "repetitions": repetitions,
        },
    )


def _contenders(members: tuple[int, ...]) -> dict[str, Round]:
    packs = {
        f"{kind}, {count}": Packed(count, compiled=kind == "compiled").round
        for kind in ("compiled", "eager")
        for count in members
    }
    return {"plain": _plain(), **packs}


def _plain() -> Round:
    agent, done = Agent(Settings.like(CONFIG), SPEC.inputs, SPEC.outputs), 0
    for seen, following, action, reward, terminated in zip(*transitions(CONFIG.budget), strict=True):
        agent.remember(
            torch.from_numpy(seen), int(action), float(reward), torch.from_numpy(following), bool(terminated)
        )
    # The pack tallies what it is to show of its updates; so does the plain loop, in the plain way.
    shown: list[list[float]] = []

    def round() -> int:
        nonlocal done
        for _ in range(CONFIG.gradient_steps):
            shown.append([figure.item() for figure in agent.update()])
            done += 1
            if done % UPDATES_PER_TARGET == 0:
                agent.copy_to_target()
                shown.clear()
        return CONFIG.gradient_steps

    return round


def _rates(contenders: dict[str, Round], repetitions: int) -> dict[str, list[float]]:
    """Of each contender its updates a second in each repetition; compilation comes before the first."""
    for round in contenders.values():
        for _ in range(WARMING_ROUNDS):
            round()
    turns = [{name: _rate(round) for name, round in contenders.items()} for _ in range(repetitions)]
    return {name: [turn[name] for turn in turns] for name in contenders}


def _rate(round: Round) -> float:
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < TURN_S:
        done += round()
    return done / (time.perf_counter() - began)


def _first_rounds(members: int) -> dict[str, float]:
    """Seconds of the first round in a process of its own: with nothing compiled before, then with what that left."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, program_cache.CACHE: folder}
        return {
            cache: float(
                subprocess.check_output([sys.executable, str(FIRST_ROUND), str(members)], env=environment, text=True)
            )
            for cache in ("cold", "warm")
        }
