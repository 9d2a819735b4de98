"""Plots of a study, an idea a file: each takes the material and returns a Plot, or None where there is nothing to draw."""
