"""The `tuning` command, and `python -m tuning`."""

import sys

from tuning import insist_on_trainables
from tuning.errors import LockstepError


def main() -> None:
    """Load the command and run it; a Ctrl-C while it loads ends it like a later one."""
    try:
        insist_on_trainables()
        from tuning.cli import main as command
    except LockstepError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
