"""The operations of the library in JAX: the one implementation of `library/context.py`."""
