"""The initialiser kind `glorot_uniform`: keeps the size of signals and of gradients, by draws from an interval."""

from __future__ import annotations

import math

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.kinds import initialiser


@initialiser("glorot_uniform")
class GlorotUniform(Initialiser):
    """Draws from an interval for layers that `tanh`, or nothing, follows: [-a, a) with a = sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010, equation 16;
    PyTorch's `xavier_uniform_`.
    """

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        return math.sqrt(6 / (fan_in + fan_out)) * (2 * ops.uniform(key, shape) - 1)
