"""Kernels that are measured: the passes of layers as nets have them, in sizes large and small. Knows no clock.

Each is a function of arrays of 32-bit numbers. Together they hold every kind of work for which a machine has a price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from singalang_compiler.library.ops_jax import avg_pool, conv2d, lrn, max_pool
from singalang_compiler.lower.outline.working import work_of
from singalang_compiler.work import Work

Array: TypeAlias = Any
Shape: TypeAlias = tuple[int, ...]
_Layer: TypeAlias = Callable[..., Array]


class Probe(NamedTuple):
    """A kernel to be measured, with the shapes of its arguments."""

    name: str
    function: Callable[..., Sequence[Array]]
    shapes: tuple[Shape, ...]
    replaced: int = 0  # so many first arguments are overwritten by the results

    def work(self) -> Work:
        """What it does."""
        wanted = [jax.ShapeDtypeStruct(shape, np.float32) for shape in self.shapes]  # type: ignore[no-untyped-call]
        return work_of(jax.make_jaxpr(self.function)(*wanted))

    def ready(self) -> Callable[[], None]:
        """It with arguments, compiled: a call runs it once, and has finished when it returns."""
        random = np.random.default_rng(0)
        arrays = [jax.device_put(random.standard_normal(shape, np.float32)) for shape in self.shapes]
        kernel = jax.jit(self.function, donate_argnums=tuple(range(self.replaced)))
        compiled: Callable[..., Sequence[Array]] = kernel.lower(*arrays).compile()

        def run() -> None:
            results = compiled(*arrays)
            arrays[: self.replaced] = results[: self.replaced]
            for result in results:
                result.block_until_ready()

        return run


def probes() -> Iterator[Probe]:
    """All of them."""
    yield Probe("call", lambda a, b, c, d: (a + b, c * d), ((16,),) * 4)
    for rows, wide, narrow in ((500, 2000, 1500), (500, 1500, 1000), (250, 784, 512), (500, 500, 10), (64, 64, 128), (32, 128, 10)):
        yield from _both_passes(f"dense {rows} {wide} {narrow}", _dense, (rows, wide), (wide, narrow), (narrow,))
    yield from _both_passes("small net", _small_net, (32, 64), (64, 128), (128, 64), (64, 10), (32, 10), fed=1)
    for batch, size, channels, filters in ((50, 16, 32, 32), (50, 8, 32, 64), (16, 16, 64, 64)):
        image, kernel = (batch, size, size, channels), (5, 5, channels, filters)
        yield from _both_passes(f"conv {batch} {size} {channels} {filters}", _convolved, image, kernel)
    yield from _both_passes("first conv", _convolved, (50, 32, 32, 3), (5, 5, 3, 32), fed=1)
    yield from _both_passes("max pool", _max_pooled, (50, 32, 32, 32))
    yield from _both_passes("average pool", _average_pooled, (50, 16, 16, 32))
    for batch in (50, 4):
        yield from _both_passes("lrn", _normalised, (batch, 16, 16, 32))
    for batch, classes in ((1000, 10), (64, 10), (256, 1000)):
        yield from _both_passes("softmax loss", _softmax_loss, (batch, classes), (batch, classes))
    yield from _both_passes("tanh", jnp.tanh, (500, 1000))
    for size in (3_000_000, 20_000):
        yield Probe(f"sgd {size}", lambda value, gradient: (value - 0.1 * gradient,), ((size,), (size,)), 1)
        yield Probe(f"adam {size}", _adam, ((size,),) * 4, 3)
    yield Probe("sums", lambda x: (jnp.sum(x * x, axis=0),), ((500, 1000),))
    yield Probe("transposed", lambda x: (jnp.transpose(x + 1, (0, 3, 1, 2)),), ((50, 16, 16, 32),))
    yield Probe("piece", _piece, ((40_000,), (8192,)))
    yield Probe("draws", _draws, ((200_000,),))


def scaling_probes() -> Iterator[Probe]:
    """Those by which it is seen what more cores are good for: products, then loops, then streaming."""
    yield Probe("products", lambda x, y: (x @ y,), ((500, 800), (800, 700)))
    yield from _both_passes("loops", lambda x: _normalised(_max_pooled(x)), (50, 32, 32, 32))
    yield streaming()


def streaming() -> Probe:
    """A loop that passes over long arrays."""
    return Probe("streaming", lambda value, gradient: (value - 0.1 * gradient,), ((6_000_000,), (6_000_000,)), 1)


def small_net() -> Probe:
    """Both passes of a small net."""
    return next(one for one in probes() if one.name == "small net, both")


def called() -> tuple[Callable[..., Sequence[Array]], Sequence[Array]]:
    """A kernel of three routines, compiled, with the arrays that it takes."""
    arrays = [jax.device_put(np.zeros(16, np.float32)) for _ in range(6)]
    kernel = jax.jit(lambda *arrays: [arrays[0] + arrays[1], arrays[2] + arrays[3], arrays[4] + arrays[5]])
    return kernel.lower(*arrays).compile(), arrays


def dispatched() -> Callable[[], None]:
    """A call as the loop of one worker makes it: of a kernel that was read, with a batch that lies outside the device."""
    batch = np.zeros((64, 64), np.float32)
    kernel = jax.jit(lambda batch, *arrays: [array + batch[0, 0] for array in arrays])
    arrays = [jax.device_put(np.zeros((16, 16), np.float32)) for _ in range(12)]

    def run() -> None:
        for result in kernel(batch, *arrays):
            result.block_until_ready()

    run()
    return run


def _both_passes(name: str, layer: _Layer, *shapes: Shape, fed: int = 0) -> Iterator[Probe]:
    """A layer's forward pass, and both. `fed`: so many first arguments are data, which have no gradient."""
    yield Probe(f"{name}, forward", lambda *arrays: (layer(*arrays),), shapes)

    def both(*arrays: Array) -> Sequence[Array]:
        value, backward = jax.vjp(lambda *learned: layer(*arrays[:fed], *learned), *arrays[fed:])
        found: Sequence[Array] = (value, *backward(value))
        return found

    yield Probe(f"{name}, both", both, shapes)


