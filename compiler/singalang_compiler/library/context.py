"""What a kind's array code is given: the array library and the operations the compiler may lower in more than one way.

These are protocols: the one implementation stands in `ops_jax/`, so that a layer's file can be read without JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

Array: TypeAlias = Any
"""An array of the array library: `jax.Array` in a kernel. Typed Any, because tracers and NumPy arrays serve as well."""

Pair: TypeAlias = tuple[int, int]


class Ops(Protocol):
    """Operations beyond the array library's own. Images are channels last: (batch, height, width, channels)."""

    @property
    def np(self) -> Any:
        """The array library, with NumPy's names."""

    def conv2d(self, x: Array, kernel: Array, stride: Pair, pad: Pair) -> Array:
        """Cross-correlation; `kernel` is (height, width, channels in, channels out), padding is zeros on both sides."""

    def max_pool(self, x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Array:
        """Largest of each window; padding never wins; the gradient goes to the first largest in row-major order."""

    def avg_pool(self, x: Array, kernel: Pair, stride: Pair, pad: Pair) -> Array:
        """Mean of each window; padding counts as zeros, and in the divisor."""

    def lrn(self, x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
        """x / (k + alpha / size * sum of x^2 over `size` neighbouring channels) ** beta."""

    def log_softmax(self, x: Array) -> Array:
        """Logarithm of the softmax over the last axis."""

    def normal(self, key: Array, shape: tuple[int, ...]) -> Array:
        """Draws from N(0, 1), in the job's precision."""

    def uniform(self, key: Array, shape: tuple[int, ...]) -> Array:
        """Draws from [0, 1), in the job's precision."""

    def stop_gradient(self, x: Array) -> Array:
        """The same values, through which no gradient flows."""

    def cast(self, x: Array) -> Array:
        """The values in the job's precision."""

    def value_and_grad(self, function: Callable[..., tuple[Array, Any]]) -> Callable[..., tuple[tuple[Array, Any], Any]]:
        """The function and its gradient by its first argument; the function returns (objective, anything)."""


class Context(Protocol):
    """What `forward` is given besides its inputs."""

    @property
    def ops(self) -> Ops:
        """The operations; `ctx.ops.np` is the array library."""

    @property
    def parameters(self) -> Mapping[str, Array]:
        """This layer's parameters by name; one that the program left out is not in it."""

    @property
    def state(self) -> Mapping[str, Array]:
        """This layer's state by name."""

    @property
    def training(self) -> bool:
        """Whether this is the `train` phase."""

    @property
    def weights(self) -> Array:
        """One weight for each record of the batch, (batch,): 0 for records that only fill the batch up."""

    @property
    def statistics(self) -> Array | None:
        """Where workers share a training batch, what `statistic` gave on each: (workers, exchange), by position; else None."""

    def uniform(self, name: str, shape: tuple[int, ...]) -> Array:
        """Random numbers of [0, 1) for each record: (batch, *shape).

        They depend on seed, step, layer, `name` and the record's place in the group's batch, never on the number of workers: where
        the layer is cut by feature, an axis of `shape` as long as the piece stands for the axis that is cut.
        """

    def put(self, name: str, value: Array) -> None:
        """Sets new state for the steps that follow."""

    def metric(self, name: str, per_record: Array) -> None:
        """Reports a metric by its value for each record, (batch,); the weighted mean is formed later."""
