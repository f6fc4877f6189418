"""The initialiser kind `uniform_sqrt_fan_in_out`: SINGA's draws from an interval that inputs and outputs scale."""

from __future__ import annotations

import math

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.inits.uniform import check_interval
from singalang_compiler.library.kinds import initialiser


@initialiser("uniform_sqrt_fan_in_out")
class UniformSqrtFanInOut(Initialiser):
    """SINGA's draws scaled by inputs and outputs: value (low + (high - low) u) / sqrt(fan_in + fan_out), with u from [0, 1).

    There is no factor sqrt(6), which SINGA's documentation promises and its code has not: write `value = sqrt(6)` for
    Glorot's interval (`glorot_uniform` is the same), `value = 4 * sqrt(6)` before a `sigmoid`. Of a convolution SINGA counts
    its filters as fan_out; here it is filters times the size of the kernel.
    Source: SINGA v0.3 reference 6, kUniformSqrtFanInOut.
    """

    value: float = 1.0  # factor of the result
    low: float = -1.0  # the least value before scaling
    high: float = 1.0  # the bound above before scaling

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        draws = self.low + (self.high - self.low) * ops.uniform(key, shape)
        return self.value / math.sqrt(fan_in + fan_out) * draws
