"""Functions of a pack compiled once for all workers, and the rule of when that pays."""
