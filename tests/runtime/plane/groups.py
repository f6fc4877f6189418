"""Groups with processes and parameters, for tests of their lanes."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from hypothesis import strategies as st

from singalang_compiler.plan_group import BufferRecord, GroupRecord, ReceiveStep, RoleRecord, Segment, SendStep, WorkerStep
from singalang_runtime.protocol.exchanges import Act, server_acts, worker_acts
from singalang_runtime.protocol.group import GroupView, server_name, worker_name
from tests.runtime.protocol.small import LENGTH, Small

STATE = 3
"""Elements of the layers' state of every worker."""


@st.composite
def smalls(draw: st.DrawFn) -> Small:
    """Small groups of every sort."""
    stages, width = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shards = draw(st.sampled_from((0, width, 2 * width))) if stages == 1 else 0
    tied = draw(st.booleans())
    return Small(
        workers=stages * width,
        stages=stages,
        micro_batches=shards // width if shards else draw(st.integers(1, 5)),
        servers=draw(st.integers(1, 4)),
        gather=not shards and draw(st.booleans()),
        clip=draw(st.booleans()),
        shards=shards,
        tied=tied,
        deaf=stages > 1 and not tied and draw(st.booleans()),
    )


def placed(small: Small, apart: bool) -> GroupRecord:
    """A small group whose workers hold their parameters in two buffers, each worker in a process of its own; its servers have
    processes of their own, or live with the workers, several with one if need be."""
    group = small.group()
    homes = {server_name(one): server_name(one) if apart else worker_name(one % small.workers) for one in range(small.servers)}
    return msgspec.structs.replace(
        group,
        roles=tuple(_holding(small, group, role) for role in group.roles),
        processes={worker_name(one): worker_name(one) for one in range(small.workers)} | homes,
    )


def _holding(small: Small, group: GroupRecord, role: RoleRecord) -> RoleRecord:
    own = [one for one in group.stored if role.stage in one.stages]
    buffers = []
    for number, some in enumerate((own[:1], own[1:])):
        sizes = [LENGTH if one.axis is None else LENGTH // small.width for one in some]
        segments = [Segment(name=one.name, offset=sum(sizes[:place]), size=sizes[place]) for place, one in enumerate(some)]
        if some:
            buffers.append(BufferRecord(name=f"parameters/{number}", size=sum(sizes), segments=tuple(segments)))
    state = BufferRecord(name="state/n", size=STATE, segments=(Segment(name="n", offset=0, size=STATE),))
    names = tuple(buffer.name for buffer in buffers)
    return msgspec.structs.replace(role, parameters=tuple(buffers), trained=names, state=(state,))


def with_programs(group: GroupRecord, *programs: tuple[WorkerStep, ...]) -> GroupRecord:
    """The group with other programs of a step, by role, and without servers."""
    roles = [msgspec.structs.replace(role, step=step) for role, step in zip(group.roles, programs, strict=True)]
    workers = {role: process for role, process in group.processes.items() if role.startswith("worker-")}
    return msgspec.structs.replace(group, roles=tuple(roles), servers=(), processes=workers)


def sends(*micros: int) -> Iterator[WorkerStep]:
    """Gives micro-batches of the first stage's result."""
    return (SendStep(connection="send0", micro=micro) for micro in micros)


def receives(*micros: int) -> Iterator[WorkerStep]:
    """Takes micro-batches of the first stage's result."""
    return (ReceiveStep(connection="send0", micro=micro) for micro in micros)


def programs(view: GroupView, phase: str) -> dict[str, tuple[Act, ...]]:
    """What every role does in a step or a batch."""
    workers = {worker_name(one): worker_acts(view, one, phase) for one in range(view.group.workers)}
    servers = {server_name(one): server_acts(view, one) for one in view.active_servers} if phase == "train" else {}
    return workers | servers
