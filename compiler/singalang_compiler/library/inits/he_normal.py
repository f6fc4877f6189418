"""The initialiser kind `he_normal`: keeps the size of signals through layers with ReLU, by normal draws."""

from __future__ import annotations

import math

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.kinds import initialiser


@initialiser("he_normal")
class HeNormal(Initialiser):
    """Normal draws for layers that a `relu` follows: from N(0, 2 / fan_in), not truncated.

    Source: He et al., Delving Deep into Rectifiers, 2015, equation 10; PyTorch's `kaiming_normal_`.
    """

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        return math.sqrt(2 / fan_in) * ops.normal(key, shape)
