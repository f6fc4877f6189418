"""The operations of a kernel: `Ops` in JAX, in a plain form or in the form that is fast on XLA's CPU backend."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import jax
import jax.numpy as jnp

from singalang_compiler.library.context import Array, Pair
from singalang_compiler.library.ops_jax import avg_pool, conv2d, lrn, max_pool


@dataclass(frozen=True, slots=True)
class JaxOps:
    """`Ops` in JAX. Both forms compute the same numbers, up to rounding; `cpu` does it fast on a CPU.

    `precision` is that of parameters and activations; `f64` wants JAX's 64-bit mode around everything that uses it.
    """

    precision: Literal["f32", "f64"] = "f32"
    form: Literal["plain", "cpu"] = "plain"

    @property
    def np(self) -> Any:
        """The array library."""
        return jnp

    @property
    def dtype(self) -> Any:
        """The job's precision as a dtype."""
        return jnp.float64 if self.precision == "f64" else jnp.float32

    def conv2d(self, x: Array, kernel: Array, stride: Pair, pad: Pair) -> Array:
        """See `Ops`."""
        return (conv2d.plain if self.form == "plain" else conv2d.fast)(x, kernel, stride, pad)

    def max_pool(self, x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Array:
        """See `Ops`."""
        return (max_pool.plain if self.form == "plain" else max_pool.fast)(x, kernel, stride, pad)

    def avg_pool(self, x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Array:
        """See `Ops`."""
        return (avg_pool.plain if self.form == "plain" else avg_pool.fast)(x, kernel, stride, pad)

    def lrn(self, x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
        """See `Ops`; `size` is odd."""
        return (lrn.plain if self.form == "plain" else lrn.fast)(x, size, alpha, beta, k)

    def log_softmax(self, x: Array) -> Array:
        """See `Ops`. The largest entry is taken off first, so nothing overflows."""
        return jax.nn.log_softmax(x, axis=-1)

    def normal(self, key: Array, shape: tuple[int, ...]) -> Array:
        """See `Ops`."""
        return jax.random.normal(key, shape, self.dtype)

    def uniform(self, key: Array, shape: tuple[int, ...]) -> Array:
        """See `Ops`."""
        return jax.random.uniform(key, shape, self.dtype)

    def stop_gradient(self, x: Array) -> Array:
        """See `Ops`."""
        return jax.lax.stop_gradient(x)

    def cast(self, x: Array) -> Array:
        """See `Ops`."""
        return jnp.asarray(x, self.dtype)

    def value_and_grad(self, function: Callable[..., tuple[Array, Any]]) -> Callable[..., tuple[tuple[Array, Any], Any]]:
        """See `Ops`."""
        return jax.value_and_grad(function, has_aux=True)
