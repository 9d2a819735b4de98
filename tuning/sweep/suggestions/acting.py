"""Sweeps for environments: what is usual in the field, fitted to what is seen of the environment.

R  the largest discounted return of random actions, or the largest reward if that is more
"""

from typing import Any

from trainables import environments
from trainables.environments.action_spaces import Continuous
from trainables.environments.description import Description
from trainables.environments.first_look import FirstLook
from tuning.sweep.suggestions.suggestion import Suggestion, introduction, log_range, rounded, study_name

SMALL_TABLE = 100
"""Discrete observations up to which what there is to learn is a table that is soon filled."""

MEMORY_BYTES = 2**30
"""Of the replay memories of a pack of 16."""

EVALUATED_STEPS = 1_000
"""Of an evaluation, about: where episodes are short it has more of them, since they differ by luck."""

COMMENTS = {
    "budget": "environment steps of each training",
    "trials": "configurations; `--trials 64` tries more",
    "halving": "At a quarter of the budget a quarter of the trials goes on.",
    "confirm": "The two best and the default, trained afresh: how good they are when luck is left out.",
    "fixed.wrappers": "Brings observations to the range from -1 to 1: as they are, some are too small or too large.",
    "fixed.evaluation_episodes": "that one evaluation is the mean of: episodes are short, and differ by luck",
    "fixed.evaluation_share": "steps that evaluations may take, as a share of those trained; null: all that they take",
    "fixed.hidden": "Each number that is observed has weights of its own: what is learnt is a table.",
    "fixed.replay_capacity": "transitions; as many as a pack has memory for",
    "search.schedule": "A rate that falls to nearly nothing keeps the last evaluations from jumping.",
    "search.max_norm": "from always clipping gradients to never",
    "search.batch_size": "Each choice is a program of its own, which takes some seconds to compile the first time.",
    "search.gamma": "how far ahead: 0.9 some 10 steps, 0.99 a hundred, 0.999 a thousand",
    "search.epsilon": "for how much of the training actions are partly random",
    "search.n_steps": "More of them tell of a late reward sooner.",
    "search.entropy_weight": "Holds actions open that luck has not favoured yet.",
    "search.initial_deviation": "of actions, at first; 1 is half the range between their bounds",
    "search.noise_correlation": "Above 0 what is random in actions pushes one way for a while, and gets farther.",
    "fixed.normalise_advantages": "What is better than usual counts alike, however large returns are.",
    "fixed.action_bounds": "What is drawn beyond a bound is moved to it: the best actions are often the extreme ones.",
    "search.baseline": "what returns are compared with: their mean, or a learnt value of the state",
}


