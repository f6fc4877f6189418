"""What connections move, against arrays that are whole: values arrive as they lie, and gradients take the transposed way."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, Distribution, Extent, by_feature
from singalang_compiler.plan_group import ConnectionRecord
from singalang_runtime.group.moving import getting, giving

Array = np.ndarray[Any, Any]
SOURCES = (BATCH, WHOLE, PARTIAL, by_feature(1), by_feature(2))
TARGETS = (BATCH, WHOLE, by_feature(1), by_feature(2))
EXTENTS = (Extent(rows=(2, 2), record=(4, 6)), Extent(rows=(3, 1, 2), record=(3, 9)), Extent(rows=(5,), record=(2, 2)))


def connection(extent: Extent, source: Distribution, target: Distribution, apart: bool) -> ConnectionRecord:
    return ConnectionRecord(
        name="c",
        kind="send" if apart else "all_to_all",
        phase="train",
        value="x",
        source=source,
        target=target,
        source_stage=0,
        target_stage=int(apart),
        extent=extent,
        dtype="float64",
        returns=True,
        consumers=(),
        step_bytes=0,
    )


def part(whole: Array, extent: Extent, distribution: Distribution, position: int) -> Array:
    return whole[tuple(slice(first, end) for first, end in extent.region(distribution, position))]


def moved(one: ConnectionRecord, pieces: list[Array], back: bool) -> list[Array]:
    """What every worker gets when each gives what it has."""
    found = []
    for position in range(len(pieces)):
        got = getting(one, position, back)
        assert got.own is None or one.source_stage == one.target_stage
        given = {other: pieces[other][giving(one, other, back).parts[position]] for other in got.parts}
        if got.own is not None:
            name, own = got.own
            assert name == giving(one, position, back).array
            assert np.array_equal(pieces[position][own], given[position])
        array = np.full(got.shape, np.nan)
        got.joining(array)([given[other] for other in got.parts])
        found.append(array)
    return found


cases = pytest.mark.parametrize(
    ("extent", "source", "target", "apart"), list(product(EXTENTS, SOURCES, TARGETS, [False, True])), ids=str
)


@cases
def test_values_arrive_as_they_lie_there(extent: Extent, source: Distribution, target: Distribution, apart: bool) -> None:
    draw, workers = np.random.default_rng(3), extent.workers
    summands = draw.normal(size=(workers, *extent.shape))
    whole = summands.sum(0) if source == PARTIAL else summands[0]
    pieces = [summands[place] if source == PARTIAL else part(whole, extent, source, place) for place in range(workers)]
    for position, got in enumerate(moved(connection(extent, source, target, apart), pieces, back=False)):
        assert np.allclose(got, part(whole, extent, target, position))


@cases
def test_gradients_take_the_transposed_way(extent: Extent, source: Distribution, target: Distribution, apart: bool) -> None:
    """<move x, y> = <x, move back y> for all x and y."""
    draw, one = np.random.default_rng(4), connection(extent, source, target, apart)
    x = [draw.normal(size=extent.piece(source, position)) for position in range(extent.workers)]
    y = [draw.normal(size=extent.piece(target, position)) for position in range(extent.workers)]
    there = sum(float((got * own).sum()) for got, own in zip(moved(one, x, back=False), y, strict=True))
    back = sum(float((got * own).sum()) for got, own in zip(moved(one, y, back=True), x, strict=True))
    assert there == pytest.approx(back)


def test_names_of_arrays_are_those_of_the_plan() -> None:
    one = connection(EXTENTS[0], by_feature(1), WHOLE, apart=False)
    assert (giving(one, 0, back=False).array, getting(one, 0, back=False).array) == ("x@feature1", "x@whole")
    assert (giving(one, 0, back=True).array, getting(one, 0, back=True).array) == ("gradient/x@whole", "gradient/x@feature1/c")
