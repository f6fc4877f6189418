"""The layer kind `flatten`."""

from __future__ import annotations

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import along_first_axis
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, Partition, TensorSpec


@layer("flatten")
class Flatten(Layer):
    """All elements of a record in one row, the last axis running fastest: an image channel by channel, row by row.

    Shapes: any shape of n elements -> [n].
    Source: elementary.
    """

    def shape(self, inputs: Inputs) -> TensorSpec:
        """One axis."""
        expect.numbers(inputs)
        return TensorSpec((inputs[0].size,))

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """The same numbers in another shape."""
        return inputs[0].reshape(inputs[0].shape[0], -1)

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """Any: pieces of the first axis are pieces of the row."""
        return along_first_axis(inputs)

    def cost(self, inputs: Inputs) -> Cost:
        """At most one copy each way."""
        return Cost(0, 0, 4 * inputs[0].size)
