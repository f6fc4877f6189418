"""Keys inside kernels: from the two numbers that the host gives to the key of a step."""

from __future__ import annotations

import jax

from singalang_compiler.library.context import Array


def whole_key(key: Array) -> Array:
    """The key that two numbers are; the generator is named, so that no setting of JAX changes what is drawn."""
    return jax.random.wrap_key_data(key, impl="threefry2x32")


def step_key(key: Array, step: Array) -> Array:
    """The key of a step."""
    return jax.random.fold_in(whole_key(key), step)
