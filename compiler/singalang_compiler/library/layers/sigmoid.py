"""The layer kind `sigmoid`."""

from __future__ import annotations

from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.elementwise import Elementwise
from singalang_compiler.library.kinds import layer


@layer("sigmoid")
class Sigmoid(Elementwise):
    """Logistic function: y = 1 / (1 + exp(-x)).

    Shapes: any shape -> the same.
    Source: Rumelhart, Hinton & Williams, 1986, "Learning representations by back-propagating errors"; SINGA v0.3 reference 5.2.
    """

    flops = (10, 4)

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """By way of tanh, which overflows nowhere, and neither does its gradient."""
        return 0.5 * ctx.ops.np.tanh(0.5 * inputs[0]) + 0.5
