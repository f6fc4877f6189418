"""Who takes which rows, who has which elements: everything once, nothing left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from singalang_compiler.liveness import Moment
from singalang_compiler.plan_group import BufferRecord, FeedStep, RoleRecord, RunStep, Segment, SliceSegment
from singalang_runtime.group.collecting import CHUNK_SIZE, Collecting
from singalang_runtime.group.feeding import Batches, Taken, rows_of, rows_of_all
from singalang_runtime.group.freeing import freed
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.sharing import Stretch, shared
from singalang_runtime.group.tensors import joined, piece, put_back, slice_of
from singalang_runtime.protocol.exchanges import Give
from singalang_runtime.protocol.steps import Message
from tests.runtime.group.tiny_group import TinyGroup

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize(
    "shape", [TinyGroup(), TinyGroup(rows=(2, 2)), TinyGroup(rows=(3, 1)), TinyGroup(rows=(8,)), TinyGroup(rows=(2, 2), exact=True)]
)
def test_every_row_of_a_batch_is_taken_once(shape: TinyGroup) -> None:
    group = shape.plan()[0].sections[0].group
    assert group is not None
    places = [(position, micro) for micro in range(group.micro_batches) for position in range(len(group.rows))]
    taken = [rows_of(group, "train", position, micro) for position, micro in places]
    assert Counter(row for first, end in taken for row in range(first, end)) == Counter(range(8))
    if not shape.exact:
        for (_, micro), (first, end) in zip(places, taken, strict=True):
            start, stop = rows_of_all(group, "train", micro)
            assert start <= first < end <= stop
    evaluated = [rows_of(group, "test", position, 0) for position in range(len(group.rows))]
    assert [row for first, end in evaluated for row in range(first, end)] == list(range(group.evaluate_rows["test"]))


def test_with_exact_sums_a_workers_shards_stand_together() -> None:
    group = replace(TinyGroup(), rows=(2, 2), exact=True).plan()[0].sections[0].group
    assert group is not None
    shards = [rows_of(group, "train", position, micro) for position in range(2) for micro in range(2)]
    assert shards == [(0, 2), (2, 4), (4, 6), (6, 8)]


def test_a_batch_is_made_once_and_forgotten_when_all_have_it() -> None:
    made = []

    def batches() -> Any:
        for number in range(4):
            made.append(number)
            yield number, Taken((np.full(2, number),))

    shared_ = Batches(batches(), takers=2)
    assert [int(shared_.take(number).arrays[0][0]) for number in (0, 1, 0, 2, 1, 2)] == [0, 1, 0, 2, 1, 2]
    assert made == [0, 1, 2] and not shared_._kept


def role(**sizes: int) -> RoleRecord:
    """A role with one buffer that learns, and one that does not."""
    segments, offset = [], 0
    for name, size in sizes.items():
        segments.append(Segment(name=name, offset=offset, size=size))
        offset += size
    buffers = (
        BufferRecord(name="parameters/all", size=offset, segments=tuple(segments)),
        BufferRecord(name="parameters/frozen", size=3, segments=(Segment(name="f", offset=0, size=3),)),
    )
    return RoleRecord(
        name="r",
        stage=0,
        workers=(0, 1),
        rows=1,
        parameters=buffers,
        trained=("parameters/all",),
        state=(),
        arrays=(),
        calls={},
        step=(),
        evaluate={},
    )


def segment(parameter: str, offset: int, size: int, position: int | None = None) -> SliceSegment:
    return SliceSegment(parameter=parameter, position=position, offset=offset, size=size)


def test_what_a_worker_shares_with_a_server_is_found_in_as_few_stretches_as_can_be() -> None:
    own = role(a=4, b=3, c=5)
    whole = [segment("a", 0, 4), segment("b", 0, 3)]
    assert shared(own, 0, whole) == (Stretch("parameters/all", 0, 7, 0),)
    assert shared(own, 0, [segment("c", 1, 2), segment("a", 3, 1)]) == (
        Stretch("parameters/all", 8, 10, 0),
        Stretch("parameters/all", 3, 4, 2),
    )
    pieces = [segment("a", 0, 4, 0), segment("a", 0, 4, 1), segment("c", 0, 5)]
    assert shared(own, 1, pieces) == (Stretch("parameters/all", 0, 4, 4), Stretch("parameters/all", 7, 12, 8))
    assert shared(own, 0, [segment("f", 0, 3), segment("elsewhere", 0, 2)]) == ()


@pytest.mark.parametrize("axis", [None, 0, 1, 2])
def test_tensors_cut_and_joined_are_whole_again(axis: int | None) -> None:
    whole = np.random.default_rng(1).normal(size=(4, 6, 2))
    pieces = [piece(whole, axis, position, 2) for position in range(2)]
    assert all(one.size == whole.size // (1 if axis is None else 2) for one in pieces)
    assert np.array_equal(joined([one.reshape(-1) for one in pieces], whole.shape, axis), whole)


def test_slices_are_cut_from_pieces_and_put_back() -> None:
    draw = np.random.default_rng(2)
    pieces = {("a", None): draw.normal(size=5), ("b", 0): draw.normal(size=3), ("b", 1): draw.normal(size=3)}
    slices = [[segment("a", 0, 3), segment("b", 1, 2, 1)], [segment("a", 3, 2), segment("b", 0, 3, 0), segment("b", 0, 1, 1)]]
    back: dict[tuple[str, int | None], Array] = {key: np.zeros_like(array) for key, array in pieces.items()}
    for segments in slices:
        cut = slice_of(segments, 7, pieces, np.dtype("float64"))
        assert cut.shape == (7,) and not cut[sum(one.size for one in segments) :].any()
        put_back(segments, cut, back)
    assert all(np.array_equal(back[key], pieces[key]) for key in pieces)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8])
def test_shards_are_added_in_a_tree_neighbours_first(count: int) -> None:
    total, whole = np.zeros(1), [Stretch("b", 0, 1, 0)]
    Collecting(total, [whole] * count, list(range(count)))([[np.array([1 / (number + 1)])] for number in range(count)])
    assert total[0] == pytest.approx(sum(1 / (number + 1) for number in range(count)))
    if count == 4:
        assert total[0] == (1 + 1 / 2) + (1 / 3 + 1 / 4)


@pytest.mark.parametrize("givers", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [40, 3 * CHUNK_SIZE + 5])
def test_gradients_are_added_element_by_element_in_the_order_of_workers(givers: int, size: int) -> None:
    """Each gives several stretches, which begin and end anywhere; what nobody gives stays 0."""
    draw = np.random.default_rng(givers)
    stretches = []
    for _ in range(givers):
        ends = sorted(int(end) for end in draw.choice(np.arange(1, size - 3), 5, replace=False))
        stretches.append([Stretch("b", 0, end - first, first) for first, end in pairwise(ends)])
    given = [[draw.normal(size=one.size).astype(np.float32) for one in own] for own in stretches]
    total, wanted = np.zeros(size, np.float32), np.zeros(size, np.float32)
    collect = Collecting(total, stretches, [0] * givers)
    for own, parts in zip(stretches, given, strict=True):
        for one, part in zip(own, parts, strict=True):
            wanted[one.offset : one.offset + one.size] += part
    for _ in range(2):
        collect(given)
        assert np.array_equal(total, wanted)


def test_the_ledger_keeps_the_most_that_stood_at_once() -> None:
    ledger = Ledger()
    ledger.hold(("w", "a", 0), 10)
    ledger.hold(("w", "a", 1), 10)
    ledger.need(5)
    ledger.drop(("w", "a", 0))
    ledger.hold(("w", "a", 1), 12)
    ledger.drop(("w", "b", 0))
    assert (ledger.held_bytes, ledger.peaks["train"]) == (12, 25)
    ledger.phase = "test"
    ledger.need(100)
    assert (ledger.peaks["train"], ledger.peaks["test"]) == (25, 112)


def test_what_dies_at_an_act_that_gives_nothing_dies_with_the_one_before() -> None:
    message = Message("gradient", "worker-0", "server-0", 0)
    feed, full, empty, run = FeedStep(), Give((message, message)), Give(()), RunStep(call="c")

    def moment(*names: str) -> Moment:
        return Moment(feed, (), (), tuple((name, 0) for name in names))

    found = freed([(feed, moment()), (empty, moment("a")), (full, moment("b")), (run, moment("c")), (empty, moment("d"))])
    assert found == {feed: (("a", 0),), full: (("b", 0),), run: (("c", 0), ("d", 0))}
