"""Random numbers that depend on names and places, never on how a batch is cut."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import jax
import jax.numpy as jnp

from singalang_compiler.library.context import Array


def key_of(key: Array, name: str) -> Array:
    """The key for a name under a key: the same in every process and release."""
    return jax.random.fold_in(key, crc32(name.encode()))


def uniform_per_record(key: Array, batch: int, first: Array | int, shape: tuple[int, ...], dtype: Any) -> Array:
    """Random numbers of [0, 1): (batch, *shape), those of a record made from `key` and its place in the group's batch alone.

    `first` is the place of the first record: pieces of a batch, each with its own `first`, draw what the whole would.
    """
    numbers = jnp.arange(batch, dtype=jnp.uint32) + jnp.asarray(first, jnp.uint32)
    return jax.vmap(lambda number: jax.random.uniform(jax.random.fold_in(key, number), shape, dtype))(numbers)
