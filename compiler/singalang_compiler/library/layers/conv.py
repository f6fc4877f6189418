"""The layer kind `conv`."""

from __future__ import annotations

from typing import Annotated

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import by_batch
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, Parameter, Partition, TensorSpec
from singalang_compiler.library.windows import output_size, pair


@layer("conv")
class Conv(Layer):
    """Convolution over images: y[f, i, j] = bias[f] + sum over c, a, b of weight[f, c, a, b] x[c, i s + a - p, j s + b - p].

    s is the stride, p the padding; beside the image there are zeros, and the kernel is not mirrored. `kernel`, `stride` and
    `pad` are one number for both axes, or (height, width). `bias = none` leaves the bias out.
    At first the weight is `glorot_uniform`, the bias 0.

    Shapes: [channels, height, width] -> [filters, height', width'] with height' = (height + 2 pad - kernel) // stride + 1,
    rounded down; weight (filters, channels, kernel height, kernel width).
    Source: LeCun, Bottou, Bengio & Haffner, 1998, "Gradient-based learning applied to document recognition"; SINGA v0.3
    reference 5.2 (kCConvolution).
    """

    parameter_names = ("weight", "bias")
    layout = "channels_last"
    late_parameter = "bias"

    filters: Annotated[int, "x >= 1"]  # number of channels of the output
    kernel: Annotated[int | tuple[int, int], "x >= 1"]  # size of the window
    stride: Annotated[int | tuple[int, int], "x >= 1"] = 1  # steps from one window to the next
    pad: Annotated[int | tuple[int, int], "x >= 0"] = 0  # zeros on each side of the image

    def shape(self, inputs: Inputs) -> TensorSpec:
        """[filters, height', width']."""
        _, height, width = expect.image(inputs)
        return TensorSpec((self.filters, *output_size((height, width), pair(self.kernel), pair(self.stride), pair(self.pad))))

    def parameters(self, inputs: Inputs) -> dict[str, Parameter]:
        """`weight` (filters, channels, kernel height, kernel width) and `bias` (filters,)."""
        channels = inputs[0].shape[0]
        height, width = pair(self.kernel)
        fan_in, fan_out = channels * height * width, self.filters * height * width
        return {
            "weight": Parameter((self.filters, channels, height, width), "glorot_uniform", fan_in, fan_out),
            "bias": Parameter((self.filters,), 0.0, fan_in, fan_out, optional=True),
        }

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Channels last, as `ops` wants it."""
        kernel = ctx.ops.np.transpose(ctx.parameters["weight"], (2, 3, 1, 0))
        y = ctx.ops.conv2d(inputs[0], kernel, pair(self.stride), pair(self.pad))
        return y + ctx.parameters["bias"] if "bias" in ctx.parameters else y

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """By batch, by filters, and, where there is no bias to be added once for each piece, by channels of the input."""
        by_filters = Partition("feature", (None,), 1, {"weight": 0, "bias": 0})
        if "bias" not in inputs.absent:
            return by_batch(inputs), by_filters
        return by_batch(inputs), by_filters, Partition("feature", (1,), None, {"weight": 1}, partial=True)

    def cost(self, inputs: Inputs) -> Cost:
        """A product and a sum for each weight and output place; backward twice that."""
        weights = self.parameters(inputs)["weight"].shape
        out = self.shape(inputs).size
        products = 2 * out * weights[1] * weights[2] * weights[3]
        bias = 0 if "bias" in inputs.absent else out
        return Cost(products + bias, 2 * products + bias, 3 * (inputs[0].size + out))
