from __future__ import annotations

import numpy as np

from singalang_compiler.library.inits.he_uniform import HeUniform
from tests.library.inits.case import FAN_IN, Case, interval

BOUND = (6 / FAN_IN) ** 0.5
CASES = {
    "as a rule": Case(
        HeUniform(), "uniform", lambda u, fan_in, fan_out: (u - 0.5) * np.sqrt(24.0 / fan_in), **interval(-BOUND, BOUND)
    )
}
