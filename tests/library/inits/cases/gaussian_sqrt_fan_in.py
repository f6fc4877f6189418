from __future__ import annotations

import numpy as np

from singalang_compiler.library.inits.gaussian_sqrt_fan_in import GaussianSqrtFanIn
from tests.library.inits.case import FAN_IN, Case

CASES = {
    "nothing said": Case(GaussianSqrtFanIn(), "normal", lambda z, fan_in, fan_out: z / np.sqrt(fan_in), 0.0, FAN_IN**-0.5),
    "all said": Case(
        GaussianSqrtFanIn(value=3, std=0.5, mean=2),
        "normal",
        lambda z, fan_in, fan_out: 3 * (2 + 0.5 * z) / np.sqrt(fan_in),
        6 / FAN_IN**0.5,
        1.5 / FAN_IN**0.5,
    ),
}
