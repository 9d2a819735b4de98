"""The study as MLflow shows it, and whether the two agree."""
