"""Columns that studies of earlier versions have learnt from, and that are left out today unless they are named."""

import json
import shlex
from typing import Any

from trainables.data import datasets
from trainables.loops.supervised import SupervisedLoop
from tuning.errors import Problem
from tuning.sweep.checks.data_set import OF_DATA
from tuning.sweep.kept_sweep import INDEX_LEFT_OUT_SINCE
from tuning.sweep.model import Sweep


def problem(sweep: Sweep, kept_as: int) -> Problem | None:
    """Why a study can't go on as it was: it has learnt from pandas' index, and nobody has said that it should.

    kept_as: the format in which it was kept.
    """
    if kept_as >= INDEX_LEFT_OUT_SINCE or "features" in sweep.fixed or not issubclass(sweep.loop_type, SupervisedLoop):
        return None
    chosen: dict[str, Any] = {name: value for name, value in sweep.fixed.items() if name in OF_DATA}
    source = SupervisedLoop.Config(budget=1, data=str(sweep.data), **chosen).source
    if not datasets.is_file(source.name):
        return None
    try:
        table = datasets.read(source)
    except datasets.Unusable:
        return None  # what is wrong with it is told by whoever trains on it
    targets = source.targets or datasets.usual(table)[-1:]
    features = [name for name in table.arrays if name not in targets]
    index = [name for name in table.left_out if name in features]
    if not index:
        return None
    setting = shlex.quote(f"fixed.features={json.dumps(features, ensure_ascii=False)}")
    return Problem(
        "fixed.features",
        f"was left out, and the study has learnt from pandas' index ({', '.join(index)}) like from any other column, "
        f"which is done today only where it is named: `--set {setting}` goes on as before",
    )
