"""The schedule kind `warmup_cosine`: up along a line, down along a cosine."""

from __future__ import annotations

import math
from typing import Annotated

from singalang_compiler.library.attributes import Steps
from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import AttributeFault, Schedule
from singalang_compiler.library.kinds import schedule


@schedule("warmup_cosine")
class WarmupCosine(Schedule):
    """Up to `peak` along a line, down to `peak * final` along half a cosine, which ends at step `total`:

        rate(t) = peak (t + 1) / warmup                                                          for t < warmup
        rate(t) = peak (final + (1 - final) (1 + cos(pi (t - warmup) / (total - warmup))) / 2)   until total

    and peak * final from then on. No step before `total` has rate 0.
    Sources: Goyal et al., Accurate, Large Minibatch SGD, 2017 (warmup); Loshchilov and Hutter, SGDR, 2017 (cosine).
    """

    peak: Annotated[float, "x >= 0"]  # the largest rate
    warmup: Annotated[Steps, "x >= 0"]  # steps until it is reached; 0 begins with it
    total: Annotated[Steps, "x >= 1"]  # steps until the end of the fall, those of the warmup included
    final: Annotated[float, "0 <= x <= 1"] = 0.0  # share of the peak that is left at the end

    def __post_init__(self) -> None:
        if isinstance(self.warmup, int) and isinstance(self.total, int) and self.warmup >= self.total:
            raise AttributeFault(
                f"a warmup of {self.warmup} steps leaves none of {self.total} for the fall",
                attribute="warmup",
                hint="`total` counts the steps of the warmup too: make it larger, or `warmup` smaller",
            )

    def rate(self, step: Array, ops: Ops) -> Array:
        np = ops.np
        fall = self.total - self.warmup
        left = np.clip(self.total - step, 0, fall).astype(np.float32)
        # (1 + cos x) / 2 is sin^2 of half the angle that is left; near the end the sum itself would cancel.
        share = np.square(np.sin(left * np.float32(math.pi / (2 * fall))))
        rate = np.float32(self.peak) * (np.float32(self.final) + np.float32(1 - self.final) * share)
        if self.warmup == 0:
            return rate
        rise = (step + 1).astype(np.float32) * np.float32(self.peak / self.warmup)
        return np.where(step < self.warmup, rise, rate)
