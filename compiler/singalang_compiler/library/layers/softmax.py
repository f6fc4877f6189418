"""The layer kind `softmax`."""

from __future__ import annotations

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import by_batch
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, Partition, ShapeError, TensorSpec


@layer("softmax")
class Softmax(Layer):
    """Probabilities of scores: y_i = exp(x_i) / sum_j exp(x_j) over the last axis. Scores of any size are safe.

    Shapes: [n] -> [n]; [time, n] -> [time, n], each step alone.
    Source: Bridle, 1990, "Probabilistic interpretation of feedforward classification network outputs"; SINGA v0.3 reference 5.2.
    """

    def shape(self, inputs: Inputs) -> TensorSpec:
        """The shape of the input, [n] or [time, n]."""
        shape = expect.some_axis(inputs)
        if len(shape) > 2:
            raise ShapeError(f"needs scores [n] or [time, n], not {inputs[0]}", hint="put `flatten` before it", input=0)
        return TensorSpec(shape)

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """By way of the logarithm, from which the largest score is taken off."""
        return ctx.ops.np.exp(ctx.ops.log_softmax(inputs[0]))

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """By batch, and steps of a sequence apart."""
        if len(inputs[0].shape) == 2:
            return by_batch(inputs), Partition("feature", (1,), 1)
        return (by_batch(inputs),)

    def cost(self, inputs: Inputs) -> Cost:
        """An exponential, two reductions and a quotient for each element; backward a weighted mean."""
        size = inputs[0].size
        return Cost(12 * size, 4 * size, 7 * size)
