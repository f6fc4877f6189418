"""The layer kind `dropout`."""

from __future__ import annotations

from typing import Annotated

from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.elementwise import Elementwise
from singalang_compiler.library.kinds import layer


@layer("dropout")
class Dropout(Elementwise):
    """Leaves out each element with probability `ratio` while training, and makes up for it: y = x [u < 1 - ratio] / (1 - ratio).

    u is drawn from [0, 1) for each element of each record. In all other phases y = x.

    Shapes: any shape -> the same.
    Source: Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting", section 10 (inverted);
    SINGA v0.3 reference 5.2.
    """

    layout = "channels_last"  # one layout in every plan, so that the draws fall on the same elements in all of them
    flops = (30, 1)
    kept_bytes = 1

    ratio: Annotated[float, "0 <= x < 1"] = 0.5  # share of the elements that are left out

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Draws one number for each element while training, unless nothing is to be left out."""
        x = inputs[0]
        if not ctx.training or self.ratio == 0:
            return x
        kept = ctx.uniform("mask", x.shape[1:]) < 1 - self.ratio
        return ctx.ops.np.where(kept, x * (1 / (1 - self.ratio)), 0)
