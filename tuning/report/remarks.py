"""What comes to light of a study at its end, beside its values: it is kept with the study."""

from pathlib import Path

from trainables import prediction
from trainables.base.checkpoint import CheckpointError
from trainables.base.own_classes import Unimportable
from tuning.errors import Note
from tuning.study.summary import StudySummary

MANY_ACTIONS, FEW_ANSWERS = 20, 0.2
"""From so many actions on it is told where a policy takes no more than this share of them at the beginning."""


def remarks(summary: StudySummary) -> list[Note]:
    """That the policy to use has hardly an answer for all that it may be shown, if so."""
    chosen = summary.chosen
    if summary.sweep.environment is None or chosen is None or chosen.checkpoint is None:
        return []
    try:
        found = prediction.answers(Path(chosen.checkpoint), MANY_ACTIONS)
    except (CheckpointError, Unimportable):
        return []
    if found is None or found.answers > FEW_ANSWERS * min(found.actions, found.inputs):
        return []
    answers = "answer" if found.answers == 1 else "different answers"
    message = (
        f"the policy of trial {chosen.number} gives {found.answers} {answers} to {found.inputs:,} inputs, the "
        f"observations that episodes begin with, though there are {found.actions:,} actions"
    )
    return [Note("", message, warning=True)]
