"""The layer kind `lrn`."""

from __future__ import annotations

from typing import Annotated

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, ShapeError, TensorSpec


@layer("lrn")
class Lrn(Layer):
    """Local response normalisation: y[c] = x[c] / (k + alpha / size * sum of x[j]^2) ^ beta, at each place of an image.

    j runs over the `size` channels around c, c in the middle; beside the image there are none.

    Shapes: [channels, height, width] -> the same.
    Source: Krizhevsky, Sutskever & Hinton, 2012, "ImageNet classification with deep convolutional neural networks", section
    3.3; SINGA v0.3 reference 5.2, whose defaults these are.
    """

    layout = "channels_last"

    size: Annotated[int, "x >= 1"] = 5  # number of channels that are summed up, odd
    alpha: Annotated[float, "x >= 0"] = 1.0  # weight of the mean of the squares
    beta: float = 0.75  # power of the divisor
    k: Annotated[float, "x > 0"] = 1.0  # what the divisor has at least, before the power

    def shape(self, inputs: Inputs) -> TensorSpec:
        """The shape of the input."""
        shape = expect.image(inputs)
        if self.size % 2 == 0:
            hint = f"`size = {self.size - 1}` or `size = {self.size + 1}`"
            raise ShapeError(f"`size` is {self.size}, and no channel is in the middle of {self.size}", hint=hint)
        return TensorSpec(shape)

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Channels last, as `ops` wants it."""
        return ctx.ops.lrn(inputs[0], self.size, self.alpha, self.beta, self.k)

    def cost(self, inputs: Inputs) -> Cost:
        """A window sum, two roots and some products for each element; backward two window sums."""
        size = inputs[0].size
        return Cost((self.size + 8) * size, (2 * self.size + 16) * size, 5 * size)
