"""What is known of the command as a whole."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuning.study.paths import Home

if TYPE_CHECKING:
    from tuning.runner import Hire


@dataclass
class Invocation:
    """What is known of the command as a whole.

    home: where a traceback is kept if it comes to that.
    hire: who finds the workers, if not Ray.
    """

    home: Home
    hire: "Hire | None" = None
