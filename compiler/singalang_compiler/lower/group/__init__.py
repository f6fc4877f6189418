"""Nets cut among the workers of a group, to kernels and the records of what every role holds and does."""
