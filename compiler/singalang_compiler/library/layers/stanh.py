"""The layer kind `stanh`."""

from __future__ import annotations

from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.elementwise import Elementwise
from singalang_compiler.library.kinds import layer

OUTER = 1.7159047
INNER = 0.66666667


@layer("stanh")
class Stanh(Elementwise):
    """Scaled hyperbolic tangent: y = 1.7159047 tanh(0.66666667 x), so that f(1) is about 1 and f(-1) about -1.

    Shapes: any shape -> the same.
    Source: LeCun, Bottou, Orr & Müller, 1998, "Efficient BackProp", section 4.4; SINGA v0.3 reference 5.2 (kSTanh).
    """

    flops = (10, 4)

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Element by element."""
        return OUTER * ctx.ops.np.tanh(INNER * inputs[0])
