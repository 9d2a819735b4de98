"""What can be wrong with a sweep beyond what its single values may be, an idea a file."""
