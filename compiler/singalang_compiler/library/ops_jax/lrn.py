"""Local response normalisation across channels. Source: Krizhevsky, Sutskever & Hinton, 2012, section 3.3."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from singalang_compiler.library.context import Array


def plain(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    """x / (k + alpha / size * window sum of x^2) ** beta, by XLA's own window operation and power."""
    side = size // 2
    sums = lax.reduce_window(x * x, 0.0, lax.add, (1, 1, 1, size), (1, 1, 1, 1), ((0, 0), (0, 0), (0, 0), (side, side)))
    return x * (k + alpha / size * sums) ** -beta


@partial(jax.custom_vjp, nondiff_argnums=(1, 2, 3, 4))
def fast(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    """The same by shifted additions; keeps only x for the backward pass."""
    return x * _power(k + alpha / size * _band(x * x, size), beta)


def _forward(x: Array, size: int, alpha: float, beta: float, k: float) -> tuple[Array, Array]:
    return fast(x, size, alpha, beta, k), x


def _backward(size: int, alpha: float, beta: float, k: float, x: Array, g: Array) -> tuple[Array]:
    """dx = g s - (2 alpha beta / size) x band(g x s / d), with d the sum with k and s = d ** -beta; the band is symmetric."""
    d = k + alpha / size * _band(x * x, size)
    s = _power(d, beta)
    return (g * s - (2 * alpha * beta / size) * x * _band(g * x * s / d, size),)


fast.defvjp(_forward, _backward)


def _band(x: Array, size: int) -> Array:
    """Sum over `size` neighbouring channels, those beside the image being zeros."""
    channels = x.shape[-1]
    x = jnp.pad(x, ((0, 0), (0, 0), (0, 0), (size // 2, size // 2)))
    total = x[..., :channels]
    for shift in range(1, size):
        total = total + x[..., shift : shift + channels]
    return total


def _power(d: Array, beta: float) -> Array:
    """D ** -beta for d > 0. A square root is several times cheaper than a power, and most programs want one of these three."""
    match beta:
        case 0.75:
            root = lax.rsqrt(d)
            return root * jnp.sqrt(root)
        case 0.5:
            return lax.rsqrt(d)
        case 1.0:
            return 1 / d
    return jnp.exp(-beta * jnp.log(d))
