"""The layer kind `scale`."""

from __future__ import annotations

from singalang_compiler.library.context import Array, Context
from singalang_compiler.library.elementwise import Elementwise
from singalang_compiler.library.kinds import layer


@layer("scale")
class Scale(Elementwise):
    """Product with a fixed number: y = factor x. In a net `2 * x` and `-x` are written for it.

    Shapes: any shape -> the same.
    Source: elementary.
    """

    factor: float  # the number that every element is multiplied by

    def forward(self, inputs: tuple[Array, ...], ctx: Context) -> Array:
        """Element by element."""
        return self.factor * inputs[0]
