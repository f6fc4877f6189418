from __future__ import annotations

import numpy as np

from singalang_compiler.library.inits.uniform_sqrt_fan_in_out import UniformSqrtFanInOut
from tests.library.inits.case import FAN_IN, FAN_OUT, Case, interval

ROOT = (FAN_IN + FAN_OUT) ** -0.5
CASES = {
    "nothing said": Case(
        UniformSqrtFanInOut(),
        "uniform",
        lambda u, fan_in, fan_out: (2 * u - 1) / np.sqrt(fan_in + fan_out),
        **interval(-ROOT, ROOT),
    ),
    "all said": Case(
        UniformSqrtFanInOut(value=4 * 6**0.5, low=0, high=2),
        "uniform",
        lambda u, fan_in, fan_out: 8 * u * np.sqrt(6 / (fan_in + fan_out)),
        **interval(0, 8 * 6**0.5 * ROOT),
    ),
}
