"""Gymnasium's wrappers, ours and people's own, by name and arguments."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium

from trainables.base import own_classes
from trainables.environments.one_hot import OneHotObservation

Named = str | Mapping[str, Mapping[str, Any]]
"""A wrapper: its name, or its name with arguments, `{TimeAwareObservation: {flatten: true}}`."""


OURS = {"OneHotObservation": OneHotObservation}
"""Wrappers that Gymnasium does not have."""


class WrapperMisfit(ValueError):
    """There is no such wrapper, or it can't wrap the environment; the message says which and why."""


def wrapped(environment: gymnasium.Env[Any, Any], wrappers: Sequence[Named]) -> gymnasium.Env[Any, Any]:
    """The environment in these wrappers, the innermost first. Raises WrapperMisfit."""
    for named in wrappers:
        name, arguments = (named, {}) if isinstance(named, str) else next(iter(named.items()))
        wrapper = _found(name)
        try:
            environment = wrapper(environment, **arguments)
        except Exception as error:
            raise WrapperMisfit(f"{name} can't wrap {environment}: {type(error).__name__}: {error}") from error
    return environment


def _found(name: str) -> Any:
    if ":" in name:
        try:
            return own_classes.load(name)
        except own_classes.Unimportable as error:
            raise WrapperMisfit(str(error)) from error
    known = [*OURS, *(each for each in gymnasium.wrappers.__all__ if each[0].isupper())]
    if name in known:
        return OURS.get(name) or getattr(gymnasium.wrappers, name)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; one of your own is package.module:Wrapper"
    raise WrapperMisfit(f"there is no wrapper {name!r}{hint}")
