"""The initialiser kind `he_uniform`: keeps the size of signals through layers with ReLU, by draws from an interval."""

from __future__ import annotations

import math

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.kinds import initialiser


@initialiser("he_uniform")
class HeUniform(Initialiser):
    """Draws from an interval for layers that a `relu` follows: [-a, a) with a = sqrt(6 / fan_in), of variance 2 / fan_in.

    Source: He et al., Delving Deep into Rectifiers, 2015, equation 10; PyTorch's `kaiming_uniform_`.
    """

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        return math.sqrt(6 / fan_in) * (2 * ops.uniform(key, shape) - 1)
