"""What becomes of episodes that are longer than the budget has room for, said before anything is trained."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from trainables.environments import Description
from trainables.loops import episode_limits
from trainables.loops.config import EpisodicConfig
from tuning.errors import Note
from tuning.sweep.draft import Draft
from tuning.sweep.field_values import UNKNOWN, FieldValues


def notes(draft: Draft, described: Sequence[Description]) -> Iterator[Note]:
    """Where episodes are cut, or are fewer than were asked for.

    draft: of the sweep.
    described: its environment, with the arguments of each trial.
    """
    config = _config(draft)
    if config is None or not described:
        return
    limited = [episode_limits.limited(config, each) for each in described]
    longest = max(limited, key=lambda each: each.longest)
    if longest.endless and config.max_episode_steps is None:
        yield Note(
            "environment",
            f"{longest.environment} sets no limit to its episodes: they are cut after {longest.longest:,} steps, and "
            "evaluations have fewer of them where they take that long; `fixed: {max_episode_steps: ...}` says another "
            "number",
        )
    else:
        yield from _evaluation_notes(draft, config, longest)
    yield from _batch_notes(draft.field_values, config, longest.longest)


def _config(draft: Draft) -> EpisodicConfig | None:
    """The config of a trial whose batches are the largest; None where the sweep does not give one."""
    values, model = draft.field_values, draft.field_values.config
    if not issubclass(model, EpisodicConfig) or not draft.has("budget", "environment"):
        return None
    fields: dict[str, Any] = {name: value for name, value in values.fixed.items() if value is not UNKNOWN}
    largest = {"batch_size": max(values.largest("batch_size"), values.number_in_trial_0("batch_size"))}
    try:
        return model(**{**fields, **largest, "budget": draft.sweep.budget, "environment": draft.sweep.environment})
    except ValidationError:
        return None


def _evaluation_notes(draft: Draft, config: EpisodicConfig, longest: Description) -> Iterator[Note]:
    share, episodes = config.evaluation_share, config.evaluation_episodes
    if share is None:
        return
    cut = episode_limits.longest_evaluated(config, longest)
    room = share * config.budget / config.reported()
    whole = _share(longest.longest * config.reported() / config.budget)
    all_of_them = _share(episodes * longest.longest * config.reported() / config.budget)
    if cut < longest.longest:
        yield Note(
            draft.field_values.key_path("evaluation_share"),
            f"scores are what is earned in the first {cut:,} steps of an episode, which may have {longest.longest:,}: "
            f"evaluations have {share:g} of the steps trained; {whole:g} has room for one whole episode each time, "
            f"{all_of_them:g} for all {episodes}",
            warning=True,
        )
    elif (least := math.ceil(round(room / cut, 6))) < episodes:
        yield Note(
            draft.field_values.key_path("evaluation_share"),
            f"where episodes take all of their {cut:,} steps, evaluations play {least} of {episodes}: they have "
            f"{share:g} of the steps trained; {all_of_them:g} has room for all",
        )
    confirm = draft.sweep.confirm if draft.has("confirm") else None
    room = episode_limits.confirmation_steps(config)
    if confirm is not None and confirm.episodes * cut > room:
        yield Note(
            "confirm",
            f"where episodes take all of their {cut:,} steps, trainings are confirmed on "
            f"{max(1, math.ceil(room / cut))} of {confirm.episodes}, which take as many steps as they were trained for",
        )


def _batch_notes(values: FieldValues, config: EpisodicConfig, longest: int) -> Iterator[Note]:
    episodes, most = config.episodes_at_once(), episode_limits.training_steps(config)
    if episodes > 1 and episodes * longest > most:
        yield Note(
            values.key_path("batch_size"),
            f"a batch of {episodes} episodes can take {episodes * longest:,} steps, more than the budget, and is cut "
            f"where {most:,} are trained; should have fewer, or shorter ones: max_episode_steps",
            warning=True,
        )


def _share(exact: float) -> float:
    """A share in hundredths that is enough."""
    return math.ceil(round(exact * 100, 6)) / 100
