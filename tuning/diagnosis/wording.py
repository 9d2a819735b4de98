"""Names of verdicts and patches as people read them."""

import json
from collections.abc import Mapping
from typing import Any


def in_words(name: str) -> str:
    """The name of a verdict as people read it."""
    return name.replace("_", " ")


def patch(settings: Mapping[str, Any]) -> str:
    """A change of settings in a line, each as `--set` takes it."""
    return ", ".join(f"{name}={_inline(value)}" for name, value in settings.items())


def _inline(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
