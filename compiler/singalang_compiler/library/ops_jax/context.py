"""What a layer's `forward` is given in a kernel: `Context` over JAX arrays, and a place for what it reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from jax import lax

from singalang_compiler.library.context import Array
from singalang_compiler.library.ops_jax.ops import JaxOps
from singalang_compiler.library.ops_jax.random import key_of, uniform_per_record


class FeaturePiece(NamedTuple):
    """Which part of each record a worker has of a layer that is cut by feature: of an axis of the arrays that is `whole` long it
    has the `own` places from `offset` on. The batch is axis 0."""

    axis: int
    whole: int
    own: int
    offset: Array | int


@dataclass(slots=True)
class LayerContext:
    """One layer's context for one call of `forward`; afterwards `new_state` and `metrics` hold what it put and reported.

    `key` is the layer's own (folded from seed, step and layer); None where nothing may be drawn, such as in a test phase.
    `first` is the place of the first record in the group's batch. `piece` is set where the layer is cut by feature.
    """

    ops: JaxOps
    weights: Array
    parameters: Mapping[str, Array] = field(default_factory=dict)
    state: Mapping[str, Array] = field(default_factory=dict)
    training: bool = False
    key: Array | None = None
    first: Array | int = 0
    statistics: Array | None = None
    piece: FeaturePiece | None = None
    new_state: dict[str, Array] = field(default_factory=dict)
    metrics: dict[str, Array] = field(default_factory=dict)

    def uniform(self, name: str, shape: tuple[int, ...]) -> Array:
        """See `Context`: where the layer is cut by feature the whole is drawn and cut."""
        piece = self.piece
        if piece is None or len(shape) < piece.axis or shape[piece.axis - 1] != piece.own:
            return self.drawn(name, shape)
        whole = (*shape[: piece.axis - 1], piece.whole, *shape[piece.axis :])
        return lax.dynamic_slice_in_dim(self.drawn(name, whole), piece.offset, piece.own, piece.axis)

    def drawn(self, name: str, shape: tuple[int, ...]) -> Array:
        """The numbers of `uniform` for records of this shape, none of it cut."""
        assert self.key is not None, "this context draws no random numbers"
        return uniform_per_record(key_of(self.key, name), self.weights.shape[0], self.first, shape, self.ops.dtype)

    def put(self, name: str, value: Array) -> None:
        """See `Context`."""
        assert name in self.state, f"no state is called {name}"
        self.new_state[name] = value

    def metric(self, name: str, per_record: Array) -> None:
        """See `Context`."""
        self.metrics[name] = per_record
