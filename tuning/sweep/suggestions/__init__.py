"""Sweeps for those who have nothing yet but an environment or a table."""
