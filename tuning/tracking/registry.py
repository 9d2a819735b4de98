"""The model of a study in MLflow's registry: a version of the model that is called as the sweep, and its alias.

A version says by tags what is known of it, so that a later study can tell whether its own is better (rules/succession).
A study has one version of each network that it has registered, and one of them has a standing: `champion`, where fresh
seeds tell it apart from all others, else `candidate`. The alias of that name is on the version whose standing no later
one has bettered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mlflow.entities import LoggedModel
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS, ErrorCode
from mlflow.tracking import MlflowClient

from tuning.rules import succession
from tuning.rules.objective import Direction
from tuning.rules.succession import Claim
from tuning.tracking.run_names import digits

Standing = Literal["champion", "candidate"]
STANDINGS: tuple[Standing, ...] = ("champion", "candidate")

STUDY, KEY, TRIAL, STANDING = "lockstep.study", "lockstep.key", "lockstep.trial", "lockstep.standing"
MEASURE, WORSE_END, VALUE = "lockstep.measure", "lockstep.worse_end", "lockstep.value"


@dataclass(frozen=True)
class Entry:
    """What a study registers.

    name: of the model.
    study, trial: by which study it was found, and as which trial.
    model: of the trial's run, as MLflow keeps it.
    standing: what it is in its study.
    claim: what is known of it.
    direction: which scores are better.
    description: the same in words.
    """

    name: str
    study: str
    trial: int
    model: LoggedModel
    standing: Standing
    claim: Claim
    direction: Direction
    description: str

    @property
    def tags(self) -> dict[str, str]:
        """What its version says."""
        told = {
            STUDY: self.study,
            KEY: self.claim.study,
            TRIAL: str(self.trial),
            STANDING: self.standing,
            MEASURE: self.claim.measure,
        }
        numbers = {WORSE_END: self.claim.worse_end, VALUE: self.claim.value}
        return told | {key: repr(number) for key, number in numbers.items() if number is not None}


@dataclass(frozen=True)
class Registered:
    """A version, and what has changed, a line for a person; none where all was as it is now."""

    address: str
    news: Sequence[str]


class Registry:
    """The registry of an MLflow. Its questions and answers are those of MLflow's client, and so are its errors."""

    def __init__(self, client: MlflowClient) -> None:
        self._client = client

    def register(self, entry: Entry) -> Registered:
        """Have a version of the network, once, and see to the aliases. May be called again wherever it was cut off."""
        self._insist_on_model(entry)
        versions = {str(each.version): each for each in self._versions(entry.name)}
        own = [each for each in versions.values() if each.tags.get(KEY) == entry.claim.study]
        # By what it was made of: not every MLflow says of which model it was.
        version = next((each for each in own if each.source == entry.model.artifact_location), None)
        if version is None:
            version = self._client.create_model_version(
                entry.name,
                # Not `models:/<id>`: a database would look for it in the MLflow of the whole process.
                entry.model.artifact_location,
                entry.model.source_run_id,
                tags=entry.tags,
                description=entry.description,
                model_id=entry.model.model_id,
            )
        number = str(version.version)
        self._tell(version, entry)
        for former in own:
            if str(former.version) != number and STANDING in former.tags:
                self._client.delete_model_version_tag(entry.name, str(former.version), STANDING)
        known = {str(each.version): each for each in self._versions(entry.name)}
        news = [line for alias in STANDINGS if (line := self._alias(alias, entry, number, known)) is not None]
        return Registered(self._address(entry, number), news)

    def _insist_on_model(self, entry: Entry) -> None:
        said = (
            f"What the sweep {entry.name} has found: `@champion`, where fresh seeds tell it apart from all others, "
            "else `@candidate`. A later study takes a name over where its confirmed interval has the better worse end."
        )
        try:
            self._client.create_registered_model(entry.name, {"lockstep.sweep": entry.name}, said)
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(RESOURCE_ALREADY_EXISTS):
                raise

    def _versions(self, name: str) -> list[ModelVersion]:
        """All versions of a model, the first one first."""
        found = list[ModelVersion]()
        token: str | None = None
        while True:
            page = self._client.search_model_versions(f"name = '{name}'", page_token=token)
            found += page
            token = page.token
            if not token:
                return sorted(found, key=lambda each: int(each.version))

    def _tell(self, version: ModelVersion, entry: Entry) -> None:
        """Bring up to date what a version says."""
        for key, tag in entry.tags.items():
            if version.tags.get(key) != tag:
                self._client.set_model_version_tag(entry.name, str(version.version), key, tag)
        if version.description != entry.description:
            self._client.update_model_version(entry.name, str(version.version), entry.description)

    def _alias(self, alias: Standing, entry: Entry, number: str, known: Mapping[str, ModelVersion]) -> str | None:
        """See that an alias is where it belongs; a line for a person where it was moved, or was not given."""
        held = self._client.get_registered_model(entry.name).aliases.get(alias)
        holder = None if held is None else _claim(known.get(str(held)))
        address, here = f"models:/{entry.name}@{alias}", f"trial {entry.trial} of {entry.study} (version {number})"
        if alias != entry.standing:
            if holder is not None and holder.study == entry.claim.study:
                self._fall_back(alias, entry, known)
            return None
        if str(held) == number:
            return None
        if held is None or succession.succeeds(entry.claim, holder, entry.direction):
            self._client.set_registered_model_alias(entry.name, alias, number)
            instead = "" if held is None else f", and no longer version {held}"
            return f"{address} is {here}{instead}{_because(entry.claim, holder)}"
        return f"{address} stays with version {held}, and is not {here}{_because(entry.claim, holder)}"

    def _fall_back(self, alias: Standing, entry: Entry, known: Mapping[str, ModelVersion]) -> None:
        """Take an alias from a study whose network has lost that standing; the best of other studies has it then."""
        others = {number: each for number, each in known.items() if each.tags.get(STANDING) == alias}
        claims = {number: claim for number, each in others.items() if (claim := _claim(each)) is not None}
        same = {number: claim for number, claim in claims.items() if claim.measure == entry.claim.measure}
        best = succession.best(same, entry.direction)
        if best is None:
            self._client.delete_registered_model_alias(entry.name, alias)
        else:
            self._client.set_registered_model_alias(entry.name, alias, best)

    def _address(self, entry: Entry, number: str) -> str:
        """By its alias, where it has it; else by its version."""
        aliases = self._client.get_registered_model(entry.name).aliases
        has_it = str(aliases.get(entry.standing)) == number
        return f"models:/{entry.name}@{entry.standing}" if has_it else f"models:/{entry.name}/{number}"


def _claim(version: ModelVersion | None) -> Claim | None:
    """What a version says of itself; None of one that no study of ours has registered."""
    if version is None or KEY not in version.tags:
        return None
    ends = (version.tags.get(key) for key in (WORSE_END, VALUE))
    worse_end, value = (None if each is None else float(each) for each in ends)
    return Claim(version.tags[KEY], version.tags.get(MEASURE, ""), worse_end, value)


def _because(new: Claim, holder: Claim | None) -> str:
    """What decided between two studies, in words."""
    if holder is None or new.study == holder.study:
        return ""
    if new.measure != holder.measure:
        return f": one is scored by {new.measure}, the other by {holder.measure}"
    if new.worse_end is not None and holder.worse_end is not None:
        return f": its interval's worse end is {digits(new.worse_end)}, there {digits(holder.worse_end)}"
    if new.worse_end is None and holder.worse_end is None:
        return f": its value is {digits(new.value)}, there {digits(holder.value)}"
    return ": it was confirmed" if holder.worse_end is None else ": it was not confirmed"
