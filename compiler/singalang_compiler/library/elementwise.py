"""Layers that work on each element alone: what they all say alike."""

from __future__ import annotations

from typing import ClassVar, Literal

from singalang_compiler.library import expect
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import along_features
from singalang_compiler.library.tensors import Cost, Inputs, Partition, TensorSpec


class Elementwise(Layer):
    """A layer y = f(x), element by element: any shape and layout goes in and comes out."""

    layout: ClassVar[Literal["declared", "channels_last", "any"]] = "any"
    flops: ClassVar[tuple[int, int]] = (1, 1)
    """Operations on one element, forward and backward."""
    kept_bytes: ClassVar[int] = 0
    """Bytes of one element that the backward pass needs besides the output."""

    def shape(self, inputs: Inputs) -> TensorSpec:
        """The shape of the input."""
        expect.numbers(inputs)
        return TensorSpec(inputs[0].shape)

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """Any."""
        return along_features(inputs)

    def cost(self, inputs: Inputs) -> Cost:
        """One pass forward (read, write), one backward (read twice, write)."""
        size = inputs[0].size
        return Cost(self.flops[0] * size, self.flops[1] * size, 5 * size, self.kept_bytes * size)
