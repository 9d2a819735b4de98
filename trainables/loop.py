"""For loops of one's own: what a training loop is (trainables/loops/contract.py)."""

from trainables.base.report import Report
from trainables.base.training_config import Training, is_tunable, structure
from trainables.loops.config import Config, EpisodicConfig, network
from trainables.loops.contract import Loop, contract_flaw, is_bound, scored_by, scores_of

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
