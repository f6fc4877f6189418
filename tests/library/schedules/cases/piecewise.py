from __future__ import annotations

from typing import Any

import numpy as np

from singalang_compiler.library.schedules.piecewise import Piecewise
from tests.library.schedules.case import Case


def _case(*points: tuple[int, float]) -> Case:
    def formula(t: Any) -> Any:
        rates = np.full(t.shape, np.nan)
        for start, rate in points:
            rates[t >= start] = rate
        return rates

    return Case(Piecewise(points), formula)


CASES = {
    "cifar": _case((0, 1e-3), (60_000, 1e-4), (65_000, 1e-5)),
    "one point": _case((0, 0.3)),
    "at once": _case((0, 0.1), (1, 0.2), (2, 0.0), (999_999, 0.7)),
}
