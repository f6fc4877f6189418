from __future__ import annotations

import numpy as np

from singalang_compiler.library.schedules.step import Step
from tests.library.schedules.case import Case


def _case(base: float, gamma: float, every: int) -> Case:
    return Case(Step(base, gamma, every), lambda t: base * np.power(np.float64(gamma), t // every))


CASES = {
    "alexnet": _case(0.01, 0.1, 100_000),
    "mnist": _case(0.001, 0.997, 60),
    "char-rnn": _case(0.002, 0.97, 2000),
    "each step": _case(0.3, 0.9999, 1),
    "each step, hardly": _case(1.0, 1 - 1e-7, 1),
    "down to nothing": _case(0.5, 0.5, 3),
    "rising": _case(1e-6, 1.00001, 1),
    "not at all": _case(0.25, 1.0, 7),
}
