"""How often something is done in a second, whatever else the machine does meanwhile. Knows nothing of what is measured."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, process_time

_BLOCK_S = 0.004
"""Calls are measured in blocks at least so long by the time of the process; by any other clock in shorter ones, of which sooner one
is not disturbed."""


def seconds_of(run: Callable[[], object], budget_s: float, clock: Callable[[], float] = process_time) -> float:
    """Seconds of one call: the best of several blocks of calls. On one core the time of the process is taken, in which that of
    others does not count. `budget_s`: how long to measure, by the clock on the wall."""
    begun = perf_counter()
    run()
    one = max(perf_counter() - begun, 1e-9)
    count = max(1, min(1000, round((_BLOCK_S if clock is process_time else _BLOCK_S / 10) / one)))
    best = float("inf")
    blocks = 0
    while blocks < 3 or perf_counter() - begun < budget_s:
        start = clock()
        for _ in range(count):
            run()
        best = min(best, (clock() - start) / count)
        blocks += 1
    return best
