"""The peak memory of processes, counted by hand for small groups, and held against a count of our own along whole programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

import numpy as np
import pytest
from msgspec import structs

from singalang_compiler.lower.group.memory import memory_of
from singalang_compiler.plan import Argument, KernelRecord, Plan
from singalang_compiler.plan_group import (
    ArrayRecord,
    BufferRecord,
    CallRecord,
    CollectStep,
    FeedStep,
    GroupRecord,
    PublishStep,
    PullStep,
    PushStep,
    RoleRecord,
    RunStep,
    Segment,
    ServerRecord,
    SliceSegment,
    StoredRecord,
)
from tests.programs import compiled, net

STEP = CallRecord(
    kernel="k",
    inputs=("parameters/small", "d.x@batch", "metrics", "position"),
    outputs=("gradients/small", "metrics"),
    flops=0,
    temporary_bytes=500,
    compute_s=0.0,
)
UPDATE = CallRecord(
    kernel="u", inputs=("value", "slots/mean", "gradient", "step"), outputs=("value", "slots/mean"), flops=0, temporary_bytes=7,
    compute_s=0.0,
)  # fmt: skip


def argument(size: int, donated: bool = False) -> Argument:
    """An argument or result of so many numbers of 32 bits."""
    return Argument(name="", dtype="float32", shape=(size,), donated=donated)


def kernel(inputs: tuple[Argument, ...], outputs: tuple[Argument, ...]) -> KernelRecord:
    """A kernel."""
    return KernelRecord(role="", inputs=inputs, outputs=outputs, flops=0, bytes=0)


KERNELS = {
    "k": kernel((argument(10), argument(40), argument(2, donated=True), argument(1)), (argument(10), argument(2))),
    "u": kernel((argument(10, donated=True), argument(10, donated=True), argument(10), argument(1)), (argument(10), argument(10))),
}


def group(processes: Mapping[str, str], servers: int = 1, **changed: object) -> GroupRecord:
    """Two workers that share a batch, with servers that share 10 numbers."""
    size = 10 // servers
    role = RoleRecord(
        name="worker",
        stage=0,
        workers=(0, 1),
        rows=4,
        parameters=(
            BufferRecord(name="parameters/small", size=10, segments=(Segment(name="fc.weight", offset=0, size=10),)),
            BufferRecord(name="parameters/frozen", size=3, segments=(Segment(name="fc.bias", offset=0, size=3),)),
        ),
        trained=("parameters/small",),
        state=(BufferRecord(name="state/0", size=5, segments=()),),
        arrays=(
            ArrayRecord(name="d.x@batch", dtype="float32", shape=(4, 10)),
            ArrayRecord(name="gradients/small", dtype="float32", shape=(10,)),
            ArrayRecord(name="metrics", dtype="float32", shape=(1, 2)),
        ),
        calls={"step/0": STEP},
        step=(FeedStep(), RunStep(call="step/0"), PushStep(), PullStep()),
        evaluate={},
    )
    whole = GroupRecord(
        workers=2,
        stages=1,
        micro_batches=1,
        shards=0,
        rows=(4, 4),
        evaluate_rows={},
        stored=(StoredRecord(name="fc.weight", shape=(10,), axis=None, stages=(0,), reason="not-cut"),),
        connections=(),
        roles=(role,),
        servers=tuple(
            ServerRecord(
                name=f"server-{number}",
                process=processes[f"server-{number}"],
                segments=(SliceSegment(parameter="fc.weight", offset=number * size, size=size),),
                size=size,
            )
            for number in range(servers)
        ),
        server_step=(CollectStep(), RunStep(call="update"), PublishStep()),
        server_calls={"update": UPDATE},
        slots=("mean",),
        processes=dict(processes),
        links=(),
        memory=(),
        step_s=0.0,
    )
    return structs.replace(whole, **changed)


def test_a_worker_alone_holds_most_while_its_kernel_runs() -> None:
    apart = {"worker-0": "worker-0", "worker-1": "worker-1", "server-0": "server-0"}
    worker, server = memory_of(group(apart), KERNELS, double=False)
    assert (worker.process, worker.count) == ("worker-0", 2)
    assert (worker.parameters, worker.gradients, worker.server, worker.temporary) == (13 * 4, 10 * 4, 0, 500)
    assert worker.arrays == (5 + 2 + 40) * 4, "state, metrics, and the field"
    assert worker.total - worker.lanes == worker.parameters + worker.gradients + worker.arrays + worker.temporary
    assert (server.process, server.count) == ("server-0", 1)
    assert (server.server, server.temporary, server.total - server.lanes) == (30 * 4, 7, 30 * 4 + 7), "values, slot, gradients"


def test_a_server_works_while_the_worker_of_its_process_waits() -> None:
    inside = {"worker-0": "worker-0", "worker-1": "worker-1", "server-0": "worker-0"}
    both, worker = memory_of(group(inside), KERNELS, double=False)
    assert both.server == 20 * 4, "no gradients are collected while the worker's kernel runs"
    assert both.total - both.lanes == worker.total - worker.lanes + 20 * 4
    assert worker.server == 0


def test_a_busy_server_may_need_more_than_its_worker() -> None:
    inside = {"worker-0": "worker-0", "worker-1": "worker-1", "server-0": "worker-0"}
    busy = structs.replace(UPDATE, temporary_bytes=10_000)
    both, _ = memory_of(group(inside, server_calls={"update": busy}), KERNELS, double=False)
    assert (both.server, both.gradients, both.temporary) == (30 * 4, 0, 10_000)
    assert both.arrays == (5 + 2) * 4


def test_results_that_stand_beside_what_they_replace_count_twice() -> None:
    kept = kernel((argument(10), argument(40), argument(2), argument(1)), (argument(10), argument(2)))
    apart = {"worker-0": "worker-0", "worker-1": "worker-1", "server-0": "server-0"}
    before, after = (memory_of(group(apart), {**KERNELS, "k": one}, double=False)[0] for one in (KERNELS["k"], kept))
    assert after.total == before.total + 2 * 4


def test_processes_that_need_the_same_are_told_once() -> None:
    inside = {"worker-0": "worker-0", "worker-1": "worker-1", "server-0": "worker-0", "server-1": "worker-1"}
    (both,) = memory_of(group(inside, servers=2), KERNELS, double=False)
    assert (both.process, both.count) == ("worker-0", 2)


TOPOLOGIES = {
    "batch": "workers = groups(1, size = 2)\n partition = batch",
    "feature, apart": "workers = groups(1, size = 2)\n servers = groups(1, size = 2)\n separate = true\n partition = feature",
    "stages": "workers = groups(1, size = 2)\n micro_batches = 4\n on c, d, loss { stage = 1 }",
}
NET = """
  logits = digits.image -> flatten -> a: dense(32) -> b: relu -> c: dense(16) -> d: dense(10)
  loss = (logits, digits.label) -> softmax_loss
