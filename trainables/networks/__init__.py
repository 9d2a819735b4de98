"""Networks: what they are, how they are computed, what their weights begin with, and dropout."""
