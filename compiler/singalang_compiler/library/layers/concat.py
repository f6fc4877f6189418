"""The layer kind `concat`."""

from __future__ import annotations

from typing import Annotated

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import by_batch
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, Partition, ShapeError, TensorSpec

LAST_OF_IMAGE = {1: 3, 2: 1, 3: 2}
"""Where the declared axes of a batch of images lie when channels come last."""


@layer("concat")
class Concat(Layer):
    """Joins values along an axis, in the order given. Axes count the batch as 0: `axis = 1` joins the channels of images.

    Shapes: one or more that differ in this axis alone -> the same with the sum of its lengths.
    Source: as towers of convolutions: Szegedy et al., 2014, "Going deeper with convolutions"; SINGA v0.3 reference 5.7.
    """

    arity = (1, None)
    layout = "channels_last"

    axis: Annotated[int, "x >= 1"] = 1  # the axis to join along, counted as declared, the batch being 0

    def shape(self, inputs: Inputs) -> TensorSpec:
        """The first shape, this axis as long as all together."""
        expect.numbers(inputs)
        first = inputs[0].shape
        if self.axis > len(first):
            highest = f"at most {len(first)}" if first else "none"
            raise ShapeError(f"{inputs[0]} has no axis {self.axis}", hint=f"axes count the batch as 0, so {highest}", input=0)
        place = self.axis - 1
        for number, tensor in enumerate(inputs.tensors):
            other = tensor.shape
            if len(other) != len(first) or other[:place] + other[place + 1 :] != first[:place] + first[place + 1 :]:
                hint = f"all axes but axis {self.axis} need the same lengths; axes count the batch as 0"
                raise ShapeError(f"{inputs[0]} and {tensor}", hint=hint, input=number)
        joined = sum(tensor.shape[place] for tensor in inputs.tensors)
        return TensorSpec((*first[:place], joined, *first[place + 1 :]))

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Images arrive channels last."""
        axis = LAST_OF_IMAGE[self.axis] if inputs[0].ndim == 4 else self.axis
        return ctx.ops.np.concatenate(inputs, axis=axis)

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """By batch, and by axes that are not joined: along that one the pieces would lie in another order."""
        axes = (2, 1) if len(inputs[0].shape) == 2 else (1,)
        others = tuple(axis for axis in axes if axis != self.axis)
        return by_batch(inputs), *(Partition("feature", (axis,) * len(inputs), axis) for axis in others)

    def cost(self, inputs: Inputs) -> Cost:
        """One copy each way."""
        return Cost(0, 0, 4 * self.shape(inputs).size)
