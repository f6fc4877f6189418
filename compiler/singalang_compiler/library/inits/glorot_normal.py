"""The initialiser kind `glorot_normal`: keeps the size of signals and of gradients, by normal draws."""

from __future__ import annotations

import math

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.kinds import initialiser


@initialiser("glorot_normal")
class GlorotNormal(Initialiser):
    """Normal draws for layers that `tanh`, or nothing, follows: from N(0, 2 / (fan_in + fan_out)), not truncated.

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010, equation 12;
    PyTorch's `xavier_normal_`.
    """

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        return math.sqrt(2 / (fan_in + fan_out)) * ops.normal(key, shape)
