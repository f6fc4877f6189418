"""The layer kind `mul`."""

from __future__ import annotations

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.elementwise import Elementwise
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, TensorSpec


@layer("mul")
class Mul(Elementwise):
    """Product of two values or more, element by element: y = x1 x2 ... In a net `a * b` is written for it.

    Shapes: two or more of one shape -> the same.
    Source: elementary.
    """

    arity = (2, None)

    def shape(self, inputs: Inputs) -> TensorSpec:
        """The shape that all inputs have."""
        return TensorSpec(expect.one_shape(inputs, "both sides of `*` need the same shape"))

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """From left to right."""
        product, *others = inputs
        for other in others:
            product = product * other
        return product

    def cost(self, inputs: Inputs) -> Cost:
        """One product for each input but the first; backward two for each of them."""
        size = inputs[0].size
        products = (len(inputs) - 1) * size
        return Cost(products, 2 * products, (3 * len(inputs) + 1) * size)
