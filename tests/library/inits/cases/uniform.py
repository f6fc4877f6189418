from __future__ import annotations

from singalang_compiler.library.inits.uniform import Uniform
from tests.library.inits.case import Case, interval

CASES = {
    "around zero": Case(Uniform(-0.05, 0.05), "uniform", lambda u, fan_in, fan_out: 0.1 * u - 0.05, **interval(-0.05, 0.05)),
    "to one side": Case(Uniform(2, 5), "uniform", lambda u, fan_in, fan_out: 2 + 3 * u, **interval(2, 5)),
    "nothing said": Case(Uniform(), "uniform", lambda u, fan_in, fan_out: 2 * u - 1, **interval(-1, 1)),
}
