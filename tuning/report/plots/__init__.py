"""Plots of a study, an idea a file: each makes a Plot of the material, or None where there is nothing to draw."""
