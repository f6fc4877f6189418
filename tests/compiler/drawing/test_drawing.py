"""Layered drawings: nothing overlaps, everything is connected, lines are straight where they can be and cross little."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalang_compiler.drawing.boxes import Box, Drawing, Frame, Point
from singalang_compiler.drawing.crossings import crossings, untangle
from singalang_compiler.drawing.draw import draw
from singalang_compiler.drawing.rows import Rows, in_rows
from singalang_compiler.graph import generations


def box(name: str, *inputs: str, width: int = 100, height: int = 40, stage: int = 0, before: bool = False) -> Box:
    return Box(name=name, width=width, height=height, inputs=inputs, stage=stage, before=before)


def chain(length: int) -> list[Box]:
    return [box(f"n{place}", *([f"n{place - 1}"] if place else [])) for place in range(length)]


@st.composite
def graphs(draw: st.DrawFn) -> list[Box]:
    """Graphs of up to 40 boxes of several sizes, in up to three stages, some standing before theirs."""
    count = draw(st.integers(1, 40))
    stages = draw(st.integers(1, 3))
    boxes: list[Box] = []
    for place in range(count):
        stage = place * stages // count
        earlier = draw(st.lists(st.integers(0, place - 1), max_size=3, unique=True)) if place else []
        before = bool(stage and earlier and all(boxes[one].stage < stage for one in earlier) and draw(st.booleans()))
        size = draw(st.integers(20, 260)), draw(st.integers(16, 60))
        inputs = [f"n{one}" for one in earlier if not (boxes[one].before and boxes[one].stage == stage and before)]
        boxes.append(box(f"n{place}", *inputs, width=size[0], height=size[1], stage=stage, before=before))
    return boxes


def rectangle(drawing: Drawing, name: str) -> tuple[float, float, float, float]:
    spot, (width, height) = drawing.spots[name], drawing.sizes[name]
    return spot.x - width / 2, spot.y - height / 2, spot.x + width / 2, spot.y + height / 2


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def inside(frame: Frame, box: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = box
    return frame.left <= left and frame.top <= top and right <= frame.left + frame.width and bottom <= frame.top + frame.height


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_boxes_do_not_overlap_and_stand_within_the_drawing(boxes: list[Box]) -> None:
    drawing = draw(boxes)
    rectangles = [rectangle(drawing, one.name) for one in boxes]
    assert not [pair for pair in combinations(rectangles, 2) if overlap(*pair)]
    assert all(a >= 0 and b >= 0 and c <= drawing.width and d <= drawing.height for a, b, c, d in rectangles)


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_every_input_is_joined_to_its_reader_by_a_line_from_foot_to_head(boxes: list[Box]) -> None:
    drawing = draw(boxes)
    for one in boxes:
        left, top, right, _ = rectangle(drawing, one.name)
        for name in one.inputs:
            line, source = drawing.lines[name], rectangle(drawing, name)
            ends = [head for head in line.heads if abs(head[1] - top) <= 1 and left <= head[0] <= right]
            assert ends, f"no line of {name} ends at {one.name}"
            way = upwards(line.strokes, ends[0])
            assert any(abs(y - source[3]) <= 1 and source[0] <= x <= source[2] for x, y in way)


def upwards(strokes: tuple[tuple[Point, ...], ...], end: Point) -> set[Point]:
    """The points that can be reached from an end, against the strokes, each of which begins where another ends."""
    found = {end}
    while more := {stroke[0] for stroke in strokes if stroke[-1] in found} - found:
        found |= more
    return found


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_every_box_stands_in_a_later_row_than_its_inputs_and_no_earlier_stage_comes_later(boxes: list[Box]) -> None:
    row = {name: spot.row for name, spot in draw(boxes).spots.items()}
    assert all(row[name] < row[one.name] for one in boxes for name in one.inputs)
    for one, other in combinations(boxes, 2):
        if one.stage < other.stage:
            assert row[one.name] < row[other.name]


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_frames_hold_the_boxes_of_their_stage_and_no_others(boxes: list[Box]) -> None:
    drawing = draw(boxes)
    staged = any(one.stage for one in boxes)
    assert bool(drawing.frames) == staged
    for one in boxes if staged else ():
        around = [frame.stage for frame in drawing.frames if inside(frame, rectangle(drawing, one.name))]
        assert around == ([] if one.before else [one.stage])
    for stage in {frame.stage for frame in drawing.frames}:
        assert sum(frame.first for frame in drawing.frames if frame.stage == stage) == 1


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_equal_graphs_give_equal_drawings(boxes: list[Box]) -> None:
    assert draw(boxes) == draw(list(boxes))


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_crossings_are_counted_as_by_hand_and_untangling_never_adds_any(boxes: list[Box]) -> None:
    rows = in_rows(boxes)
    assert crossings(rows, rows.rows) == by_hand(rows, rows.rows)
    better = untangle(rows)
    assert [sorted(row) for row in better] == [sorted(row) for row in rows.rows]
    assert by_hand(rows, better) <= by_hand(rows, rows.rows)


def by_hand(rows: Rows, order: list[list[int]]) -> int:
    count = 0
    for upper, lower in pairwise(order):
        lines = [(upper.index(one), lower.index(other)) for one in upper for other in rows.below[one]]
        count += sum((a - c) * (b - d) < 0 for (a, b), (c, d) in combinations(lines, 2))
    return count


def test_two_chains_that_were_given_crossed_are_drawn_side_by_side() -> None:
    boxes = [box("a"), box("b"), box("b1", "b"), box("a1", "a"), box("a2", "a1"), box("b2", "b1"), box("end", "b2", "a2")]
    rows = in_rows(boxes)
    assert crossings(rows, untangle(rows)) == 0


def test_a_chain_is_drawn_on_one_straight_line() -> None:
    assert len({spot.x for spot in draw(chain(10)).spots.values()}) == 1


def test_the_main_way_stays_straight_beside_a_line_that_skips_it() -> None:
    boxes = [box("in"), box("a", "in"), box("b", "a", width=180), box("add", "b", "in"), box("out", "add")]
    drawing = draw(boxes)
    assert len({drawing.spots[name].x for name in ("in", "a", "b", "add", "out")}) == 1
    skipping = [x for stroke in drawing.lines["in"].strokes for x, _ in stroke]
    assert max(abs(x - drawing.spots["b"].x) for x in skipping) > 90


def test_what_reads_nothing_stands_just_above_what_reads_it() -> None:
    spots = draw([*chain(6), box("label"), box("loss", "n5", "label")]).spots
    assert spots["label"].row == spots["loss"].row - 1 == 5


def test_a_long_net_is_folded_into_columns_that_fill_a_page() -> None:
    drawing = draw(chain(200))
    columns = sorted({spot.x for spot in drawing.spots.values()})
    assert len(columns) > 5
    assert 0.7 < drawing.width / drawing.height < 3
    in_order = [drawing.spots[f"n{place}"] for place in range(200)]
    assert all(other.x > one.x or other.y > one.y for one, other in pairwise(in_order))


def test_a_short_net_is_not_folded() -> None:
    assert len({spot.x for spot in draw(chain(9)).spots.values()}) == 1


def test_columns_end_where_stages_do_if_they_can() -> None:
    boxes = chain(24)
    staged = [box(one.name, *one.inputs, stage=place // 12) for place, one in enumerate(boxes)]
    drawing = draw(staged)
    assert [(frame.stage, frame.first) for frame in drawing.frames] == [(0, True), (1, True)]


def test_many_lines_from_one_box_share_their_way() -> None:
    boxes = [*chain(60), box("label")]
    boxes += [box(f"loss{place}", f"n{place}", "label") for place in range(0, 60, 2)]
    rows = in_rows([one if one.name != "n0" else box("n0", "label") for one in boxes])
    assert len(rows.origin) < len(boxes) + 70


@pytest.mark.parametrize("count", [0, 1])
def test_few_boxes_are_drawn_too(count: int) -> None:
    drawing = draw(chain(count))
    assert len(drawing.spots) == count and not drawing.lines


def test_generations_are_the_lengths_of_the_longest_ways() -> None:
    needs = {"d": ["b", "c"], "a": [], "b": ["a"], "c": [], "e": ["d", "a"]}
    assert generations(needs) == (("a", "c"), ("b",), ("d",), ("e",))


def test_a_thousand_layers_with_a_line_that_passes_all_of_them_are_laid_out() -> None:
    boxes = [*chain(1000), box("loss", "n999", "n0")]
    drawing = draw(boxes)
    assert len(drawing.spots) == 1001
    assert len(drawing.lines["n0"].strokes) > 1000
