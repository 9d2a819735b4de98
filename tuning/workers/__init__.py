"""Where packs train: Ray, Ray Tune, and what this machine has room for."""
