"""What everything else stands on: the member axis, random streams, checkpoints, config fields, images, own classes."""
