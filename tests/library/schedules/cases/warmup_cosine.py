from __future__ import annotations

from typing import Any

import numpy as np

from singalang_compiler.library.schedules.warmup_cosine import WarmupCosine
from tests.library.schedules.case import Case


def _case(peak: float, warmup: int, total: int, final: float = 0.0) -> Case:
    def formula(t: Any) -> Any:
        left = np.pi * (total - np.clip(t, warmup, total)) / (total - warmup)  # of the angle; cos(pi - left) = -cos(left)
        # The Taylor series where 1 - cos(left) would cancel.
        cosine = np.where(left < 1e-2, left**2 / 2 - left**4 / 24 + left**6 / 720, 1 - np.cos(left))
        rise = peak * (t + 1) / max(warmup, 1)
        return np.where(t < warmup, rise, peak * (final + (1 - final) * cosine / 2))

    return Case(WarmupCosine(peak, warmup, total, final), formula)


CASES = {
    "digits": _case(3e-3, 50, 2000),
    "gpt": _case(3e-4, 200, 20_000),
    "a million": _case(0.1, 1000, 1_000_000),
    "no warmup": _case(0.1, 0, 999_983),
    "a tenth is left": _case(1.0, 12_345, 765_432, 0.1),
    "all is left": _case(1.0, 5, 10, 1.0),
    "one step": _case(0.7, 0, 1),
}
