"""What can be wrong with a sweep beyond what its single values may be, an idea a file.

Each may yield notes among its problems: what a person should know of a sweep that can be run.
"""
