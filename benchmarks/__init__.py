"""The figures of README, each by one command; may import everything, nothing imports it."""
