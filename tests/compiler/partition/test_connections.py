"""What moves: the table of SINGA's reference (section 12), and what it does not have: whole values, sums, stages."""

from __future__ import annotations

import pytest

from singalang_compiler.geometry import WHOLE, Extent
from tests.compiler.partition.cutting import moved, net

TWO = "workers = groups(1, size = 2)"


def between(first: str, last: str, source: str, target: str) -> list[tuple[str, str, str]]:
    """What moves from `a`, cut by `source`, to `b`, cut by `target`."""
    body = f"out = d.x -> a: {first} -> b: {last} -> c: dense(4)"
    cut = net(body, f"{TWO}, on a {{ partition = {source} }}, on b {{ partition = {target} }}, on c {{ partition = batch }}")
    return [one for one in moved(cut) if "(a)" in one[0]]


@pytest.mark.parametrize(
    ("source", "target", "reader", "inserted"),
    [
        ("batch", "batch", "relu", []),
        ("batch", "batch", "dense(6)", []),
        ("feature", "feature", "relu", []),
        ("batch", "feature", "relu", [("all_to_all(a)", "batch", "feature1")]),
        ("feature", "batch", "relu", [("all_to_all(a)", "feature1", "batch")]),
        ("feature", "batch", "dense(6)", [("all_to_all(a)", "feature1", "batch")]),
        ("batch", "feature", "dense(6)", [("all_gather(a)", "batch", "whole")]),
        ("feature", "feature", "dense(6)", [("all_gather(a)", "feature1", "whole")]),
    ],
)
def test_the_connections_of_singas_table(source: str, target: str, reader: str, inserted: list[tuple[str, str, str]]) -> None:
    assert between("dense(8)", reader, source, target) == inserted


@pytest.mark.parametrize("target", ["batch", "feature", "none"])
def test_what_every_worker_has_is_cut_where_it_is_read(target: str) -> None:
    assert between("dense(8)", "relu", "none", target) == []


@pytest.mark.parametrize(
    ("reader", "target", "inserted"),
    [
        ("relu", "batch", ("reduce_scatter(a)", "partial", "batch")),
        ("relu", "feature", ("reduce_scatter(a)", "partial", "feature1")),
        ("relu", "none", ("all_reduce(a)", "partial", "whole")),
        ("dense(6)", "feature", ("all_reduce(a)", "partial", "whole")),
    ],
)
def test_sums_are_added_up_as_they_are_wanted(reader: str, target: str, inserted: tuple[str, str, str]) -> None:
    """A dense layer without bias that follows a cut value is cheapest cut by its inputs: no value then moves before it."""
    body = f"out = d.x -> z: dense(64) -> a: dense(8, bias = none) -> b: {reader} -> c: dense(4)"
    rules = f"on z, a {{ partition = feature }}, on b {{ partition = {target} }}"
    cut = net(body, f"{TWO}, {rules}")
    assert cut.node("a").cut.label == "feature (partial sums)"
    assert moved(cut)[0] == inserted


def test_a_value_moves_once_for_all_who_read_it_alike() -> None:
    body = "a = d.x -> dense(8)\nout = (a -> p: relu, a -> q: tanh) -> s: add -> dense(4)"
    cut = net(body, f"{TWO}, on p, q, s {{ partition = feature }}")
    assert moved(cut) == [("all_to_all(a)", "batch", "feature1"), ("all_to_all(s)", "feature1", "batch")]
    assert cut.connection("all_to_all(a)").consumers == ("p", "q")


def test_where_all_of_a_value_comes_others_take_their_part_of_it() -> None:
    body = "a = d.x -> dense(8)\nout = (a -> p: dense(8), a -> q: tanh) -> s: add -> dense(4)"
    cut = net(body, f"{TWO}, on p, q, s {{ partition = feature }}")
    assert moved(cut)[0] == ("all_gather(a)", "batch", "whole")
    read = cut.node("q").inputs[0]
    assert (read.view.name, str(read.wanted)) == ("a@whole", "feature1")
    assert cut.connection("all_gather(a)").consumers == ("p", "q")


