"""The failure of one member of a pack whose other members can go on."""


class MemberFailed(RuntimeError):
    """One member of a pack can't be trained any further; the others can, without it."""

    def __init__(self, member: int, reason: str) -> None:
        """Names the member and says what is wrong.

        member: its place in the pack.
        reason: what is wrong, beginning with the config key to blame.
        """
        # With all arguments, since Ray pickles the error.
        super().__init__(member, reason)
        self.member, self.reason = member, reason

    def __str__(self) -> str:
        return self.reason
