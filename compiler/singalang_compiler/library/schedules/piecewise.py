"""The schedule kind `piecewise`: rates given by hand, each from a step on."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from singalang_compiler.library.attributes import Steps
from singalang_compiler.library.context import Array, Ops
from singalang_compiler.library.contract import AttributeFault, Schedule
from singalang_compiler.library.kinds import schedule


@schedule("piecewise")
class Piecewise(Schedule):
    """Rates given by hand, each from a step on: rate(t) = r_i with the largest i such that t >= t_i, for points (t_i, r_i).

    `piecewise((0, 0.1), (60k, 0.01))` is 0.1 for the steps 0 to 59,999 and 0.01 from then on.
    Source: SINGA v0.3 reference 7, kFixedStep.
    """

    variadic = "points"

    points: Annotated[tuple[tuple[Steps, float], ...], "x >= 0"]  # (step, rate from this step on); the first at step 0

    def __post_init__(self) -> None:
        steps = [step for step, _ in self.points]
        if not steps:
            raise AttributeFault("`piecewise` has no point", hint="give points such as `piecewise((0, 0.1), (60k, 0.01))`")
        if steps[0] != 0:
            raise AttributeFault(
                f"there is no rate for the steps before {steps[0]}", attribute="points", hint="let the first point be at step 0"
            )
        for before, after in pairwise(steps):
            if isinstance(before, int) and isinstance(after, int) and before >= after:
                raise AttributeFault(
                    f"a point at step {after} comes after a point at step {before}",
                    attribute="points",
                    hint="give the points in the order of their steps, each step once",
                )

    def rate(self, step: Array, ops: Ops) -> Array:
        np = ops.np
        starts = np.asarray([start for start, _ in self.points[1:]], np.int32)
        rates = np.asarray([rate for _, rate in self.points], np.float32)
        return rates[np.sum(step >= starts)]
