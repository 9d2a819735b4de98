"""What people read: progress, the leaderboard, what mattered, predictions."""
