from __future__ import annotations

import numpy as np

from singalang_compiler.library.inits.glorot_uniform import GlorotUniform
from tests.library.inits.case import FAN_IN, FAN_OUT, Case, interval

BOUND = (6 / (FAN_IN + FAN_OUT)) ** 0.5
CASES = {
    "as a rule": Case(
        GlorotUniform(),
        "uniform",
        lambda u, fan_in, fan_out: (u - 0.5) * np.sqrt(24.0 / (fan_in + fan_out)),
        **interval(-BOUND, BOUND),
    )
}
