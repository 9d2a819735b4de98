"""Verdicts as people read them."""

from collections.abc import Iterator

from tuning.diagnosis.verdict import Verdict
from tuning.diagnosis.wording import patch
from tuning.report.number_format import number


def in_full(verdict: Verdict, evidence: bool = True) -> Iterator[str]:
    """A verdict in lines: what has happened, its likely cause, the evidence if that is wanted, and the patch."""
    yield verdict.sentence
    yield f"Likely cause: {verdict.cause}"
    if verdict.evidence and evidence:
        shown = (f"{name.replace('_', ' ')} {number(value)}" for name, value in verdict.evidence.items())
        yield f"Evidence: {', '.join(shown)}"
    if verdict.patch:
        yield f"What might mend it: {patch(verdict.patch)}"
