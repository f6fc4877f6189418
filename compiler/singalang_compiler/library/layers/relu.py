"""The layer kind `relu`."""

from __future__ import annotations

from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.elementwise import Elementwise
from singalang_compiler.library.kinds import layer


@layer("relu")
class Relu(Elementwise):
    """Rectifier: y = max(x, 0). The gradient is 0 where x = 0.

    Shapes: any shape -> the same.
    Source: Nair & Hinton, 2010, "Rectified linear units improve restricted Boltzmann machines"; SINGA v0.3 reference 5.2.
    """

    kept_bytes = 1

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Written so that what is not a number stays so, and the gradient at 0 is 0 and not a half."""
        return ctx.ops.np.where(inputs[0] <= 0, 0, inputs[0])
