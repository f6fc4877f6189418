"""How the rows of a batch are shared among workers, micro-batches and shards."""

from __future__ import annotations

import pytest

from tests.compiler.partition.cutting import DATA, faults, net, section

CHAIN = "out = d.x -> a: dense(8) -> c: dense(4)"


@pytest.mark.parametrize(
    ("topology", "rows", "micro_batches"),
    [
        ("workers = groups(1, size = 2)", (12, 12), 1),
        ("workers = groups(1, size = 4), micro_batches = 3", (2, 2, 2, 2), 3),
        ("workers = groups(1, size = 4), on c { stage = 1 }", (12, 12), 1),
        ("workers = groups(1, size = 1), micro_batches = 4", (6,), 4),
        ("workers = groups(1, size = 2), sync { exact = true, shards = 4 }", (6, 6), 2),
        ("workers = groups(1, size = 1), sync { exact = true, shards = 4 }", (6,), 4),
        ("workers = groups(3, size = 2)", (12, 12), 1),
    ],
)
def test_workers_share_a_batch_evenly(topology: str, rows: tuple[int, ...], micro_batches: int) -> None:
    cut = net(CHAIN, topology)
    assert (cut.rows, cut.micro_batches) == (rows, micro_batches)
    assert cut.shards == (4 if "exact" in topology else 0)


def test_uneven_shares_are_as_they_are_written() -> None:
    written = DATA.replace("batch = 24", "batch = [16, 8]")
    assert section(CHAIN, "workers = groups(1, size = 2)", data=written).nets["train"].rows == (16, 8)
    halves = section(CHAIN, "workers = groups(1, size = 2), micro_batches = 4", data=written).nets["train"]
    assert (halves.rows, halves.micro_batches) == ((4, 2), 4)


@pytest.mark.parametrize(("size", "rows"), [(2, (5, 5)), (3, (4, 4, 4)), (4, (3, 3, 3, 3))])
def test_an_evaluation_is_filled_up_to_what_workers_share_evenly(size: int, rows: tuple[int, ...]) -> None:
    cut = net(CHAIN, f"workers = groups(1, size = {size})", "test")
    assert (cut.rows, cut.micro_batches, cut.shards) == (rows, 1, 0)


def test_nothing_need_be_shared_evenly_where_nothing_is_cut_by_batch() -> None:
    cut = net(CHAIN, "workers = groups(1, size = 5), partition = none")
    assert sum(cut.rows) == 24 and not cut.connections
    assert {node.cut.name for node in cut.nodes} == {"none"}


def workers(size: int) -> str:
    return f"workers = groups(1, size = {size})"


EXACT = "sync { exact = true, shards = 4 }"


@pytest.mark.parametrize(
    ("batch", "topology", "found"),
    [
        ("24", workers(2) + ", micro_batches = 5", [("E0510", "micro_batches = 5")]),
        ("24", workers(4) + ", micro_batches = 4", [("E0510", workers(4))]),
        ("24", workers(5), [("E0501", workers(5))]),
        ("10", workers(8) + ", on c { stage = 1 }", [("E0501", workers(8))]),
        ("24", workers(5) + ", partition = auto, on a { partition = batch }", [("E0501", workers(5))]),
        ("24", workers(5) + ", partition = none, on all dense { partition = batch }", [("E0501", workers(5))]),
        ("[9, 6]", workers(2) + ", micro_batches = 3", []),
        ("[9, 5]", workers(2) + ", micro_batches = 3", [("E0510", "micro_batches = 3")]),
        ("[9, 6]", workers(4) + ", on c { stage = 1 }", []),
        ("[9, 6]", workers(8) + ", on c { stage = 1 }", [("E0505", workers(8))]),
        ("[9, 6, 5]", workers(2), [("E0505", workers(2))]),
        ("24", workers(4) + ", sync { exact = true, shards = 16 }", [("E0510", "shards = 16")]),
        ("[16, 8]", workers(2) + ", sync { exact = true, shards = 2 }", [("E0506", 'train = csv("a.csv", batch = [16, 8])')]),
        ("24", workers(4) + ", micro_batches = 2, " + EXACT, [("E0506", "true")]),
        ("24", workers(4) + ", on c { stage = 1 }, " + EXACT, [("E0506", "true")]),
    ],
)
def test_a_batch_that_cannot_be_shared_is_told_once(batch: str, topology: str, found: list[tuple[str, str]]) -> None:
    assert faults(CHAIN, topology, data=DATA.replace("batch = 24", f"batch = {batch}")) == found
