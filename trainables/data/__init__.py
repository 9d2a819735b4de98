"""Data sets: read from files, standardised, and predicted from."""
