"""A worker's own part of what it has whole: rows of a batch, or places of an axis. Moves nothing; knows no layer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import jax.numpy as jnp
from jax import lax

from singalang_compiler.geometry import BATCH, WHOLE, Distribution
from singalang_compiler.library.context import Array
from singalang_compiler.library.tensors import Shape


def cut_shape(shape: Shape, axis: int | None, workers: int) -> Shape:
    """The shape of each piece of a tensor that is cut evenly along an axis, or of all of it (None)."""
    if axis is None:
        return shape
    assert shape[axis] % workers == 0, f"axis {axis} of {shape} is not cut evenly by {workers}"
    return (*shape[:axis], shape[axis] // workers, *shape[axis + 1 :])


@dataclass(frozen=True)
class Place:
    """Where a worker stands in its stage: `rows` of each worker of the stage in one micro-batch, its own number of rows, and its
    position, known only when the kernel runs. `position` is 0 where there is but one."""

    rows: tuple[int, ...]
    own_rows: int
    position: Array | int

    @property
    def workers(self) -> int:
        """Workers of the stage."""
        return len(self.rows)

    @property
    def all_rows(self) -> int:
        """Rows of one micro-batch."""
        return sum(self.rows)

    @property
    def alone(self) -> bool:
        """Whether no other worker shares the stage."""
        return self.workers == 1

    def first_row(self) -> Array | int:
        """Place of the worker's first row in the micro-batch."""
        if self.alone:
            return 0
        if len(set(self.rows)) == 1:
            return self.position * self.own_rows
        firsts = (0, *accumulate(self.rows[:-1]))
        return jnp.asarray(firsts, jnp.int32)[self.position]

    def own_part(self, array: Array) -> Array:
        """The worker's rows."""
        return array if self.alone else lax.dynamic_slice_in_dim(array, self.first_row(), self.own_rows, 0)

    def part_of_axis(self, array: Array, axis: int) -> Array:
        """The worker's equal part of an axis."""
        if self.alone:
            return array
        own = array.shape[axis] // self.workers
        return lax.dynamic_slice_in_dim(array, self.position * own, own, axis)

    def wanted(self, array: Array, lies: Distribution, wanted: Distribution) -> Array:
        """What a layer reads of an array that lies so: all of it, or of a whole one a part."""
        if lies == wanted:
            return array
        assert lies == WHOLE, f"{lies} is not {wanted}"
        return self.own_part(array) if wanted == BATCH else self.part_of_axis(array, wanted.axis)

    def counted(self, number: Array) -> Array:
        """A number that every worker has computed: here it counts at position 0 alone."""
        return number if self.alone else jnp.where(self.position == 0, number, jnp.zeros_like(number))
