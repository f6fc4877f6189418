"""The initialiser kind `gaussian_sqrt_fan_in`: SINGA's normal draws over the root of the number of inputs."""

from __future__ import annotations

import math
from typing import Annotated

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.kinds import initialiser


@initialiser("gaussian_sqrt_fan_in")
class GaussianSqrtFanIn(Initialiser):
    """SINGA's normal draws over the root of the number of inputs: value (mean + std z) / sqrt(fan_in), z from N(0, 1).

    Source: SINGA v0.3 reference 6, kGaussianSqrtFanIn. `he_normal` is this with `value = sqrt(2)`.
    """

    value: float = 1.0  # factor of the result
    std: Annotated[float, "x >= 0"] = 1.0  # the standard deviation before the division
    mean: float = 0.0  # the mean before the division

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        return self.value / math.sqrt(fan_in) * (self.mean + self.std * ops.normal(key, shape))
