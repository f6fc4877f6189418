"""The prediction of a whole job from those of its train sections."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from singalang_compiler.epochs import steps_of_epochs
from singalang_compiler.job import Epochs
from singalang_compiler.lower.lowering import Lowered
from singalang_compiler.lower.section import Section
from singalang_compiler.plan import Estimate


def whole_estimate(lowered: Sequence[Lowered], sections: Sequence[Section], process: str) -> Estimate:
    """Sections run one after another: their times add up, and memory is that of the one that needs most, as is the step's time.

    The time of the whole is None where the number of steps is known only when the data are opened; tests are left out of it.
    """
    slowest = max(lowered, key=lambda one: one.step_s)
    largest = max((one.cost for one in lowered), key=lambda cost: cost.memory_bytes)
    times = [_steps(section) for section in sections]
    total_s = fsum(one.step_s * steps for one, steps in zip(lowered, times, strict=True) if steps is not None)
    return Estimate(
        step_s=slowest.step_s,
        total_s=None if None in times else total_s,
        flops_per_step=slowest.cost.flops,
        memory_bytes={process: largest.memory_bytes},
        parameter_bytes=largest.parameter_bytes,
        slot_bytes=largest.slot_bytes,
        gradient_bytes=largest.gradient_bytes,
        residual_bytes=largest.residual_bytes,
    )


def _steps(section: Section) -> int | None:
    steps = section.train.steps
    if not isinstance(steps, Epochs):
        return steps
    records = section.own_data()[0].records
    return None if records is None else steps_of_epochs(steps.count, records, section.batch("train"))
