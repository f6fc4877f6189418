"""The kernels by which a machine is measured."""

from __future__ import annotations

import numpy as np

from singalang_compiler.work import Work
from singalang_runtime.calibrate.probes import probes, scaling_probes


def test_together_they_hold_every_kind_of_work_that_has_a_price() -> None:
    held = np.sum([one.work() for one in probes()], axis=0)
    lacking = [kind for kind, amount in zip(Work._fields, held, strict=True) if not amount]
    assert lacking == ["unknown"]


def test_each_can_be_called_again_and_again() -> None:
    for one in probes():
        if sum(np.prod(shape) for shape in one.shapes) < 50_000:
            run = one.ready()
            run()
            run()


def test_what_more_cores_are_good_for_is_seen_by_products_loops_and_streaming() -> None:
    assert {one.name.partition(",")[0] for one in scaling_probes()} == {"products", "loops", "streaming"}
