"""The `tuning` command: parse, call, print; a command a file.

Commands import what they use when they are called, for torch, Ray and MLflow take seconds and many do without.
"""

from tuning.cli.last_resort import main

__all__ = ["main"]
