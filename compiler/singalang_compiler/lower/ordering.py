"""An order between the backward pass and the updates, so that XLA overwrites parameters where they are instead of copying them.

A weight is read by the backward pass, for the gradient of its layer's input, and overwritten by its update. Nothing says that the
one comes before the other, so XLA copies every weight, in every step. Here the updates are made to wait for the gradient of
the first layers that learn, which is the end of the backward pass. On SINGA's MNIST MLP that makes a step about a tenth shorter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import jax.numpy as jnp

from singalang_compiler.library.context import Array
from singalang_compiler.library.tensors import Shape
from singalang_compiler.shaped import ShapedNode


def last_gradients(nodes: Sequence[ShapedNode], trained: Mapping[str, Shape]) -> tuple[str, ...]:
    """Of each layer that learns and has none that learns before it, its smallest parameter: their gradients come last."""
    learns_before: dict[str, bool] = {}
    found: list[str] = []
    for node in nodes:
        own = sorted({link.name for link in node.parameters.values()} & set(trained), key=lambda name: (prod(trained[name]), name))
        before = any(learns_before[source] for source in node.node.inputs)
        if own and not before:
            found.append(own[0])
        learns_before[node.node.name] = before or bool(own)
    return tuple(dict.fromkeys(found))


def waiting(rate: Array, gradients: Mapping[str, Array], last: Sequence[str]) -> Array:
    """The rate, to the bit, but known only after these gradients are; not a number where one of theirs is not.

    Elements are compared with themselves, which no compiler may simplify: it is false of what is not a number.
    """
    if not last:
        return rate
    elements = [gradients[name].reshape(-1)[0] for name in last]
    known = jnp.all(jnp.stack([element == element for element in elements]))
    return rate / jnp.where(known, 1.0, jnp.nan).astype(rate.dtype)  # XLA copies no division into the loops that use it