"""


@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_the_peak_is_the_most_of_what_is_counted_along_the_program(topology: str) -> None:
    outcome = compiled(f"{net(NET)}\ntopology t {{ {TOPOLOGIES[topology]} }}\n", "plan", topology="t", check=False)
    assert outcome.value is not None, outcome.diagnostics
    plan: Plan = outcome.value.plan
    found = plan.sections[0].group
    assert found is not None
    assert found.memory == memory_of(found, plan.kernels, double=False)
    told = {record.process: record for record in found.memory}
    assert sum(record.count for record in found.memory) == len(set(found.processes.values()))
    workers = [role for role in found.processes if role.startswith("worker") and found.processes[role] in told]
    for worker in workers:
        process = found.processes[worker]
        servers = [server for server in found.servers if server.process == process]
        if not servers:
            assert told[process].total - told[process].lanes == counted(found, plan, int(worker.removeprefix("worker-")))
        else:
            assert told[process].total - told[process].lanes >= counted(found, plan, int(worker.removeprefix("worker-")))


def counted(found: GroupRecord, plan: Plan, worker: int) -> int:
    """The most that a worker holds, read off its program backwards and forwards with sets of names."""
    role = found.role_of(worker)
    sizes = {one.name: prod(one.shape) * np.dtype(one.dtype).itemsize for one in role.arrays}
    always = 4 * sum(buffer.size for buffer in (*role.parameters, *role.state)) + max(_metrics_bytes(one) for one in found.roles)
    touched = [set(_touched(found, role, step)) for step in role.step]
    most = 0
    for place, step in enumerate(role.step):
        before = {key for one in touched[: place + 1] for key in one}
        after = {key for one in touched[place:] for key in one}
        held = sum(sizes[name] for name, _ in before & after if name != "metrics")
        most = max(most, held + (role.calls[step.call].temporary_bytes if isinstance(step, RunStep) else 0))
    return always + most


def _metrics_bytes(role: RoleRecord) -> int:
    return sum(prod(one.shape) * 4 for one in role.arrays if one.name == "metrics")


def _touched(found: GroupRecord, role: RoleRecord, step: object) -> Iterator[tuple[str, int]]:
    """Names and slots; in these programs no array is made anew in a slot while an old one is dead."""
    slots = {one.name: one.slots for one in role.arrays}
    micro = getattr(step, "micro", 0) or 0
    names: list[str] = []
    if isinstance(step, RunStep):
        names = [*role.calls[step.call].inputs, *role.calls[step.call].outputs]
    elif isinstance(step, FeedStep):
        names = [name for name in slots if name.startswith("digits.")]
    elif hasattr(step, "connection"):
        one = next(one for one in found.connections if one.name == step.connection and one.phase == "train")
        near, far = f"{one.value}@{one.source}", f"{one.value}@{one.target}"
        back = [f"gradient/{far}", f"gradient/{near}/{one.name}"]
        names = [name for name in (back if getattr(step, "back", False) else [near, far]) if name in slots]
    elif not isinstance(step, PullStep):
        names = [name for name in slots if name.startswith("gradients/")]
    yield from ((name, micro % slots[name]) for name in names if name in slots)


def test_a_record_says_what_it_is_the_sum_of() -> None:
    apart = {"worker-0": "worker-0", "worker-1": "worker-1", "server-0": "server-0"}
    for record in memory_of(group(apart), KERNELS, double=True):
        parts = record.parameters, record.gradients, record.server, record.arrays, record.temporary
        assert record.total == sum(parts) + record.lanes