def dqn(seen: Description, look: FirstLook) -> Suggestion:
    """DQN: for environments with one of several actions at each step.

    seen: the environment.
    look: how random actions fare in it.
    """
    one_hot, far = not seen.vector, look.found_an_end < 0.1
    budget = 60_000 if far else 40_000
    if one_hot and seen.inputs <= SMALL_TABLE:
        budget = 20_000
    elif seen.longest >= 1_000 and not seen.endless:
        budget = 100_000
    capacity = MEMORY_BYTES // (16 * 4 * (2 * seen.inputs + 3))
    fixed: dict[str, Any] = _as_seen(seen, look)
    if capacity < min(budget, 100_000):
        fixed["replay_capacity"] = max(1_000, capacity // 1_000 * 1_000)
    if one_hot:
        fixed["hidden"] = []
    search = {
        "learning_rate": log_range(1e-3, 1e-1) if one_hot else log_range(3e-4, 1e-2),
        "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"low": 0.0, "high": 0.1}}}},
        "max_norm": log_range(0.5, 50.0),
        "batch_size": {"choices": [64, 128]},
        "reward_scale": _reward_scale(look, 10.0, 100.0),
        "gamma": {"low": 0.97, "high": 0.999},
        "n_steps": {"low": 1, "high": 5},
        "target_interval": {"low": 100, "high": 2_000, "log": True},
        "epsilon": {"choices": {"linear": {"share": {"low": 0.1, "high": 0.6}}}},
    }
    return _suggestion("dqn", "DQN", seen, look, budget, 16, fixed, search)


def reinforce(seen: Description, look: FirstLook) -> Suggestion:
    """REINFORCE: for any actions that policies can be made for.

    seen: the environment.
    look: how random actions fare in it.
    """
    budget = 100_000 if seen.endless else max(100_000, min(1_000 * seen.longest, 300_000))
    fixed = _as_seen(seen, look)
    if not seen.vector:
        fixed["hidden"] = []
    search: dict[str, Any] = {
        "learning_rate": log_range(1e-3, 3e-2) if seen.vector else log_range(1e-2, 1e-1),
        "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"low": 0.0, "high": 0.1}}}},
        "max_norm": log_range(0.1, 10.0),
        "batch_size": {"choices": [8, 16]},
        "reward_scale": _reward_scale(look, 1.0, 10.0),
        "gamma": {"low": 0.95, "high": 0.999},
        "entropy_weight": log_range(1e-4, 3e-2),
        "baseline": {"choices": ["batch_mean", "value"]},
    }
    if isinstance(seen.actions, Continuous):
        fixed |= {"activation": "tanh", "normalise_advantages": True, "action_bounds": "clip"}
        search |= {
            "batch_size": {"choices": [4, 16]},
            "gamma": {"low": 0.9, "high": 0.99},
            "initial_deviation": log_range(0.3, 3.0),
            "noise_correlation": {"low": 0.0, "high": 0.95},
        }
    return _suggestion("reinforce", "REINFORCE", seen, look, budget, 16, fixed, search)


def _suggestion(
    loop: str,
    called: str,
    seen: Description,
    look: FirstLook,
    budget: int,
    trials: int,
    fixed: dict[str, Any],
    search: dict[str, Any],
) -> Suggestion:
    scaled = f"Random actions bring returns of up to {_short(_size(look))}, discounted; learnt from, they are scaled."
    data = {
        "name": study_name(f"{seen.environment.rpartition(':')[2]}-{loop}", loop),
        "loop": loop,
        "environment": seen.environment,
        "budget": budget,
        "trials": trials,
        "halving": {"reduction": 4, "rungs": 2},
        "confirm": {"top": 2, "seeds": 5, "episodes": 30},
        **({"fixed": fixed} if fixed else {}),
        "search": search,
    }
    comments = {**COMMENTS, "search.reward_scale": scaled}
    heading = (*introduction(called, seen.environment, loop), *_heading(seen, look))
    return Suggestion(heading, data, comments)


def _heading(seen: Description, look: FirstLook) -> list[str]:
    """What is understood of the environment."""
    observed = f"one of {seen.inputs} numbers" if not seen.vector else f"{seen.inputs} numbers"
    if seen.image is not None:
        observed = f"an image of {' x '.join(map(str, seen.shape))}"
    solved = "" if seen.reward_threshold is None else f", solved from a return of {seen.reward_threshold:g} on"
    limit = "no limit to their steps" if seen.endless else f"at most {seen.longest:,} steps"
    mean = sum(look.returns) / len(look.returns)
    worst, best = min(look.returns), max(look.returns)
    return [
        f"Observed is {observed}; there are {seen.actions}. Episodes have {limit}{solved}.",
        f"Random actions: a return of {_short(mean)} ({_short(worst)} to {_short(best)} in {len(look.returns)} "
        f"episodes), after {sum(look.steps) / len(look.steps):,.0f} steps.",
    ]


def _as_seen(seen: Description, look: FirstLook) -> dict[str, Any]:
    """What is fixed since it is given, or follows from the observations."""
    fixed: dict[str, Any] = {}
    if seen.arguments:
        fixed["environment_args"] = dict(seen.arguments)
    wrappers: list[Any] = list(seen.wrappers)
    tiny = look.narrowest is not None and 0 < look.narrowest < 0.5
    huge = look.widest is not None and look.widest > 200
    if (tiny or (huge and look.narrowest)) and seen.image is None and not wrappers:
        wrappers = [{"RescaleObservation": {"min_obs": -1, "max_obs": 1}}]
    if wrappers:
        fixed["wrappers"] = wrappers
    steps = sum(look.steps) / len(look.steps)
    episodes = next((each for each in (100, 50, 20) if each * steps <= EVALUATED_STEPS), None)
    if episodes is not None:
        fixed |= {"evaluation_episodes": episodes, "evaluation_share": 1.0}
    if environments.is_vectorised(seen.environment, seen.arguments, wrappers, "auto"):
        fixed["evaluation_share"] = None
    return fixed


def _size(look: FirstLook) -> float:
    """R."""
    return max(look.largest_return, look.largest_reward) or 1.0


def _reward_scale(look: FirstLook, low: float, high: float) -> dict[str, Any]:
    """Factors that bring R to between these."""
    unit = rounded(_size(look))
    return log_range(float(f"{low / unit:.1g}"), float(f"{high / unit:.1g}"))


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
