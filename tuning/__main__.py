"""The `tuning` command, and `python -m tuning`."""

import sys


def main() -> None:
    """Load the command and run it; a Ctrl-C while it loads ends it like a later one."""
    try:
        from tuning.cli import main as command
    except KeyboardInterrupt:
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
