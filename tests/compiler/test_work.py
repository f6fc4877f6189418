"""What work costs on a machine, and what a process has of the machine."""

from __future__ import annotations

import pytest

from singalang_compiler.machine import Machine
from singalang_compiler.work import Price, Share, Work, seconds_of

PLAIN = Machine(
    cores=4,
    matmul_flops_s=10.0,
    conv_flops_s=5.0,
    product_element_s=0.5,
    memory_bytes_s=4.0,
    memory_scaling=2.0,
    power_s=3.0,
    product_scaling=4.0,
    loop_scaling=1.0,
    crowding=1.5,
)
ALONE = Share(1, 1)


def test_every_amount_has_its_price() -> None:
    assert seconds_of(Work(product_flops=20, product_elements=2), PLAIN, 4, ALONE) == 2 + 1
    assert seconds_of(Work(conv_flops=20), PLAIN, 4, ALONE) == 4
    assert seconds_of(Work(far_bytes=8, powers=2), PLAIN, 4, ALONE) == 2 + 6


def test_every_kind_of_work_costs_something() -> None:
    assert all(seconds_of(Work(**{name: 1.0}), Machine(), 4, ALONE) > 0 for name in Work._fields)


def test_wide_numbers_take_twice_as_long_but_bytes_are_bytes() -> None:
    assert seconds_of(Work(product_flops=20, far_bytes=8), PLAIN, 8, ALONE) == 4 + 2
    assert Price(PLAIN, ALONE).seconds(Work(product_flops=20), True) == 4


def test_several_cores_are_faster_as_far_as_the_machine_says() -> None:
    products, loops = Work(product_flops=20), Work(powers=2)
    assert seconds_of(products, PLAIN, 4, Share(4, 1)) == pytest.approx(2 / 4)
    assert seconds_of(products, PLAIN, 4, Share(2, 1)) == pytest.approx(2 / 2)
    assert seconds_of(loops, PLAIN, 4, Share(4, 1)) == 6


def test_processes_that_work_at_once_slow_each_other_down() -> None:
    assert seconds_of(Work(product_flops=20), PLAIN, 4, Share(1, 4)) == 2 * 1.5
    assert seconds_of(Work(far_bytes=8), PLAIN, 4, Share(1, 4)) == pytest.approx(2 * 2 * 1.5)
    assert seconds_of(Work(far_bytes=8), PLAIN, 4, Share(1, 2)) == pytest.approx(2 * 1.5)


@pytest.mark.parametrize(("processes", "cores"), [(1, 4), (2, 2), (3, 1), (4, 1), (9, 1)])
def test_processes_divide_the_cores_and_have_one_at_least(processes: int, cores: int) -> None:
    assert Share.of(PLAIN, processes) == Share(cores, processes)
