"""The order of records."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from singalang_compiler.epochs import steps_of_epochs
from singalang_runtime.feed.order import Order, permutation

seeds = st.integers(-(2**63), 2**63)
orders = st.builds(
    Order,
    records=st.integers(1, 60),
    batch=st.integers(1, 70),
    seed=seeds,
    shuffle=st.booleans(),
    random_skip=st.integers(0, 100),
)


def philox(seed: int, epoch: int, count: int) -> list[int]:
    """Words of Philox4x64-10 after the paper's own description, with counters from 1 on."""
    word = (1 << 64) - 1
    made: list[int] = []
    for counter in range(1, count // 4 + 2):
        x, key = [counter, 0, 0, 0], [seed & word, epoch & word]
        for _ in range(10):
            first, second = 0xD2E7470EE14C6C93 * x[0], 0xCA5A826395121157 * x[2]
            x = [second >> 64 ^ x[1] ^ key[0], second & word, first >> 64 ^ x[3] ^ key[1], first & word]
            key = [key[0] + 0x9E3779B97F4A7C15 & word, key[1] + 0xBB67AE8584CAA73B & word]
        made += x
    return made[:count]


@given(seeds, st.integers(0, 10**9), st.integers(1, 40))
def test_an_epoch_is_the_rank_order_of_the_generators_words(seed: int, epoch: int, records: int) -> None:
    words = philox(seed, epoch, records)
    assert permutation(seed, epoch, records).tolist() == sorted(range(records), key=words.__getitem__)


def test_the_order_of_one_seed_and_epoch_never_changes() -> None:
    assert permutation(0, 0, 10).tolist() == [0, 2, 9, 1, 8, 5, 4, 3, 6, 7]
    assert permutation(7, 3, 10).tolist() == [2, 5, 9, 7, 3, 0, 6, 8, 4, 1]


@given(st.integers(1, 300), seeds, st.integers(0, 1000))
def test_a_permutation_holds_each_record_once(records: int, seed: int, epoch: int) -> None:
    assert sorted(permutation(seed, epoch, records).tolist()) == list(range(records))


@given(orders)
def test_the_epochs_follow_one_another_as_one_stream(order: Order) -> None:
    batches = 3 * order.records // order.batch + 2
    stream = order.record_numbers(0, batches).ravel()
    epochs = (order.skipped + len(stream)) // order.records + 1
    parts = [permutation(order.seed, epoch, order.records) if order.shuffle else range(order.records) for epoch in range(epochs)]
    expected = np.concatenate(parts)[order.skipped :]
    np.testing.assert_array_equal(stream, expected[: len(stream)])


@given(orders, st.integers(0, 40), st.integers(1, 12))
def test_a_run_that_goes_on_sees_what_the_uninterrupted_one_saw(order: Order, cursor: int, count: int) -> None:
    whole = order.record_numbers(0, cursor + count)
    again = Order(order.records, order.batch, order.seed, order.shuffle, order.random_skip)
    np.testing.assert_array_equal(again.record_numbers(cursor, count), whole[cursor:])
    for number in range(cursor, cursor + count):
        np.testing.assert_array_equal(again.record_numbers(number, 1)[0], whole[number])


@given(orders)
def test_one_pass_holds_each_record_once(order: Order) -> None:
    assert sorted(order.one_pass().tolist()) == list(range(order.records))


def test_other_seeds_and_epochs_give_other_orders() -> None:
    seen = {tuple(permutation(seed, epoch, 50).tolist()) for seed in range(20) for epoch in range(20)}
    assert len(seen) == 400


def test_every_place_of_an_epoch_is_as_likely_for_every_record() -> None:
    counts = np.zeros((8, 8), int)
    for epoch in range(4000):
        counts[np.arange(8), permutation(1, epoch, 8)] += 1
    expected = 4000 / 8
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 49 + 5 * (2 * 49) ** 0.5  # 49 degrees of freedom, five standard deviations


def test_skips_are_spread_over_their_range() -> None:
    drawn = [Order(10, 1, seed, random_skip=4).skipped for seed in range(1000)]
    assert set(drawn) == set(range(5))
    assert all(150 < drawn.count(skip) < 250 for skip in range(5))
    assert Order(10, 1, 5).skipped == 0


def test_a_permutation_cannot_be_overwritten() -> None:
    with pytest.raises(ValueError, match="read-only"):
        permutation(0, 0, 5)[0] = 1


@pytest.mark.parametrize(
    ("epochs", "records", "batch", "steps"),
    [
        (1, 100, 10, 10),
        (1, 101, 10, 11),
        (2, 101, 10, 21),
        (0.1, 3000, 10, 30),
        (0.5, 1442, 64, 12),
        (90, 1281167, 256, 450411),
        (1, 3, 10, 1),
    ],
)
def test_epochs_become_steps_rounded_up(epochs: float, records: int, batch: int, steps: int) -> None:
    assert steps_of_epochs(epochs, records, batch) == steps
