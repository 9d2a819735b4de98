"""For loops of one's own: what the fields of a config are made of (trainables/base/config_fields.py)."""

from trainables.base.config_fields import Frozen, Option, by_name, tunable

__all__ = ["Frozen", "Option", "by_name", "tunable"]
