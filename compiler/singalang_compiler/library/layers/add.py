"""The layer kind `add`."""

from __future__ import annotations

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.elementwise import Elementwise
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, TensorSpec

HINT = "both sides of `+` need the same shape; match `filters` and `stride`, or project the skip path with a 1x1 `conv`"


@layer("add")
class Add(Elementwise):
    """Sum of two values or more: y = x1 + x2 + ... In a net `a + b` is written for it.

    Shapes: two or more of one shape -> the same.
    Source: elementary; as a way past layers: He, Zhang, Ren & Sun, 2015, "Deep residual learning for image recognition".
    """

    arity = (2, None)

    def shape(self, inputs: Inputs) -> TensorSpec:
        """The shape that all inputs have."""
        return TensorSpec(expect.one_shape(inputs, HINT))

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """From left to right."""
        total, *others = inputs
        for other in others:
            total = total + other
        return total

    def cost(self, inputs: Inputs) -> Cost:
        """One addition for each input but the first; backward the gradient is passed on as it is."""
        size = inputs[0].size
        return Cost((len(inputs) - 1) * size, 0, (len(inputs) + 1) * size)
