"""Data sets: made here or read from files, checked, and split."""
