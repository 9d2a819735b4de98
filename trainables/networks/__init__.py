"""Networks, what their weights begin with, and dropout."""
