"""The initialiser kind `constant`: one number everywhere. What a plain number means where an initialiser may stand."""

from __future__ import annotations

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.kinds import initialiser


@initialiser("constant")
class Constant(Initialiser):
    """One number everywhere: every element is `value`. `bias = 1` means `bias = constant(1)`.

    Source: SINGA v0.3 reference 6, kConstant.
    """

    value: float = 0.0  # the number

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        return ops.cast(ops.np.full(shape, self.value))
