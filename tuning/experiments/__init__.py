"""Claims that are tested by training: what mends a trial, what makes a difference, whether it comes out the same."""
