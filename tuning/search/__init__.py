"""What is tried next, and with whom: samplers, halving over legs, confirmation on fresh seeds."""
