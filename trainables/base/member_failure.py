"""What can go wrong with one member of a pack while the others are sound."""


class MemberFailed(RuntimeError):
    """One member of a pack can't be trained any further; its pack can, without it."""

    def __init__(self, member: int, reason: str) -> None:
        """member: its place in the pack; reason: what is wrong, beginning with the key of the config to blame."""
        # All of its arguments, since Ray copies it.
        super().__init__(member, reason)
        self.member, self.reason = member, reason

    def __str__(self) -> str:
        return self.reason
