"""What a person asks for: the sweep, its fields and dimensions, and all that can be wrong with it."""
