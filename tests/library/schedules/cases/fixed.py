from __future__ import annotations

import numpy as np

from singalang_compiler.library.schedules.fixed import Fixed
from tests.library.schedules.case import Case

CASES = {"a rate": Case(Fixed(0.1), lambda t: np.full(t.shape, 0.1)), "none": Case(Fixed(0), lambda t: np.zeros(t.shape))}
