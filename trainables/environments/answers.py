"""What the methods of an environment return, and what is wrong with what they return."""

import inspect
import textwrap
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

OF_RESET = "should return observation, info"
OF_STEP = "should return observation, reward, terminated, truncated, info"
OLD = "as Gym had it before version 0.26"


class MisfitAnswer(ValueError):
    """What an environment has returned can't be used; the message says what it is, and what it should be."""


class Answering(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Checks what an environment returns, before wrappers trip over it."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env)
        self._takes_seed = _takes(env.reset, "seed")

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        """As the environment's. Raises MisfitAnswer."""
        if not self._takes_seed:
            raise MisfitAnswer(f"has a reset without seed, {OLD}; should be reset(self, *, seed=None, options=None)")
        return of_reset(self.env.reset(seed=seed, options=options) if options else self.env.reset(seed=seed))

    def step(self, action: Any) -> tuple[Any, Any, Any, Any, Any]:
        """As the environment's. Raises MisfitAnswer."""
        return of_step(self.env.step(action))


def of_reset(answer: Any) -> tuple[Any, Any]:
    """The observation and the infos that a reset has returned. Raises MisfitAnswer."""
    if isinstance(answer, tuple | list) and len(answer) == 2 and _are_infos(answer[1]):
        return answer[0], answer[1]
    if isinstance(answer, tuple | list) and len(answer) == 2:
        raise MisfitAnswer(f"returned {shown(answer[1])} as info from reset; {OF_RESET}, a dictionary")
    old = "" if answer is None else f", {OLD}"
    raise MisfitAnswer(f"returned {shown(answer)} from reset{old}; {OF_RESET}")


def of_step(answer: Any) -> tuple[Any, Any, Any, Any, Any]:
    """What a step has returned: observation, reward, terminated, truncated and infos. Raises MisfitAnswer."""
    if isinstance(answer, tuple | list) and len(answer) == 5:
        seen, earned, terminated, truncated, infos = answer
        return seen, earned, terminated, truncated, infos
    if isinstance(answer, tuple | list):
        old = f", {OLD}" if len(answer) == 4 else ""
        raise MisfitAnswer(f"returned {len(answer)} values from step{old}; {OF_STEP}")
    raise MisfitAnswer(f"returned {shown(answer)} from step; {OF_STEP}")


def reward(given: Any) -> float:
    """A reward: a number of whatever kind, or an array of one. Raises MisfitAnswer."""
    if isinstance(given, float | int):
        return float(given)
    array = _single(given)
    if array is None:
        raise MisfitAnswer(f"returned the reward {shown(given)} from step; should be a number")
    return float(array.item())


def truth(given: Any, name: str) -> bool:
    """Whether an episode has ended: a truth of whatever kind; None is none. name: of what was returned.

    Raises MisfitAnswer.
    """
    if given is True or given is False or given is None:
        return bool(given)
    array = _single(given)
    if array is None:
        raise MisfitAnswer(f"returned {name} {shown(given)} from step; should be True or False")
    return bool(array.item())


def several(given: Any, count: int, name: str) -> NDArray[np.float64]:
    """What a vector environment returns of all its episodes: numbers (count,). Raises MisfitAnswer.

    given, name: what was returned, and what it is.
    """
    try:
        array = np.asarray(given)
    except ValueError:
        array = np.zeros(0, dtype=np.object_)
    if array.size != count or array.dtype.kind not in "biuf":
        raise MisfitAnswer(f"returned {name} {shown(given)} from step of its vector environment; should be {count}")
    return array.reshape(count).astype(np.float64)


def shown(value: Any) -> str:
    """What a value is, in a few words."""
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"an array of shape {shape}"
    return textwrap.shorten(repr(value), 60, placeholder=" ...")


def _single(given: Any) -> NDArray[Any] | None:
    """The one number that this is; None of anything else."""
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError):
        return None
    return array if array.size == 1 and array.dtype.kind in "biuf" else None


def _are_infos(given: Any) -> bool:
    return given is None or isinstance(given, Mapping) or (isinstance(given, tuple | list | str) and not given)


def _takes(method: Any, name: str) -> bool:
    try:
        parameters = inspect.signature(method).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(each.name == name or each.kind is each.VAR_KEYWORD for each in parameters)
