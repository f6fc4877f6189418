"""How nets that are cut read, for `--emit partition`."""

from __future__ import annotations

import re

from singalang.emit import printed
from tests.compiler.partition.cutting import outcome, program
from tests.conftest import Golden

BODY = (
    "h = d.image -> conv1: conv(8, 3) -> relu1: relu -> norm: batchnorm -> flatten -> fc1: dense(32) -> relu2: relu\n"
    "out = h -> fc2: dense(4)\nm = (out, d.y) -> accuracy"
)


def without_costs(text: str) -> str:
    """The text without predicted times: these change with the cost model."""
    return re.sub(r"[-+.\de]+ ms", "_ ms", text)


def test_a_hybrid_net_in_two_stages_as_text(golden: Golden) -> None:
    topology = "workers = groups(1, size = 4), on fc1..relu2 { partition = feature }, on fc1..loss { stage = 1 }"
    found = outcome(program(BODY, f"{topology}, on relu1 {{ remat = true }}"))
    assert not found.diagnostics
    golden("compiler/partition/hybrid.txt", without_costs(printed(found.value)))


def test_local_statistics_and_micro_batches_as_text(golden: Golden) -> None:
    local = BODY.replace("batchnorm", "batchnorm(over = local)")
    found = outcome(program(local, "workers = groups(1, size = 2), micro_batches = 3, partition = auto"))
    assert not found.diagnostics
    golden("compiler/partition/automatic.txt", without_costs(printed(found.value)))


def test_what_is_not_cut_is_said_so() -> None:
    assert "one worker with one server does whole steps" in printed(outcome(program(BODY, "")).value)
    faulty = outcome(program(BODY, "workers = groups(1, size = 2), on loss { partition = feature }"))
    assert "by topology t: not cut" in printed(faulty.value)
