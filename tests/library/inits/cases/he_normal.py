from __future__ import annotations

import numpy as np

from singalang_compiler.library.inits.he_normal import HeNormal
from tests.library.inits.case import FAN_IN, Case

CASES = {"as a rule": Case(HeNormal(), "normal", lambda z, fan_in, fan_out: z * np.sqrt(2.0 / fan_in), 0.0, (2 / FAN_IN) ** 0.5)}
