"""What people read: progress, the report of a study, what mattered, predictions."""
