"""The initialiser kind `gaussian`: draws from a normal distribution."""

from __future__ import annotations

from typing import Annotated

from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Initialiser
from singalang_compiler.library.kinds import initialiser


@initialiser("gaussian")
class Gaussian(Initialiser):
    """Normal draws, from N(mean, std^2): mean + std z, with z from N(0, 1).

    Source: SINGA v0.3 reference 6, kGaussian; its factor `value` is taken into `mean` and `std`.
    """

    std: Annotated[float, "x >= 0"] = 1.0  # the standard deviation
    mean: float = 0.0  # the mean

    def values(self, key: Array, shape: tuple[int, ...], fan_in: int, fan_out: int, ops: Ops) -> Array:
        return self.mean + self.std * ops.normal(key, shape)
