"""The roles of a job as state machines: events in, instructions out. Pure: no I/O, clock, thread, JAX or NumPy."""
