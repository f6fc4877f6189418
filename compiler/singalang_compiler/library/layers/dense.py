"""The layer kind `dense`."""

from __future__ import annotations

from typing import Annotated

from singalang_compiler.library import expect
from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.contract import Layer
from singalang_compiler.library.cuts import by_batch
from singalang_compiler.library.kinds import layer
from singalang_compiler.library.tensors import Cost, Inputs, Parameter, Partition, ShapeError, TensorSpec


@layer("dense")
class Dense(Layer):
    """Affine map: y = x weight + bias. The weight is stored (inputs, units).

    Without `units` the width is that of a `weight` taken from another layer. `bias = none` leaves the bias out.
    At first the weight is `glorot_uniform`, the bias 0.

    Shapes: [n] -> [units]; [time, n] -> [time, units], each step alone; [channels, height, width] is flattened -> [units].
    Source: Rumelhart, Hinton & Williams, 1986, "Learning representations by back-propagating errors"; SINGA v0.3 reference 5.2
    (kInnerProduct with transpose).
    """

    parameter_names = ("weight", "bias")

    units: Annotated[int, "x >= 1"] | None = None  # width of the output; may be left out where `weight` is another layer's

    def shape(self, inputs: Inputs) -> TensorSpec:
        """[units], or [time, units]."""
        shape = expect.some_axis(inputs)
        if len(shape) > 3:
            raise ShapeError(f"needs [n], [time, n] or an image, not {inputs[0]}", hint="put `flatten` before it", input=0)
        units = self._units(inputs)
        return TensorSpec((shape[0], units) if len(shape) == 2 else (units,))

    def _units(self, inputs: Inputs) -> int:
        shared = inputs.shared.get("weight")
        if shared is None:
            if self.units is None:
                raise ShapeError("the number of units is not given", hint="say how wide it is: `dense(10)`")
            return self.units
        if len(shared) != 2 or shared[0] != _width(inputs):
            hint = "weights are stored (inputs, units); `transpose(...)` swaps them"
            raise ShapeError(f"a weight of {list(shared)} for {_width(inputs)} inputs", hint=hint)
        if self.units not in (None, shared[1]):
            hint = f"leave `units` out, or write `dense({shared[1]}, ...)`"
            raise ShapeError(f"`units` is {self.units}, and the weight taken from another layer has {shared[1]}", hint=hint)
        return shared[1]

    def parameters(self, inputs: Inputs) -> dict[str, Parameter]:
        """`weight` (inputs, units) and `bias` (units,)."""
        width, units = _width(inputs), self._units(inputs)
        return {
            "weight": Parameter((width, units), "glorot_uniform", width, units),
            "bias": Parameter((units,), 0.0, width, units, optional=True),
        }

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """One matrix product."""
        x = inputs[0]
        if x.ndim == 4:
            x = x.reshape(x.shape[0], -1)
        y = ctx.ops.np.matmul(x, ctx.parameters["weight"])
        return y + ctx.parameters["bias"] if "bias" in ctx.parameters else y

    def partitions(self, inputs: Inputs) -> tuple[Partition, ...]:
        """By batch, by units, and, where there is no bias to be added once for each piece, by inputs."""
        last = 2 if len(inputs[0].shape) == 2 else 1
        by_units = Partition("feature", (None,), last, {"weight": 1, "bias": 0})
        if "bias" not in inputs.absent:
            return by_batch(inputs), by_units
        return by_batch(inputs), by_units, Partition("feature", (last,), None, {"weight": 0}, partial=True)

    def cost(self, inputs: Inputs) -> Cost:
        """A product and a sum for each weight; backward the same for the input's gradient and for the weight's."""
        out = self.shape(inputs).size
        products = 2 * _width(inputs) * out
        bias = 0 if "bias" in inputs.absent else out
        return Cost(products + bias, 2 * products + bias, 3 * (inputs[0].size + out))


def _width(inputs: Inputs) -> int:
    """Number of inputs that each unit sees: a step of a sequence, or the whole record."""
    return inputs[0].shape[1] if len(inputs[0].shape) == 2 else inputs[0].size
