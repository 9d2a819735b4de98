"""The environment that a sweep names, tried."""

from collections.abc import Iterable, Iterator
from typing import Any

from trainables import environments
from trainables.base import random_streams
from trainables.environments import Description, EnvironmentMisfit, watched_trial
from trainables.environments.action_spaces import Continuous
from trainables.environments.trial_run import Found, Wanted
from trainables.loops.contract import choices_of
from trainables.loops.evaluation import SOLVED
from tuning.errors import Finding, Note, Problem
from tuning.sweep.checks import episodes, own_network, unused_fields
from tuning.sweep.dimensions import Choices
from tuning.sweep.draft import Draft
from tuning.sweep.field_values import UNKNOWN, FieldValues

SMALL_PART = 0.2
"""The share of an environment's cases up to which a person is told that evaluations cover few."""


def problems(draft: Draft) -> Iterator[Finding]:
    """What is wrong with it, with its settings and with what is to act in it, and what to know of it; nothing where the
    loop takes none."""
    if "environment" not in draft.given or not draft.has("environment"):
        return
    if "environment" in draft.field_values.config.model_fields:
        yield from _problems(draft, str(draft.sweep.environment))


def environment_args(values: FieldValues) -> list[dict[str, Any]]:
    """The arguments that trials give their environment, those of trial 0 first."""
    return [arguments for arguments in values.of_any_trial("environment_args") if isinstance(arguments, dict)]


def _problems(draft: Draft, environment: str) -> Iterator[Finding]:
    values, arguments = draft.field_values, environment_args(draft.field_values)
    wrappers, backend = values.in_trial_0("wrappers"), values.in_trial_0("backend")
    if UNKNOWN in (wrappers, backend):
        return
    wrappers, starts = tuple(wrappers), _evaluation_seeds(draft)
    trials = [watched_trial.tried(Wanted(environment, each, wrappers, backend, starts)) for each in arguments]
    found = [_misfit_problem(values, *pair) for pair in zip(arguments, trials, strict=True) if pair[1].misfit]
    yield from found
    if found:
        return
    for trial in trials:
        yield from _trial_notes(values, trial, len(starts))
    try:
        described = [environments.describe(environment, each, wrappers) for each in arguments]
    except EnvironmentMisfit as misfit:
        # What works in a process of its own may not in this one, which others have been at work in.
        yield Problem("environment", misfit.message)
        return
    yield from _flattening_notes(described)
    if any(each.reward_threshold is None for each in described):
        yield from _solved_problems(draft, environment)
    shapes = []
    for each in described:
        try:
            chosen = choices_of(draft.loop, each.actions) if draft.loop is not None else each.actions
            shapes.append((each.inputs, chosen.outputs, each.image))
        except EnvironmentMisfit as misfit:
            yield _misfit_problem(values, each.arguments, Found((misfit.key, misfit.message)))
    yield from own_network.problems(values, shapes)
    if draft.loop is not None:
        known = {
            unused_fields.IMAGES: any(each.image for each in described),
            unused_fields.CONTINUOUS: any(isinstance(each.actions, Continuous) for each in described),
        }
        yield from unused_fields.problems(draft, draft.loop, known)
    yield from episodes.notes(draft, described)


def _flattening_notes(described: Iterable[Description]) -> Iterator[Note]:
    for each in described:
        if each.flattened is not None:
            yield Note("environment", f"observations of {each.flattened} are flattened to {each.inputs:,} numbers")


def _evaluation_seeds(draft: Draft) -> list[int]:
    """The seeds of the episodes that trial 0 is scored on."""
    episodes = draft.field_values.number_in_trial_0("evaluation_episodes")
    seed = draft.field_values.fixed.get("evaluation_seed", draft.sweep.seed if draft.has("seed") else 0)
    if episodes < 1 or seed is UNKNOWN:
        return []
    return [int(each) for each in random_streams.evaluation_seeds(seed, episodes)]


def _trial_notes(values: FieldValues, trial: Found, episodes: int) -> Iterator[Note]:
    """What a trial run has found worth knowing; episodes: how many an evaluation plays."""
    for warning in trial.warnings:
        yield Note("environment", warning, warning=True)
    if trial.cases is not None and trial.covered <= SMALL_PART * trial.cases:
        yield Note(
            values.key_path("evaluation_episodes"),
            f"the {episodes:,} evaluation episodes cover {trial.covered:,} of about {trial.cases:,} observations that "
            f"episodes begin with: scores say little of the others, and {trial.cases:,} episodes would cover most",
            warning=True,
        )


def _misfit_problem(values: FieldValues, arguments: dict[str, Any], trial: Found) -> Problem:
    """Why the environment can't be used with these arguments; the default is to blame where no other trial has them."""
    key, message = trial.misfit or ("environment", "")
    message, searched = " ".join(message.split()), values.search.get("environment_args")
    if key != "environment":
        return Problem(f"fixed.{key}", message)
    if not isinstance(searched, Choices) or arguments in searched.choices:
        return Problem("environment", message)
    if "environment_args" in values.default:
        return Problem("default.environment_args", message)
    other = "`default: {environment_args: ...}` gives it others"
    return Problem("search.environment_args", f"trial 0 takes none of them: {message}; {other}")


def _solved_problems(draft: Draft, environment: str) -> Iterator[Problem]:
    """Where trials are compared by how often they solve an environment that nobody says what solves."""
    second = draft.sweep.second
    for path, metric in (("metric", draft.sweep.metric), ("second", second and second.metric)):
        if metric == SOLVED:
            yield Problem(path, f"{SOLVED} is there only with a reward_threshold, which {environment} lacks")