def _dense(x: Array, weight: Array, bias: Array) -> Array:
    return jnp.maximum(x @ weight + bias, 0)


def _small_net(x: Array, first: Array, second: Array, last: Array, labels: Array) -> Array:
    hidden = jnp.maximum(jnp.maximum(x @ first, 0) @ second, 0)
    return jnp.mean(_softmax_loss(hidden @ last, labels))


def _convolved(x: Array, kernel: Array) -> Array:
    return conv2d.fast(x, kernel, (1, 1), (2, 2))


def _max_pooled(x: Array) -> Array:
    return max_pool.fast(x, (3, 3), (2, 2), (0, 0))


def _average_pooled(x: Array) -> Array:
    return avg_pool.fast(x, (3, 3), (2, 2), (0, 0))


def _normalised(x: Array) -> Array:
    return lrn.fast(x, 3, 5e-5, 0.75, 1.0)


def _softmax_loss(scores: Array, labels: Array) -> Array:
    return -jnp.sum(labels * jax.nn.log_softmax(scores), axis=1)


def _adam(value: Array, first: Array, second: Array, gradient: Array) -> Sequence[Array]:
    first, second = 0.9 * first + 0.1 * gradient, 0.99 * second + 0.01 * gradient * gradient
    return value - 0.001 * first / (jnp.sqrt(second) + 1e-8), first, second


def _draws(x: Array) -> Sequence[Array]:
    return (x * (jax.random.uniform(jax.random.key(0), x.shape) > 0.5),)


def _piece(x: Array, y: Array) -> Sequence[Array]:
    return (x + jax.lax.dynamic_update_slice(jnp.zeros_like(x), y, (100,)),)
