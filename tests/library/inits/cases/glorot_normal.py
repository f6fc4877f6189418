from __future__ import annotations

import numpy as np

from singalang_compiler.library.inits.glorot_normal import GlorotNormal
from tests.library.inits.case import FAN_IN, FAN_OUT, Case

STD = (2 / (FAN_IN + FAN_OUT)) ** 0.5
CASES = {"as a rule": Case(GlorotNormal(), "normal", lambda z, fan_in, fan_out: z / np.sqrt((fan_in + fan_out) / 2), 0.0, STD)}
