"""The schedule kind `fixed`: one rate for all steps. What a plain number means where a schedule may stand."""

from __future__ import annotations

from typing import Annotated

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Schedule
from singalang_compiler.library.kinds import schedule


@schedule("fixed")
class Fixed(Schedule):
    """One rate for all steps: rate(t) = base. `lr = 0.01` means `lr = fixed(0.01)`.

    Source: SINGA v0.3 reference 7, kFixed.
    """

    base: Annotated[float, "x >= 0"]  # the rate

    def rate(self, step: Array, ops: Ops) -> Array:
        return ops.np.asarray(self.base, ops.np.float32)
