"""The initialiser kind `uniform_sqrt_fan_in`: SINGA's draws from an interval that the number of inputs scales."""

from __future__ import annotations

import math

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.inits.uniform import check_interval
from singalang_compiler.library.kinds import initialiser


@initialiser("uniform_sqrt_fan_in")
class UniformSqrtFanIn(Initialiser):
    """SINGA's draws from an interval, scaled by inputs: value sqrt(3 / fan_in) (low + (high - low) u), with u from [0, 1).

    Without attributes the variance is 1 / fan_in.

    Source: SINGA v0.3 reference 6, kUniformSqrtFanIn.
    """

    value: float = 1.0  # factor of the result
    low: float = -1.0  # the least value before scaling
    high: float = 1.0  # the bound above before scaling

    def __post_init__(self) -> None:
        check_interval(self.low, self.high)

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        draws = self.low + (self.high - self.low) * ops.uniform(key, shape)
        return self.value * math.sqrt(3 / fan_in) * draws
