from __future__ import annotations

import numpy as np

from singalang_compiler.library.inits.uniform_sqrt_fan_in import UniformSqrtFanIn
from tests.library.inits.case import FAN_IN, Case, interval

ROOT = (3 / FAN_IN) ** 0.5
CASES = {
    "nothing said": Case(
        UniformSqrtFanIn(), "uniform", lambda u, fan_in, fan_out: (2 * u - 1) * np.sqrt(3 / fan_in), **interval(-ROOT, ROOT)
    ),
    "all said": Case(
        UniformSqrtFanIn(value=2, low=-3, high=0.5),
        "uniform",
        lambda u, fan_in, fan_out: 2 * (-3 + 3.5 * u) * np.sqrt(3 / fan_in),
        **interval(-6 * ROOT, ROOT),
    ),
}
