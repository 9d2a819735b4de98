"""For loops of one's own: how a loop names a member that can't go on (trainables/base/member_failure.py)."""

from trainables.base.member_failure import MemberFailed

__all__ = ["MemberFailed"]
