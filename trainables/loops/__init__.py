"""The training loops, and what they have in common: config, contract, learner, episodes, evaluation."""
