"""What processes touch of the memory that they share, against lanes and blocks counted one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from singalang_compiler.lower.lower import LowerRequest, lower
from singalang_compiler.place.shared_memory import PAGE_BYTES
from singalang_compiler.plan_group import GroupRecord
from singalang_runtime.group.parameter_blocks import ParameterBlocks, size_bytes
from singalang_runtime.plane.layout import LanesLayout
from singalang_runtime.protocol.group import GroupView
from singalang_runtime.protocol.steps import Message
from tests.programs import compiled

PROGRAM = """
data d {{ x: f32[12], y: class(4), train = csv("a.csv", batch = 16) }}
net n {{
  h = d.x -> fc1: dense(8) -> act: relu -> fc2: dense(4)
  loss = (h, d.y) -> softmax_loss
}}
updater sgd {{ lr = 0.1, momentum = 0.9 }}
train {{ steps = 1 }}
topology t {{ {} }}
"""
TOPOLOGIES = {
    "inside": "preset = allreduce, workers = groups(1, size = 2)",
    "apart": "workers = groups(1, size = 2), servers = groups(1, size = 2), separate = true",
    "one server": "workers = groups(1, size = 4), servers = groups(1, size = 1)",
    "cut": "preset = allreduce, workers = groups(1, size = 2), partition = feature",
    "mixed": "preset = allreduce, workers = groups(1, size = 4), partition = batch, on fc1 { partition = feature }",
    "stages": "preset = allreduce, workers = groups(1, size = 2), micro_batches = 4, "
    "on fc1, act { stage = 0 }, on fc2, loss { stage = 1 }",
    "exact": "preset = allreduce, workers = groups(1, size = 2), sync { exact = true, shards = 4 }",
}


def group_of(topology: str) -> tuple[GroupRecord, dict[str, int]]:
    """The group of the program, and what its processes share as it is predicted before there are kernels."""
    placed = compiled(PROGRAM.format(topology), topology="t")
    assert placed.value is not None, placed.diagnostics
    made = lower(placed.value, LowerRequest())
    assert made.value is not None
    group = made.value.plan.sections[0].group
    assert group is not None
    memory = placed.value.sections[0].memory
    return group, {process: one.lanes for one in memory for process in (one.process, *one.others)}


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_lanes_and_blocks_are_those_of_the_processes(name: str) -> None:
    group, predicted = group_of(TOPOLOGIES[name])
    view, dtype = GroupView(group), np.dtype(np.float32)
    layout = LanesLayout(view, dtype)
    touched: Counter[str] = Counter()
    for key, way in layout.ways.items():
        if not way.within and isinstance(key, Message) and key.phase == "train" and key.what in ("block", "gradient"):
            for role in (key.sender, key.receiver):
                touched[group.processes[role]] += way.ring.slots * sum(part.size_bytes for part in way.ring.parts)
    for process, written in _written_for_others(group, view, dtype).items():
        touched[process] += written
    assert predicted.keys() == {*group.processes.values()}
    assert predicted == {process: -(-touched[process] // PAGE_BYTES) * PAGE_BYTES for process in predicted}


def test_what_a_server_keeps_for_sums_and_a_worker_for_clearing_counts_too() -> None:
    group, predicted = group_of(TOPOLOGIES["inside"])
    (record,) = group.memory
    assert record.lanes == predicted["worker-0"] + (0 if record.gradients == 0 else 4 * group.servers[0].size)
    group, predicted = group_of(TOPOLOGIES["stages"])
    kept = {one.process: one.lanes - predicted[one.process] for one in group.memory}
    assert kept["worker-0"] >= 4 * sum(buffer.size for buffer in group.role_of(0).parameters)


def _written_for_others(group: GroupRecord, view: GroupView, dtype: np.dtype[np.float32]) -> Counter[str]:
    """By process the bytes of parameters that its servers write and its workers do not read."""
    found: Counter[str] = Counter()
    for process in {*group.processes.values()}:
        size = size_bytes(group, dtype)
        room = np.zeros(size + 64, np.uint8)
        memory = room[-room.ctypes.data % 64 :][:size]
        blocks = ParameterBlocks(view, dtype, memory)
        for number, server in enumerate(group.servers):
            if group.processes[server.name] == process:
                blocks.writing(number)(np.ones(server.size, np.float32))
        for worker in range(group.workers):
            if group.processes[f"worker-{worker}"] == process:
                for array in blocks.of_worker(worker).values():
                    array[:] = 0
        found[process] = 4 * int(np.count_nonzero(memory.view(np.float32)))
    return found
