"""Legs that wait for room, which a person is told of before they wonder. Pure."""

SILENT_S, AGAIN_S = 30.0, 600.0
"""After which a person is told what is waited for, and told again."""


class Waiting:
    """Remembers since when legs wait for a worker to be had."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._say_at = 0.0

    def for_s(self, now: float) -> float:
        """For how long a leg has waited; now: as below."""
        return 0.0 if self._since is None else now - self._since

    def is_to_be_said(self, waits: bool, now: float) -> bool:
        """Whether a person should be told now.

        waits: whether a leg waits.
        now: of a clock that only rises.
        """
        if not waits:
            self._since = None
            return False
        if self._since is None:
            self._since, self._say_at = now, max(self._say_at, now + SILENT_S)
        if now < self._say_at:
            return False
        self._say_at = now + AGAIN_S
        return True
