"""Searches by hand that leave real weights: of a small network, drawn by chance, that acts in the tiny sweep."""

from pathlib import Path
from typing import Any

import legs_by_hand
from tracked import tracked

from trainables.base import checkpoint
from trainables.messages import PackReport, PackRequest
from trainables.networks import networks, specs
from trainables.networks.specs import MLP
from tuning.study.study import Study
from tuning.tracking.tracker import Tracker

SPEC = MLP(16, 4, (8,))


def trained(leg: PackRequest) -> PackReport:
    """What a leg reports, with real weights of its members left on disk."""
    for member in leg.members:
        assert member.folder is not None
        best = {
            "network": specs.as_plain(SPEC),
            "state_dict": networks.initial(SPEC, member.config["seed"]),
            "actions": {"kind": "discrete", "n": 4, "start": 0},
            "config": {},
        }
        report = {"points": [], "steps": 200}
        checkpoint.save([Path(member.folder)], [{"moment": 200, "report": report}], [best])
    return legs_by_hand.reports(leg)


def searched(study: Study, **more: Any) -> Tracker:
    """Track a search to its end."""
    return tracked(study, lambda tracker: legs_by_hand.driven(study, result=trained, observers=[tracker]), **more)
