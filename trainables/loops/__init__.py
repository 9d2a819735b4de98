"""The training loops, and what all of them have in common: contract, learner, episodes, evaluation."""
