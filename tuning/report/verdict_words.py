"""Verdicts as people read them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tuning.diagnosis.verdict import Verdict
from tuning.report.number_format import number


def in_words(name: str) -> str:
    """The name of a verdict as people read it."""
    return name.replace("_", " ")


def in_full(verdict: Verdict, evidence: bool = True) -> Iterator[str]:
    """A verdict in lines: what has happened, its likely cause, the evidence if that is wanted, and the patch."""
    yield verdict.sentence
    yield f"Likely cause: {verdict.cause}"
    if verdict.evidence and evidence:
        shown = (f"{name.replace('_', ' ')} {number(value)}" for name, value in verdict.evidence.items())
        yield f"Evidence: {', '.join(shown)}"
    if verdict.patch:
        yield f"What might mend it: {patch(verdict.patch)}"


def patch(settings: Mapping[str, Any]) -> str:
    """A change of settings in a line, each as `--set` takes it."""
    return ", ".join(f"{name}={_inline(value)}" for name, value in settings.items())


def _inline(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
