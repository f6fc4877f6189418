from __future__ import annotations

import numpy as np

from singalang_compiler.library.inits.constant import Constant
from tests.library.inits.case import Case

CASES = {
    "a number": Case(Constant(0.1), "none", lambda draws, fan_in, fan_out: np.full(draws.shape, 0.1), 0.1, 0.0, 0.1, 0.1),
    "a whole number": Case(Constant(-2), "none", lambda draws, fan_in, fan_out: np.full(draws.shape, -2.0), -2.0, 0.0, -2.0, -2.0),
    "nothing said": Case(Constant(), "none", lambda draws, fan_in, fan_out: np.zeros(draws.shape), 0.0, 0.0, 0.0, 0.0),
}
