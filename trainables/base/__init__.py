"""What everything else stands on: the member axis, random streams, checkpoints, fields of a config."""
