"""Batches: what is in them, from memory and from files, alone and many at once."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.feed import Feed
from singalang_runtime.feed.order import permutation
from singalang_runtime.feed.tables import FileTable, MemoryTable
from tests.library.sources.makers import Array, feature, kvfile_bytes, label, pixel_kvfile, read_all, record_proto, source
from tests.runtime.feed.records import digits, feed, section, use


@pytest.fixture(scope="module")
def images() -> tuple[Array, Array]:
    """Images (37, 2, 3) and their labels."""
    draw = np.random.default_rng(1)
    return draw.integers(0, 256, (37, 2, 3), dtype=np.uint8), draw.integers(0, 10, 37)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, images: tuple[Array, Array]) -> Path:
    """A folder with the images as `data.bin`."""
    made = tmp_path_factory.mktemp("data")
    (made / "data.bin").write_bytes(pixel_kvfile(images[0], images[1].tolist()))
    return made


def tiny(folder: Path, batch: int, seed: int, memory_bytes: int, shuffle: bool = True) -> Feed:
    """A feed of the images."""
    fields = (feature("image", 6, storage="uint8"), label())
    train = use("kvfile", {"path": "data.bin"}, batch, shuffle=shuffle)
    test = use("kvfile", {"path": "data.bin"}, batch)
    data = section("tiny", fields, {"train": train, "test": test})
    return feed(data, folder=folder, seed=seed, memory_bytes=memory_bytes)


def test_a_batch_holds_the_records_of_its_order() -> None:
    opened = feed(digits(64), seed=5)
    assert opened.names == ("digits.image", "digits.label")
    order = np.concatenate([permutation(5, epoch, 1442) for epoch in range(3)])
    whole = read_all(source("digits"), Path(), *digits().fields, split="train")
    for number in (0, 1, 21, 22, 23, 44, 45, 50):
        chosen = order[number * 64 : (number + 1) * 64]
        for array, all_of_it in zip(opened.take(number), whole, strict=True):
            np.testing.assert_array_equal(array, all_of_it[chosen])


def test_a_batch_is_nobody_elses_memory() -> None:
    train = feed(digits(64, shuffle=False)).phases["train"]
    assert isinstance(train.table, MemoryTable)
    one, two = train.take(0), train.take(0)
    for first, second, kept in zip(one, two, train.table.arrays, strict=True):
        assert first.flags.c_contiguous
        assert not np.shares_memory(first, second) and not np.shares_memory(first, kept)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 50), st.integers(0, 9), st.booleans(), st.integers(0, 30), st.integers(1, 6))
def test_files_and_memory_give_the_same_batches(
    folder: Path, images: tuple[Array, Array], batch: int, seed: int, shuffle: bool, first: int, count: int
) -> None:
    near, far = (tiny(folder, batch, seed, memory, shuffle) for memory in (1 << 20, 0))
    assert isinstance(near.phases["train"].table, MemoryTable) and isinstance(far.phases["train"].table, FileTable)
    numbers = near.phases["train"].order.record_numbers(first, count)
    for opened in (near, far):
        image, labels = opened.take(first, count)
        assert image.shape == (count, batch, 6) and image.dtype == np.uint8 and labels.dtype == np.int32
        np.testing.assert_array_equal(image, images[0].reshape(37, 6)[numbers])
        np.testing.assert_array_equal(labels, images[1][numbers])
        for place in range(count):
            for alone, together in zip(opened.take(first + place), (image, labels), strict=True):
                np.testing.assert_array_equal(alone, together[place])


@pytest.mark.parametrize("memory_bytes", [0, 1 << 20])
def test_a_stream_gives_what_take_gives(folder: Path, memory_bytes: int) -> None:
    train = tiny(folder, 5, 3, memory_bytes).phases["train"]
    dispatches: list[tuple[int, int | None]] = [(4, None), (5, None), (6, 10), (16, 10), (26, None), (27, 3)]
    with train.stream(iter(dispatches)) as batches:
        for (first, count), arrays in zip(dispatches, batches, strict=True):
            for one, other in zip(arrays, train.take(first, count), strict=True):
                np.testing.assert_array_equal(one, other)
    with train.stream([]) as batches:
        assert list(batches) == []


def test_large_batches_in_memory_are_gathered_ahead() -> None:
    train = feed(digits(1442)).phases["train"]
    before = threading.active_count()
    with train.stream((number, 20) for number in range(0, 10**9, 20)) as batches:
        np.testing.assert_array_equal(next(batches)[0], train.take(0, 20)[0])
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


@pytest.mark.parametrize("batch", [1, 7, 36, 37, 38, 100])
def test_an_evaluation_takes_every_record_once(folder: Path, images: tuple[Array, Array], batch: int) -> None:
    test = tiny(folder, batch, 0, 1 << 20).phases["test"]
    parts = list(test.evaluate())
    assert len(parts) == -(-37 // batch)
    for part in parts:
        assert part.arrays[0].shape == (batch, 6) and part.weights.shape == (batch,) and part.weights.dtype == np.float32
        assert part.weights.tolist() == [1] * part.rows + [0] * (batch - part.rows)
    np.testing.assert_array_equal(np.concatenate([part.arrays[0][: part.rows] for part in parts]), images[0].reshape(37, 6))


def test_an_evaluation_of_some_batches_takes_the_first_and_never_more_than_there_are(folder: Path) -> None:
    test = tiny(folder, 10, 0, 1 << 20).phases["test"]
    assert [part.rows for part in test.evaluate(2)] == [10, 10]
    assert [part.rows for part in test.evaluate(4)] == [10, 10, 10, 7]
    assert [part.rows for part in test.evaluate(100)] == [10, 10, 10, 7]


def test_epochs_are_counted_by_training_records() -> None:
    opened = feed(digits(64))
    assert opened.steps_of_epochs(1) == 23 and opened.steps_of_epochs(10) == 226
    assert opened.phases["test"].records == 355 and opened.phases["test"].batch == 100


def test_what_breaks_later_is_raised_to_whoever_takes_the_batch(tmp_path: Path) -> None:
    good = record_proto(label=1, pixel=bytes(4))
    (tmp_path / "data.bin").write_bytes(kvfile_bytes([good] * 7 + [record_proto(label=1, pixel=bytes(3))]))
    fields = (feature("x", 4, storage="uint8"), label())
    data = section("d", fields, {"train": use("kvfile", {"path": "data.bin"}, 2)})
    train = feed(data, folder=tmp_path, memory_bytes=0).phases["train"]
    with train.stream((number, None) for number in range(4)) as batches:
        for _ in range(3):
            next(batches)
        with pytest.raises(BrokenData) as caught:
            next(batches)
    assert (caught.value.diagnostic.code, caught.value.diagnostic.where) == ("E0603", "data.bin, record 8")