def test_names_are_told_apart_only_where_they_would_be_alike() -> None:
    body = "a = d.x -> dense(8)\nb = a -> b: relu\nout = (a -> p: relu, b) -> c: add -> dense(4)"
    cut = net(body, "workers = groups(1, size = 3), on b { stage = 1 }, on c { stage = 2 }")
    assert moved(cut) == [("send(a)", "batch", "batch"), ("send(b)", "batch", "batch"), ("send(p)", "batch", "batch")]
    body = "a = d.x -> dense(8)\nb = a -> b: relu\nout = (a, b) -> c: add -> dense(4)"
    cut = net(body, "workers = groups(1, size = 3), on b { stage = 1 }, on c { stage = 2 }")
    assert [one[0] for one in moved(cut)] == ["send(a)", "send(a)@2.batch", "send(b)"]
    assert [(one.source_stage, one.target_stage) for one in cut.connections] == [(0, 1), (0, 2), (1, 2)]


def test_between_stages_values_are_sent_whatever_their_distribution() -> None:
    body = "a = d.x -> dense(8)\nout = a -> b: dense(8) -> c: dense(4)"
    four = "workers = groups(1, size = 4), on b { stage = 1, partition = feature }"
    cut = net(body, f"{four}, on a {{ partition = feature }}")
    assert moved(cut) == [("send(a)", "feature1", "whole"), ("all_to_all(b)", "feature1", "batch")]
    cut = net(body, f"{four}, on a {{ partition = none }}")
    assert moved(cut) == [("send(a)", "whole", "whole"), ("all_to_all(b)", "feature1", "batch")]


def test_a_later_stage_cuts_what_it_is_sent_whole() -> None:
    body = "a = d.x -> dense(8)\nout = (a -> p: dense(8), a -> q: tanh) -> s: add -> dense(4)"
    cut = net(body, "workers = groups(1, size = 4), on p, q { stage = 1 }, on p, s { partition = feature }")
    assert moved(cut)[0] == ("send(a)", "batch", "whole")
    assert (cut.node("q").inputs[0].view.distribution, str(cut.node("q").inputs[0].wanted)) == (WHOLE, "batch")


def test_one_worker_in_a_stage_needs_nothing_of_others() -> None:
    body = "out = d.x -> a: dense(8) -> b: relu -> c: dense(4)"
    cut = net(body, f"{TWO}, on c {{ stage = 1 }}, on all {{ partition = feature }}")
    assert moved(cut) == [("send(b)", "batch", "batch")]
    assert {node.cut.name for node in cut.nodes} == {"batch"}


def test_fields_are_fed_and_never_moved() -> None:
    body = "out = d.x -> a: dense(8) -> b: dense(4)"
    cut = net(body, "workers = groups(1, size = 4), on a { partition = feature }, on b { stage = 1 }")
    assert [[field.name for field in piece.fields] for piece in cut.pieces] == [["d.x@whole"], ["d.y@batch"]]


def test_images_lie_channels_last_and_are_cut_along_their_last_axis() -> None:
    body = "out = d.image -> a: conv(8, 3) -> b: relu -> c: maxpool(2) -> f: flatten -> dense(4)"
    cut = net(body, f"{TWO}, on a..c {{ partition = feature }}")
    assert [(cut.node(name).channels_last, cut.node(name).record) for name in "abcf"] == [
        (True, (4, 4, 8)),
        (True, (4, 4, 8)),
        (True, (2, 2, 8)),
        (False, (32,)),
    ]
    assert moved(cut) == [("all_to_all(c)", "feature3", "batch")]
    assert cut.connections[0].extent == Extent(rows=(12, 12), record=(2, 2, 8)) and cut.connections[0].channels_last


def test_a_layer_that_takes_images_as_declared_reads_their_first_axis_as_they_lie() -> None:
    body = "out = d.image -> a: conv(8, 3) -> f: flatten -> dense(4)"
    cut = net(body, f"{TWO}, on f {{ partition = feature }}")
    assert moved(cut)[0] == ("all_to_all(a)", "batch", "feature3")
    assert str(cut.node("f").output) == "feature1"
