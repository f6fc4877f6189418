"""Prices from measurements: found again where they are known, and never below 0."""

from __future__ import annotations

import numpy as np
import pytest

from singalang_compiler.work import Work
from singalang_runtime.calibrate.clocks import seconds_of
from singalang_runtime.calibrate.prices import Measured, prices_of

KINDS = ("product_flops", "near_bytes", "powers")
TRUE = {"product_flops": 4e-12, "near_bytes": 1e-12, "powers": 3e-10}


def measured(seed: int, count: int, noise: float) -> list[Measured]:
    """Kernels of which the seconds are those of the true prices, disturbed by up to so much."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(count):
        amounts = {kind: float(10 ** random.uniform(2, 9)) for kind in KINDS}
        seconds = 5e-6 + sum(TRUE[kind] * amount for kind, amount in amounts.items())
        found.append(Measured(str(number), Work(**amounts), seconds * (1 + noise * random.uniform(-1, 1))))
    return found


@pytest.mark.parametrize("seed", range(5))
def test_known_prices_are_found_again(seed: int) -> None:
    call_s, prices = prices_of(measured(seed, 30, 0.0))
    assert call_s == pytest.approx(5e-6, rel=1e-3)
    assert prices == {kind: pytest.approx(price, rel=1e-3) for kind, price in TRUE.items()}


@pytest.mark.parametrize("seed", range(5))
def test_disturbed_measurements_give_prices_near_the_true_ones(seed: int) -> None:
    _, prices = prices_of(measured(seed, 60, 0.1))
    assert prices["product_flops"] == pytest.approx(TRUE["product_flops"], rel=0.2)


def test_no_price_is_below_0_even_if_that_would_fit_better() -> None:
    works = [(Work(powers=1.0), 2.0), (Work(powers=1.0, roots=1.0), 1.0), (Work(roots=1.0), 0.5)]
    call_s, prices = prices_of([Measured("", work, seconds) for work, seconds in works])
    assert call_s >= 0 and all(price >= 0 for price in prices.values())


def test_a_call_is_measured_in_the_time_of_the_clock() -> None:
    now = [0.0]

    def run() -> None:
        now[0] += 0.5

    assert seconds_of(run, 0.0, lambda: now[0]) == pytest.approx(0.5)
