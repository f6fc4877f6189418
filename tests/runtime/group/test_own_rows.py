"""A worker that reads only its own records gets the rows that the group's batches have for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from singalang_compiler.library.contract import SourceError
from singalang_runtime.feed.batches import Batches
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.feed import Feed
from singalang_runtime.feed.order import Order
from singalang_runtime.feed.tables import FileTable, MemoryTable, Table
from singalang_runtime.group.feeding import evaluation_batches
from singalang_runtime.group.own_rows import OwnRows, Wanted, evaluation_rows, training_rows

RECORDS, BATCH, MICRO_BATCHES = 37, 12, 3
IMAGES = np.arange(RECORDS * 6, dtype=np.float32).reshape(RECORDS, 2, 3)
LABELS = np.arange(RECORDS, dtype=np.int32) * 10
ARRAYS = {"d.image@batch": (0, "batch"), "d.label@whole": (1, "whole")}


class Reading:
    """Records of a file, which counts what it is asked for."""

    def __init__(self, broken: int | None = None) -> None:
        self.asked: list[list[int]] = []
        self.broken = broken

    def __len__(self) -> int:
        return RECORDS

    def read(self, numbers: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], ...]:
        """The records of these numbers."""
        self.asked.append(numbers.tolist())
        if self.broken in self.asked[-1]:
            raise SourceError("value", "no number", where="file.csv")
        return IMAGES[numbers], LABELS[numbers]


def batches(table: Table) -> Batches:
    return Batches(table, Order(RECORDS, BATCH, seed=3, shuffle=True, random_skip=9), IMAGES[0].nbytes + 4)


def trained(position: int, workers: int = 2) -> Wanted:
    """Rows of a worker: its share of each micro-batch, and all of it."""
    each = BATCH // MICRO_BATCHES
    own = each // workers
    starts = range(0, BATCH, each)
    rows = {
        "batch": tuple((start + position * own, start + (position + 1) * own) for start in starts),
        "whole": tuple((start, start + each) for start in starts),
    }
    return Wanted(ARRAYS, rows)


def check_training(rows: OwnRows, whole: Batches, wanted: Wanted, first: int, stop: int) -> None:
    for number in range(first, stop):
        images, labels = whole.take(number)
        for micro in range(MICRO_BATCHES):
            found = rows.take(number, micro)
            assert found.arrays["d.image@batch"].tobytes() == images[slice(*wanted.rows["batch"][micro])].tobytes()
            assert found.arrays["d.label@whole"].tobytes() == labels[slice(*wanted.rows["whole"][micro])].tobytes()
            assert not found.weights
    rows.close()


@pytest.mark.parametrize("position", [0, 1])
def test_in_training_it_has_the_rows_of_its_micro_batches(position: int) -> None:
    whole, wanted = batches(MemoryTable((IMAGES, LABELS))), trained(position)
    check_training(training_rows(whole, wanted, 2, 9), whole, wanted, 2, 9)


def test_from_files_records_are_read_once_and_ahead() -> None:
    reading, wanted = Reading(), trained(1)
    rows = training_rows(batches(FileTable((reading,))), wanted, 0, 5)
    check_training(rows, batches(MemoryTable((IMAGES, LABELS))), wanted, 0, 5)
    assert [len(numbers) for numbers in reading.asked] == [BATCH] * 5


def test_from_files_only_its_own_records_are_read() -> None:
    reading, rows = Reading(), {"batch": ((3, 6),), "whole": ((0, BATCH),)}
    own = training_rows(batches(FileTable((reading,))), Wanted({"d.image@batch": (0, "batch")}, rows), 0, 4)
    for number in range(4):
        own.take(number, 0)
    own.close()
    order = batches(FileTable(())).order
    assert reading.asked == [order.record_numbers(number, 1)[0][3:6].tolist() for number in range(4)]


@pytest.mark.parametrize("count", [1, 4])
@pytest.mark.parametrize("position", [0, 1, 4])
def test_in_an_evaluation_it_has_the_rows_of_the_filled_up_batches(position: int, count: int) -> None:
    whole, total = batches(MemoryTable((IMAGES, LABELS))), 15  # 5 workers, 3 rows each
    wanted = Wanted(ARRAYS, {"batch": ((3 * position, 3 * position + 3),), "whole": ((0, total),)})
    rows = evaluation_rows(whole, wanted, count, total)
    expected = dict(evaluation_batches(Feed(("d.image", "d.label"), {"test": whole}), "test", count, total))
    for number in range(count):
        found, (images, labels) = rows.take(number, 0), expected[number].arrays
        weights = expected[number].weights
        assert weights is not None
        own = slice(3 * position, 3 * position + 3)
        assert found.arrays["d.image@batch"].tobytes() == images[own].tobytes()
        assert found.arrays["d.label@whole"].tobytes() == labels.tobytes()
        assert found.weights["batch"].tobytes() == weights[own].tobytes()
        assert found.weights["whole"].tobytes() == weights.tobytes()


def test_records_that_cannot_be_read_are_told_when_they_are_wanted() -> None:
    broken = int(batches(FileTable(())).order.record_numbers(1, 1)[0][0])
    rows = training_rows(batches(FileTable((Reading(broken),))), trained(0), 0, 9)
    for micro in range(MICRO_BATCHES):
        rows.take(0, micro)
    with pytest.raises(BrokenData):
        rows.take(1, 0)
    rows.close()
