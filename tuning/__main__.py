"""The `tuning` command, and `python -m tuning`."""

import sys


def main() -> None:
    """Load the command, which takes a second or two, and run it; a Ctrl-C before it has begun is one like any other."""
    try:
        from tuning.cli import main as command
    except KeyboardInterrupt:
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
