"""What a person asks for: the sweep."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    field_serializer,
    model_validator,
)

import trainables
from trainables.base.config_fields import Frozen
from trainables.base.training_config import Training, is_tunable, structure
from tuning.rules.objective import Direction
from tuning.sweep import grid, overrides, yaml_text
from tuning.sweep.dimensions import Dimension
from tuning.sweep.field_values import FieldValues
from tuning.sweep.metrics import direction_of
from tuning.sweep.sections import Confirm, Count, Halving, Second, Seconds, Workers
from tuning.sweep.space import Space, fitting, params_of
from tuning.sweep.yaml_text import Document

if TYPE_CHECKING:
    from trainables.loops.contract import Loop

MOST_TRIALS = 1_000_000


def _safe_name(value: str) -> str:
    if re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", value):
        return value
    raise ValueError(
        "should be made of a-z, 0-9, dots, dashes and underscores, begin with a letter or digit, and be at most 64 long"
    )


def _absolute(value: str) -> str:
    """Workers run in folders of their own, and a study goes on from any."""
    from trainables.data import datasets  # imports what reads tables

    return str(Path(os.path.expanduser(value)).absolute()) if datasets.is_file(value) else value


def _unless_off(value: Any) -> Any:
    return None if value == "off" or value is False else {} if value == "on" or value is True else value


def _off_or_on(value: Any) -> Any:
    """YAML reads a bare off as false."""
    return "off" if value is False else "mlflow" if value is True else value


def _metric_alone(value: Any) -> Any:
    if value is None or isinstance(value, Second):
        return value
    given = {"metric": value} if isinstance(value, str) else value
    if not isinstance(given, dict):
        raise ValueError("should be seconds, steps or another metric")
    known = direction_of(given.get("metric"))
    return {"direction": known, **given} if known else given


def _count_alone(value: Any) -> Any:
    return value if isinstance(value, dict | Workers) else {"count": value}


Sampler = Literal["tpe", "gp", "cmaes", "random", "qmc", "grid", "nsga2"]
"""Tree of Parzen estimators, Gaussian process, evolution of a covariance matrix, chance, a low-discrepancy sequence,
all points there are, a genetic algorithm."""


class Sweep(Frozen):
    """One search, from its file. However it is made, all that is wrong with it is raised at once, as a SweepError."""

    model_config = ConfigDict(strict=True)

    name: Annotated[str, AfterValidator(_safe_name)] = Field(description="what its studies are called after")
    loop: str = Field(
        description="what trains: a name in trainables.LOOPS, or one's own, package.module:name, a loop or a Trainable "
        "of Ray Tune"
    )
    environment: str | None = Field(None, description="id of a Gymnasium environment, for loops that act")
    data: Annotated[str, AfterValidator(_absolute)] | None = Field(
        None, description="name of a data set or path of a file, for loops that are supervised"
    )
    metric: str = Field(
        "", description="what trials are compared by, and best weights chosen; left out: the loop's score"
    )
    direction: Direction = Field(
        "maximize", description="left out: as the loop's score has it, and known for losses, accuracies and returns"
    )
    second: Annotated[Second | None, BeforeValidator(_metric_alone)] = Field(
        None, description="a second objective: seconds, steps or another metric; halving and confirm are off then"
    )
    budget: int = Field(description="of each trial: environment steps (supervised: epochs)", gt=0)
    trials: int = Field(64, description="configurations to try", ge=1, le=MOST_TRIALS)
    seeds: int = Field(1, description="trainings of each configuration", ge=1, le=1_000)
    aggregate: Literal["mean", "median", "worst"] = Field("mean", description="of the seeds' values: the trial's")
    halving: Annotated[Halving | None, BeforeValidator(_unless_off)] = Field(Halving(), description="or off")
    confirm: Annotated[Confirm | None, BeforeValidator(_unless_off)] = Field(Confirm(), description="or off")
    sampler: Sampler = Field("tpe", description="what proposes configurations")
    pack_size: Count = Field("auto", description="members trained in lockstep")
    workers: Annotated[Workers, BeforeValidator(_count_alone)] = Field(Workers(), description="or their count alone")
    tries: int = Field(2, description="how often a leg is begun whose worker dies, each time from its checkpoint", ge=1)
    time_limit: Seconds = Field(None, description="seconds until no more trials are begun, or 90s, 10m, 2h; null: none")
    max_steps: int | None = Field(
        None, description="of all trainings together, until no more trials are begun; null: as many as it takes", gt=0
    )
    target: float | None = Field(None, description="a value that ends the sweep when a complete trial reaches it")
    tracking: Annotated[Literal["mlflow", "off"], BeforeValidator(_off_or_on)] = Field(
        "mlflow", description="where runs are shown beside the study itself, or off"
    )
    seed: int = Field(0, description="of the search and of the seeds that it trains with", ge=0, lt=2**32)
    fixed: dict[str, Any] = Field({}, description="fields of the loop's config that differ from its defaults")
    search: dict[str, Dimension] = Field(description="fields of the loop's config that trials differ in")
    default: dict[str, Any] = Field(
        {}, description="values of searched fields that trial 0 has, where they differ from the loop's defaults"
    )
    first: list[dict[str, Any]] = Field(
        [], description="values of searched fields to try right after the default configuration, which has the others"
    )
    start_from: str | None = Field(
        None, description="an earlier study or an MLflow experiment, whose best are tried first", min_length=1
    )

    @model_validator(mode="wrap")
    @classmethod
    def _checked(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        from tuning.sweep import validation  # imports torch

        return handler(dict(validation.to_begin(data)))

    @classmethod
    def load(cls, source: str | os.PathLike[str], settings: Mapping[str, Any] | None = None) -> "Sweep":
        """The sweep in a preset or file, checked for what this machine lacks, too.

        source: a preset's name or a path.
        settings: put over it by key path, `{"budget": 50_000, "fixed.gamma": 0.98}`; what is fixed is no longer
            searched, and the other way round.
        Raises SweepError with all that is wrong.
        """
        from tuning.sweep import loading  # imports torch

        return loading.load(os.path.expanduser(source), settings or {})

    @classmethod
    def suggested(
        cls,
        *,
        environment: str | None = None,
        data: str | os.PathLike[str] | None = None,
        target: str | None = None,
        loop: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> "Sweep":
        """The sweep that `tuning new` suggests for an environment or a table, after a look at it.

        environment: id of a Gymnasium environment.
        data: the path of a file, or the name of a data set.
        target: the column to predict; None: the last.
        loop: what trains; None: what fits.
        settings: put over it by key path, as of `load`.
        Raises SweepError with all that is wrong.
        """
        from tuning.sweep import loading  # imports torch
        from tuning.sweep.suggestions.beginning import Beginning

        path = None if data is None else os.fspath(data)
        return loading.load(Beginning(environment, path, target, loop), settings or {})

    def with_settings(self, settings: Mapping[str, Any]) -> "Sweep":
        """The sweep with other settings by key path, checked anew. Raises SweepError."""
        document = overrides.put_over(Document(self.model_dump(mode="json")), settings)
        return Sweep.model_validate(document.data)

    @field_serializer("halving", "confirm")
    def _off(self, value: Frozen | None) -> Any:
        """None would read as the default."""
        return "off" if value is None else value.model_dump(mode="json")

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Of all objectives."""
        return (self.direction,) if self.second is None else (self.direction, self.second.direction)

    @property
    def ladders(self) -> tuple[tuple[int, ...], ...]:
        """The budgets at which trials are compared, by bracket; the full budget alone where nothing is halved."""
        if self.halving is None:
            return ((self.budget,),)
        ladder = self.halving.budgets(self.budget)
        if self.halving.rungs == "auto" and self.halving.minimum is None:
            # Before it learns a loop has nothing to be compared by.
            starts = 0 if self.foreign else getattr(self.config(), "learning_starts", 0)
            ladder = tuple(rung for rung in ladder if rung > 4 * starts or rung == self.budget)
        starts_at = range(len(ladder)) if self.halving.hyperband else range(1)
        return tuple(ladder[start:] for start in starts_at)

    @property
    def reduction(self) -> int:
        """One of so many trials goes on from a rung."""
        return self.halving.reduction if self.halving else 1

    @property
    def audit_fraction(self) -> float:
        """The share of pruned trials that are trained on to the end."""
        return self.halving.audit_fraction if self.halving else 0

    @property
    def loop_type(self) -> "type[Loop]":
        """What trains. Raises Unimportable where it is not to be found here."""
        return trainables.loop_of(self.loop)

    @property
    def foreign(self) -> bool:
        """Whether what trains is none of our loops: then it is not known what it does by default."""
        config: type[Training] = self.loop_type.Config
        return config.foreign

    @property
    def space(self) -> Space:
        """What is searched, as Optuna is asked for it."""
        config = self.loop_type.Config
        return Space(self.search, frozenset(name for name in self.search if not is_tunable(config, name)))

    @property
    def field_values(self) -> FieldValues:
        """Which values trials come to have in the fields of the loop's config."""
        return FieldValues(self.loop_type.Config, self.fixed, self.search, self.default)

    def config(self, values: Mapping[str, Any] | None = None, seed: int = 0) -> "Training":
        """The config of one member.

        values: of what is searched; what is left out is as in trial 0.
        seed: of the training.
        """
        model = self.loop_type.Config
        own = {"budget": self.budget, "environment": self.environment, "data": self.data}
        known: dict[str, Any] = {name: value for name, value in own.items() if value is not None}
        if "evaluation_seed" in model.model_fields:
            known["evaluation_seed"] = self.seed
        config: Training = model(**{**known, **self.fixed, **self.default, **(values or {}), "seed": seed})
        return config

    def structure_of(self, values: Mapping[str, Any]) -> str:
        """What trials with these values must have in common with others to share a pack."""
        return json.dumps(structure(self.config(values)), sort_keys=True)

    def default_params(self) -> dict[str, Any]:
        """Optuna's parameters of the default configuration, but for those that lie outside the search."""
        return params_of(self.space, self.config().model_dump(mode="json"))

    def first_params(self) -> list[dict[str, Any]]:
        """Optuna's parameters of the configurations to try first, each but for what of it lies outside the search."""
        return [params_of(self.space, self.config(values).model_dump(mode="json")) for values in self.first]

    @property
    def points(self) -> int:
        """How many trials a grid has: one a point, and one of the default configuration if that is none of them."""
        on_the_grid = self.foreign or fitting(self.space, self.default_params()) is not None
        return grid.size(self.space) + (0 if on_the_grid else 1)

    def to_yaml(self) -> str:
        """The text of a file that reads as this sweep."""
        return yaml_text.write({key: item for key, item in self.model_dump(mode="json").items() if item is not None})
