"""Why a parameter is kept as it is, on which servers, and what moves because of that."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from msgspec import structs

from singalang import words
from singalang.why.subject import Subject, because
from singalang.why.told import Fact, Told
from singalang_compiler.plan_group import ServerRecord, SliceSegment, StoredRecord, slice_of

_FEW = 4


def parameter_told(subject: Subject, name: str) -> Told:
    """Everything decided about a parameter."""
    one = subject.parameters[name]
    size = 8 if subject.section.precision == "f64" else 4
    return Told(
        title=f"{name}: a parameter, {words.shape(one.shape)}, {words.count(prod(one.shape), 'number')}, "
        f"{words.bytes_(size * prod(one.shape))}",
        facts=(
            ("used by", ", ".join(one.layers)),
            *(_kept(subject, name, size) if subject.group else (("kept", "whole by the one worker, which updates it too"),)),
            ("starts as", words.kind(one.init)),
            *_learns(subject, name),
        ),
        decisions=subject.decisions(f"{name}.stored"),
    )


def kept_text(subject: Subject, name: str) -> str:
    """How a parameter is kept."""
    stored = _stored(subject, name)
    holders = _holders(subject, stored)
    if stored.axis is None:
        return f"whole on {words.workers(holders)}"
    each = words.count(prod(stored.shape) // len(holders), "number")
    return f"cut along axis {stored.axis}, {each} each on {words.workers(holders)}"


def on_servers(subject: Subject, name: str) -> str:
    """The servers that have parts of a parameter, with the numbers that each has."""
    parts = list(_parts(subject, name))
    if len(parts) <= _FEW:
        return ", ".join(server + (f" ({size:,})" if len(parts) > 1 else "") for server, size in parts)
    return f"{len(parts)} servers, {parts[0][0]} to {parts[-1][0]}"


def moved_bytes(subject: Subject, name: str, element_bytes: int) -> tuple[int, int]:
    """Bytes of its gradients to servers of other processes in a step, and of its values back."""
    group = subject.group
    assert group is not None
    stored = _stored(subject, name)
    if not stored.lr_scale:
        return 0, 0
    holders = _holders(subject, stored)
    elements = 0
    for server in group.servers:
        home = group.processes[server.name]
        for segment in _segments(subject, stored, server):
            mine = holders if segment.position is None else holders[segment.position : segment.position + 1]
            elements += segment.size * sum(group.processes[f"worker-{worker}"] != home for worker in mine)
    pushes = group.shards // subject.per_stage if group.shards else 1
    return elements * element_bytes * pushes, elements * element_bytes


def _kept(subject: Subject, name: str, size: int) -> Iterator[Fact]:
    yield "kept", kept_text(subject, name)
    yield from because(subject.decision(f"{name}.stored"))
    yield "servers", on_servers(subject, name)
    gradients, values = moved_bytes(subject, name, size)
    text = f"{words.bytes_(gradients)} of gradients to servers, {words.bytes_(values)} of values back, between processes"
    yield "a step moves", text if gradients or values else "nothing between processes"


def _learns(subject: Subject, name: str) -> Iterator[Fact]:
    one = subject.parameters[name]
    rate, decay = subject.section.scales.get(name, (one.lr_scale, one.wd_scale))
    if not rate:
        yield "learns", "not at all: its learning rate is scaled to 0"
    elif rate != 1 or decay != 1:
        yield "learns", f"learning rate times {rate:g}, weight decay times {decay:g}"


def _stored(subject: Subject, name: str) -> StoredRecord:
    assert subject.group is not None
    return next(one for one in subject.group.stored if one.name == name)


def _holders(subject: Subject, stored: StoredRecord) -> list[int]:
    """The numbers of the workers that hold a parameter or a piece of it, in the order of pieces."""
    return [stage * subject.per_stage + position for stage in stored.stages for position in range(subject.per_stage)]


def _segments(subject: Subject, stored: StoredRecord, server: ServerRecord) -> tuple[SliceSegment, ...]:
    """What a server has of a parameter."""
    own = tuple(one for one in server.segments if one.parameter == stored.name)
    return slice_of(structs.replace(server, segments=own), (stored,), subject.per_stage)


def _parts(subject: Subject, name: str) -> Iterator[tuple[str, int]]:
    """Each server that has some of a parameter, and how many numbers."""
    assert subject.group is not None
    stored = _stored(subject, name)
    for server in subject.group.servers:
        size = sum(one.size for one in _segments(subject, stored, server))
        if size:
            yield server.name, size
