"""The layer kind `tanh`."""

from __future__ import annotations

from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.elementwise import Elementwise
from singalang_compiler.library.kinds import layer


@layer("tanh")
class Tanh(Elementwise):
    """Hyperbolic tangent: y = tanh(x).

    Shapes: any shape -> the same.
    Source: LeCun, Bottou, Orr & Müller, 1998, "Efficient BackProp", section 4.4; SINGA v0.3 reference 5.2.
    """

    flops = (8, 3)

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Element by element."""
        return ctx.ops.np.tanh(inputs[0])
