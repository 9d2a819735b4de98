"""Who may import whom: always downwards, and some libraries only in their own half of the house."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

FLOORS = (
    "tuning.__main__",
    "tuning.cli",
    "tuning",
    "tuning.run tuning.leaderboard tuning.predict tuning.audit",
    "tuning.tracking tuning.confirm tuning.progress tuning.memory",
    "tuning.search tuning.controller tuning.ended_legs tuning.leg_errors",
    "tuning.sampling tuning.studies",
    "tuning.study tuning.experiments tuning.workers tuning.samplers tuning.importance",
    "tuning.mlflow_runs tuning.mlflow_server tuning.mlflow_writes",
    "tuning.informed tuning.legs tuning.views tuning.reference",
    "tuning.sweep",
    "tuning.machine",
    "tuning.checks tuning.beginnings",
    "tuning.idle",
    "tuning.space tuning.reach",
    "tuning.dimensions",
    "tuning.fields",
    "tuning.document",
    "trainables.tune",
    "trainables",
    "trainables.dqn trainables.foreign trainables.reinforce trainables.supervised",
    "trainables.episodes trainables.evaluation",
    "trainables.learner",
    "trainables.loop",
    "trainables.dropout trainables.prediction",
    "trainables.checkpoint trainables.datasets trainables.environments trainables.networks",
    "trainables.columns trainables.images trainables.imports trainables.pack trainables.replay trainables.streams"
    " trainables.compiler",
    "trainables.programs",
    # Pure: of ours they know at most what an option is.
    "trainables.exploration trainables.initialisations trainables.schedules trainables.optimizers"
    " tuning.front tuning.halving tuning.statistics tuning.errors tuning.figures tuning.outcome"
    " tuning.locks tuning.pace tuning.pack_tpe tuning.paths tuning.quiet tuning.right_of_way tuning.sqlite"
    " tuning.tables",
    "trainables.faults trainables.made trainables.options trainables.trees",
)
"""From the roof to the ground. A module imports from the floors below its own; a folder counts as one module."""

FORBIDDEN = {"tuning": {"torch"}, "trainables": {"tuning", "optuna", "mlflow", "ray"}}
ALLOWED = {("trainables.tune", "ray"), ("trainables.foreign", "ray")}

FLOOR_OF = {module: number for number, floor in enumerate(FLOORS) for module in floor.split()}
ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for package in FORBIDDEN for path in (ROOT / package).rglob("*.py"))


def module_of(name: str) -> str:
    """The module of the table that a dotted name lies in: `trainables.loop.Config` in `trainables.loop`."""
    package, *rest = name.split(".")
    module = ".".join([package, *rest[:1]])
    return module if module in FLOOR_OF else package


def module_at(path: Path) -> str:
    """The module that a file is or belongs to, in the table or not."""
    package, *rest = path.relative_to(ROOT).with_suffix("").parts
    return package if rest == ["__init__"] else f"{package}.{rest[0]}"


def imported(source: str) -> Iterator[str]:
    """The dotted names that a source imports anywhere, also in functions and under conditions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def violations(module: str, source: str) -> list[str]:
    """The names that this module must not import but does."""
    package = module.partition(".")[0]

    def permitted(name: str) -> bool:
        origin = name.partition(".")[0]
        if not origin:
            return False  # a relative import hides where it goes
        if origin in FORBIDDEN[package]:
            return (module, origin) in ALLOWED
        target = module_of(name)
        return origin not in FORBIDDEN or target == module or FLOOR_OF[target] > FLOOR_OF[module]

    return [name for name in imported(source) if not permitted(name)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_is_below_it(path: Path) -> None:
    module = module_at(path)
    assert module in FLOOR_OF, f"{module} is new: give it a floor in FLOORS"
    assert violations(module, path.read_text()) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tuning.cli", "from tuning import run"),
        ("tuning.run", "import tuning.study, tuning.sweep as sweeps"),
        ("tuning.search", "from tuning.study import Study"),
        ("tuning.search", "from ray.tune.search import Searcher\nimport optuna"),
        ("tuning.sweep", "from trainables import LOOPS"),
        ("tuning.halving", "from trainables.options import Frozen\nimport math"),
        ("trainables.tune", "from ray import tune"),
        ("trainables.dqn", "from trainables import replay, streams\nimport torch"),
        ("trainables.environments", "from trainables.environments.grid import Grid"),
    ],
)
def test_downwards_is_permitted(module: str, source: str) -> None:
    assert violations(module, source) == []


@pytest.mark.parametrize(
    ("module", "source", "names"),
    [
        ("tuning.run", "from tuning.cli import main", ["tuning.cli.main"]),
        ("tuning.sweep", "from tuning import errors, study", ["tuning.study"]),
        ("tuning.search", "import tuning.tracking", ["tuning.tracking"]),
        ("tuning.study", "import torch", ["torch"]),
        ("tuning.study", "def late():\n    from torch.nn import Linear", ["torch.nn.Linear"]),
        ("tuning.halving", "from tuning.study import Study", ["tuning.study.Study"]),
        ("tuning.halving", "from trainables.loop import Report", ["trainables.loop.Report"]),
        ("tuning.paths", "from tuning.errors import Problem", ["tuning.errors.Problem"]),
        ("trainables.dqn", "from trainables.reinforce import ReinforceLoop", ["trainables.reinforce.ReinforceLoop"]),
        ("trainables.dqn", "from trainables import LOOPS", ["trainables.LOOPS"]),
        ("trainables.dqn", "if TYPE_CHECKING:\n    import ray.tune", ["ray.tune"]),
        ("trainables.tune", "import optuna, mlflow", ["optuna", "mlflow"]),
        ("trainables.tune", "from tuning.errors import Problem", ["tuning.errors.Problem"]),
        ("trainables.schedules", "from trainables import loop", ["trainables.loop"]),
        ("trainables.options", "from trainables.schedules import Fixed", ["trainables.schedules.Fixed"]),
        ("trainables.loop", "from . import networks", ["..networks"]),
    ],
)
def test_any_other_direction_is_found(module: str, source: str, names: list[str]) -> None:
    assert violations(module, source) == names
