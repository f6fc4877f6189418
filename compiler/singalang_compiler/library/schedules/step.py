"""The schedule kind `step`: a rate that falls by a factor at regular intervals."""

from __future__ import annotations

import math
from typing import Annotated

from singalang_compiler.library.attributes import Steps
from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import Schedule
from singalang_compiler.library.kinds import schedule


@schedule("step")
class Step(Schedule):
    """A rate that falls by a factor at regular intervals: rate(t) = base * gamma ^ floor(t / every).

    Source: SINGA v0.3 reference 7, kStep.
    """

    base: Annotated[float, "x >= 0"]  # the rate at the start
    gamma: Annotated[float, "x > 0"]  # the factor, such as 0.1
    every: Annotated[Steps, "x >= 1"]  # steps between two changes

    def rate(self, step: Array, ops: Ops) -> Array:
        return ops.np.float32(self.base) * power(self.gamma, step // self.every, ops)


def power(base: float, exponent: Array, ops: Ops) -> Array:
    """base ^ exponent, float32, for an int32 exponent from 0, to 5e-7 relative at any size of it.

    The exponent is taken eight bits at a time, with the powers for each written into the kernel: a float32 product
    `exponent * log(base)` would lose the sixth digit of the result where the exponent is in the thousands.
    """
    np = ops.np
    turns = math.log2(base)
    result = np.float32(1)
    for low in range(0, 32, 8):
        powers = [2.0 ** max(-200.0, min(127.9, turns * (digit << low))) for digit in range(256)]
        result = result * np.asarray(powers, np.float32)[(exponent >> low) & 255]
    return result
