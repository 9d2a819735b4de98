"""For loops of one's own: what a training loop is (trainables/loops/contract.py)."""

from trainables.base.report import Report
from trainables.loops.contract import (
    Config,
    EpisodicConfig,
    Loop,
    Training,
    contract_flaw,
    is_bound,
    is_tunable,
    network,
    scored_by,
    scores_of,
    structure,
)

__all__ = [
    "Config",
    "EpisodicConfig",
    "Loop",
    "Report",
    "Training",
    "contract_flaw",
    "is_bound",
    "is_tunable",
    "network",
    "scored_by",
    "scores_of",
    "structure",
]
