"""What the record of a group says of all its roles together: kernels and fields. Knows no kernel's content and no array."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from singalang_compiler.plan_group import CallRecord, GroupRecord
from singalang_runtime.protocol.group import GroupView


def calls_of(group: GroupRecord) -> Iterator[CallRecord]:
    """The calls of all workers and servers."""
    for role in group.roles:
        yield from role.calls.values()
    yield from group.server_calls.values()


def calls_of_roles(view: GroupView, roles: Iterable[str]) -> Iterator[CallRecord]:
    """The calls of these workers and servers, named as in messages."""
    for role in roles:
        worker = role.startswith("worker-")
        calls = view.role_of(int(role.removeprefix("worker-"))).calls if worker else view.group.server_calls
        yield from calls.values()


def group_kernels(group: GroupRecord) -> tuple[str, ...]:
    """Keys of the kernels that the workers and servers of a group run."""
    return tuple(dict.fromkeys(call.kernel for call in calls_of(group)))


def memory_bytes(group: GroupRecord) -> int:
    """Predicted peak memory of all processes together, where one does the work of all."""
    return sum((one.total - one.lanes) * one.count for one in group.memory)


def group_fields(group: GroupRecord, known: Collection[str]) -> tuple[str, ...]:
    """Those of the known fields that are read, as `data.field`: their arrays are views, `data.field@batch`."""
    names = (name.rpartition("@")[0] for call in calls_of(group) for name in call.inputs)
    return tuple(dict.fromkeys(name for name in names if name in known))


def phase_of(call: str) -> str:
    """The phase that a worker's call belongs to: those of evaluations are called `evaluate/<phase>/<level>`."""
    first, *rest = call.split("/")
    return rest[0] if first == "evaluate" else "train"
