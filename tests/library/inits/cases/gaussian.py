from __future__ import annotations

from singalang_compiler.library.inits.gaussian import Gaussian
from tests.library.inits.case import Case

CASES = {
    "std": Case(Gaussian(std=0.01), "normal", lambda z, fan_in, fan_out: 0.01 * z, 0.0, 0.01),
    "mean": Case(Gaussian(2.0, mean=-3.0), "normal", lambda z, fan_in, fan_out: -3.0 + 2.0 * z, -3.0, 2.0),
    "nothing said": Case(Gaussian(), "normal", lambda z, fan_in, fan_out: z, 0.0, 1.0),
}
