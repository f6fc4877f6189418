"""The layer kind `maxpool`."""

from __future__ import annotations

from typing import Annotated, Literal

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import along_first_axis
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, Partition, TensorSpec
from singalang_compiler.library.windows import Pool


@layer("maxpool")
class MaxPool(Layer):
    """Largest element of each window: y[c, i, j] = max over a, b of x[c, i s + a - p, j s + b - p].

    s is the stride, p the padding, which never wins. The gradient goes to the first largest of a window, row by row.
    `kernel`, `stride` and `pad` are one number for both axes, or (height, width); `maxpool(global)` takes the whole image.
    Without `stride` windows lie side by side: the stride is the kernel.

    Shapes: [channels, height, width] -> [channels, height', width'] with height' = (height + 2 pad - kernel) // stride + 1,
    rounded down.
    Source: Ranzato, Huang, Boureau & LeCun, 2007, "Unsupervised learning of invariant feature hierarchies with applications to
    object recognition"; SINGA v0.3 reference 5.2 (kCPooling).
    """

    layout = "channels_last"
    keeps_shift = True

    kernel: Annotated[int | tuple[int, int], "x >= 1"] | Literal["global"]  # size of the window; `global`: the whole image
    stride: Annotated[int | tuple[int, int], "x >= 1"] | None = None  # steps from one window to the next; none: the kernel
    pad: Annotated[int | tuple[int, int], "x >= 0"] = 0  # places on each side of the image that never win

    def shape(self, inputs: Inputs) -> TensorSpec:
        """[channels, height', width']."""
        channels, height, width = expect.image(inputs)
        return TensorSpec((channels, *Pool.of(self.kernel, self.stride, self.pad, (height, width)).output_size))

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Channels last, as `ops` wants it."""
        pool = Pool.of(self.kernel, self.stride, self.pad, inputs[0].shape[1:3])
        return ctx.ops.max_pool(inputs[0], pool.kernel, pool.stride, pool.pad)

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """By batch or channels."""
        return along_first_axis(inputs)

    def cost(self, inputs: Inputs) -> Cost:
        """A comparison for each place of each window; one byte a window says where the largest was."""
        out = self.shape(inputs).size
        _, height, width = expect.image(inputs)
        pool = Pool.of(self.kernel, self.stride, self.pad, (height, width))
        places = out * pool.kernel[0] * pool.kernel[1]
        return Cost(places, places, 2 * inputs[0].size + 3 * out, out)
