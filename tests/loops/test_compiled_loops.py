"""Loops whose functions are compiled learn what they do without."""

import pytest
import torch
from loop_cases import CASES
from loop_runs import CPU, TOLERANCE, assert_alike, begin, weights

from trainables.compilation import when_it_pays

AT_ONCE = ("loop_cases:PrioritisedDQN", "supervised", "rosenbrock:Rosenbrock")
"""The memory's priorities make DQN's update a larger one, which the plain one is part of."""
LATER = {name: [pytest.mark.slow] for name in CASES if name not in AT_ONCE}
LATER["loop_cases:GaussianReinforce"].append(pytest.mark.core)
"""Each of REINFORCE's takes three programs; those of numbers are the largest."""


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.skipif(not when_it_pays.compiles("auto", when_it_pays.PAYS_AT, CPU), reason="there is no C++ compiler")
@pytest.mark.parametrize("name", [*AT_ONCE, *(pytest.param(name, marks=marks) for name, marks in LATER.items())])
def test_compiled_equals_eager(name: str) -> None:
    case = CASES[name]
    eager, compiled = (begin(name, case.members, compile=way, **case.compiled) for way in ("never", "always"))
    assert_alike(eager.train(case.middle), compiled.train(case.middle))
    torch.testing.assert_close(weights(name, eager.state()), weights(name, compiled.state()), **TOLERANCE)
