"""Blocks against whole arrays: what NumPy's slices and sums say must be where the blocks put it, both ways."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_compiler.geometry import (
    BATCH,
    PARTIAL,
    WHOLE,
    Block,
    Distribution,
    Extent,
    blocks,
    by_feature,
    incoming,
    outgoing,
    received_elements,
)

Array: TypeAlias = np.ndarray[Any, Any]


@st.composite
def extents(draw: st.DrawFn) -> Extent:
    workers = draw(st.integers(1, 4))
    rows = draw(st.lists(st.integers(0, 3), min_size=workers, max_size=workers).filter(sum))
    record = draw(st.lists(st.integers(1, 3), max_size=3))
    cut = draw(st.sets(st.integers(0, len(record) - 1))) if record else set()
    return Extent(rows=tuple(rows), record=tuple(length * (workers if axis in cut else 1) for axis, length in enumerate(record)))


def distributions_of(extent: Extent) -> list[Distribution]:
    axes = [axis + 1 for axis, length in enumerate(extent.record) if length % extent.workers == 0]
    return [BATCH, WHOLE, PARTIAL, *map(by_feature, axes)]


def held(extent: Extent, distribution: Distribution, whole: Array, random: np.random.Generator) -> list[Array]:
    """What each worker has of an array that lies so."""
    if distribution == PARTIAL:
        summands: list[Array] = [np.asarray(random.integers(-9, 9, whole.shape)) for _ in extent.rows[1:]]
        first: Array = whole - sum(summands, np.zeros_like(whole))
        return [first, *summands]
    workers = extent.workers
    starts = np.cumsum((0, *extent.rows))
    match distribution.kind:
        case "batch":
            return [whole[starts[one] : starts[one + 1]] for one in range(workers)]
        case "feature":
            return np.split(whole, workers, axis=distribution.axis)
        case _:
            return [whole] * workers


def carried(moved: list[Block], pieces: list[Array], shapes: list[tuple[int, ...]]) -> list[Array]:
    found = [np.zeros(shape, int) for shape in shapes]
    for block in moved:
        taken = pieces[block.source][tuple(slice(*ends) for ends in block.taken)]
        found[block.target][tuple(slice(*ends) for ends in block.put)] += taken
        assert block.size == taken.size
    return found


def dual(distribution: Distribution) -> Distribution:
    """How the gradient of a value lies that lies so: contributions where all was held, all where contributions were."""
    return {"whole": PARTIAL, "partial": WHOLE}.get(distribution.kind, distribution)


@st.composite
def moves(draw: st.DrawFn) -> tuple[Extent, Distribution, Distribution, int]:
    extent = draw(extents())
    source = draw(st.sampled_from(distributions_of(extent)))
    target = draw(st.sampled_from([one for one in distributions_of(extent) if one != PARTIAL]))
    return extent, source, target, draw(st.integers(0, 2**30))


@given(moves())
@settings(max_examples=300, deadline=None)
def test_blocks_bring_every_worker_its_piece_of_the_array(move: tuple[Extent, Distribution, Distribution, int]) -> None:
    extent, source, target, seed = move
    random = np.random.default_rng(seed)
    whole = random.integers(-9, 9, extent.shape)
    wanted = held(extent, target, whole, random)
    found = carried(list(blocks(extent, source, target)), held(extent, source, whole, random), [one.shape for one in wanted])
    assert all(np.array_equal(*pair) for pair in zip(found, wanted, strict=True))
    assert [one.shape for one in wanted] == [extent.piece(target, position) for position in range(extent.workers)]


@given(moves())
@settings(max_examples=300, deadline=None)
def test_transposed_blocks_bring_the_gradient_back_as_it_must_lie(move: tuple[Extent, Distribution, Distribution, int]) -> None:
    extent, source, target, seed = move
    random = np.random.default_rng(seed)
    gradient = random.integers(-9, 9, extent.shape)
    back = [block.transposed for block in blocks(extent, source, target)]
    shapes = [extent.piece(source, position) for position in range(extent.workers)]
    found = carried(back, held(extent, dual(target), gradient, random), shapes)
    if source == WHOLE:
        assert np.array_equal(sum(found), gradient)
    else:
        wanted = held(extent, dual(source), gradient, random)
        assert all(np.array_equal(*pair) for pair in zip(found, wanted, strict=True))


@given(moves())
@settings(max_examples=100, deadline=None)
def test_the_way_back_is_the_adjoint_of_the_way_there(move: tuple[Extent, Distribution, Distribution, int]) -> None:
    extent, source, target, seed = move
    random = np.random.default_rng(seed)
    moved = list(blocks(extent, source, target))
    shapes = {one: [extent.piece(one, position) for position in range(extent.workers)] for one in (source, target)}
    x, y = ([random.integers(-9, 9, shape) for shape in shapes[one]] for one in (source, target))
    there, back = carried(moved, x, shapes[target]), carried([block.transposed for block in moved], y, shapes[source])
    assert sum(np.sum(a * b) for a, b in zip(there, y, strict=True)) == sum(np.sum(a * b) for a, b in zip(x, back, strict=True))


@given(moves(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_what_one_worker_sends_and_gets_is_its_part_of_all_blocks(
    move: tuple[Extent, Distribution, Distribution, int], apart: bool
) -> None:
    extent, source, target, _ = move
    moved = list(blocks(extent, source, target))
    for position in range(extent.workers):
        assert list(incoming(extent, source, target, position)) == [block for block in moved if block.target == position]
        assert list(outgoing(extent, source, target, position)) == [block for block in moved if block.source == position]
        elsewhere = [block for block in moved if block.target == position and (apart or block.source != position)]
        assert received_elements(extent, source, target, position, apart) == sum(block.size for block in elsewhere)


def test_a_worker_takes_what_several_have_from_the_one_at_its_place() -> None:
    extent = Extent(rows=(2, 2), record=(4,))
    assert {(block.source, block.target) for block in blocks(extent, WHOLE, BATCH)} == {(0, 0), (1, 1)}


def test_an_axis_that_workers_cannot_share_is_a_mistake_of_ours() -> None:
    with pytest.raises(AssertionError, match="not cut evenly"):
        Extent(rows=(1, 1), record=(3,)).region(by_feature(1), 0)
