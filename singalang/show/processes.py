"""Who holds and does what: processes in lanes with their memory, the slices of the servers, what moves between them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import msgspec

from singalang import words
from singalang.show.bars import Part, columns, legend, stacked
from singalang.show.details import Details
from singalang.show.markup import Markup, element, joined
from singalang.show.net import Net
from singalang.show.tables import chooser, table
from singalang_compiler.plan_group import GroupRecord, MemoryRecord, ServerRecord, SliceSegment

_FEW_SERVERS = 24
_TOLD_SEGMENTS = 200
_TOLD_SERVERS = 64


class Lane(msgspec.Struct, frozen=True):
    """Processes that do the same: `first` stands for them. Numbers are those of their workers and servers."""

    first: str
    count: int
    stage: int | None
    workers: tuple[int, ...]
    servers: tuple[int, ...]
    does: str
    memory: tuple[Part, ...]


def processes(net: Net, details: dict[str, Details]) -> Markup:
    """The part of the page on processes; adds to `details`."""
    lanes = _group_lanes(net, net.group) if net.group else _whole_lanes(net)
    for lane in lanes:
        details[net.name("process", lane.first)] = _lane_details(net, lane)
    parts = [_lanes(net, lanes)]
    if net.group:
        parts += [_slices(net, net.group, details), _links(net, net.group)]
    return joined(parts)


def _whole_lanes(net: Net) -> list[Lane]:
    estimate = net.plan.estimate
    known = (
        Part(0, "parameters", estimate.parameter_bytes),
        Part(1, "gradients", estimate.gradient_bytes),
        Part(2, "updater state", estimate.slot_bytes),
        Part(3, "kept for the backward pass", estimate.residual_bytes),
    )
    lanes = []
    for process in net.plan.processes:
        total = estimate.memory_bytes.get(process.name, 0)
        rest = Part(4, "batches and the rest", max(0, total - sum(part.size for part in known)))
        memory = (*known, rest) if total >= sum(part.size for part in known) else (Part(4, "in all", total),)
        lanes.append(Lane(process.name, 1, None, (), (), ", ".join(process.roles), memory))
    return lanes


def _group_lanes(net: Net, group: GroupRecord) -> list[Lane]:
    """Processes with the same role, servers alike, and the same memory, put together."""
    role_of = {worker: place for place, role in enumerate(group.roles) for worker in role.workers}
    held: dict[str, tuple[list[int], list[int]]] = {one.name: ([], []) for one in net.plan.processes}
    for member, process in group.processes.items():
        what, _, number = member.rpartition("-")
        held.setdefault(process, ([], []))[0 if what == "worker" else 1].append(int(number))
    memory = memory_by_process(group.memory, list(held))
    alike: dict[tuple[object, ...], list[str]] = {}
    for process, (workers, servers) in held.items():
        key = (tuple(role_of[worker] for worker in workers), bool(servers), memory.get(process))
        alike.setdefault(key, []).append(process)
    return [_lane(group, names, held, memory.get(names[0])) for names in alike.values()]


def memory_by_process(records: Sequence[MemoryRecord], names: Sequence[str]) -> dict[str, MemoryRecord]:
    """The memory of each process; a record that counts several speaks for those that follow the one it names."""
    place = {name: number for number, name in enumerate(names)}
    found: dict[str, MemoryRecord] = {}
    for record in records:
        first = place.get(record.process, 0)
        for name in names[first : first + record.count]:
            found.setdefault(name, record)
    return found


def _lane(group: GroupRecord, names: list[str], held: dict[str, tuple[list[int], list[int]]], memory: MemoryRecord | None) -> Lane:
    workers = tuple(sorted(number for name in names for number in held[name][0]))
    servers = tuple(sorted(number for name in names for number in held[name][1]))
    stage = group.role_of(workers[0]).stage if workers else None
    does = [words.workers(workers)] if workers else []
    if workers and group.stages > 1:
        does[0] += f", stage {stage}"
    if servers:
        does.append(f"server{'s' if len(servers) > 1 else ''} {words.ranges(servers)}")
    if not does:
        does = ["coordinator"]
    return Lane(names[0], len(names), stage, workers, servers, " and ".join(does), _parts(memory))


def _parts(memory: MemoryRecord | None) -> tuple[Part, ...]:
    if memory is None:
        return ()
    return (
        Part(0, "parameters", memory.parameters),
        Part(1, "gradients", memory.gradients),
        Part(2, "slices, updater state", memory.server),
        Part(3, "values and what is kept", memory.arrays),
        Part(4, "temporary", memory.temporary),
        Part(5, "shared with others", memory.lanes),
    )


def _lanes(net: Net, lanes: Sequence[Lane]) -> Markup:
    most = max((sum(part.size for part in lane.memory) for lane in lanes), default=0) or 1
    longest = max(lanes, key=lambda lane: len(lane.memory)).memory if lanes else ()
    rows = joined(_lane_row(net, lane, most) for lane in lanes)
    note = "Memory is the predicted peak: what is held at the moment of a step when most is." if longest else ""
    return joined((element("div", rows, class_="lanes"), legend(longest), element("p", note, class_="note")))


def _lane_row(net: Net, lane: Lane, most: int) -> Markup:
    many = element("span", f" and {lane.count - 1:,} more", class_="many") if lane.count > 1 else None
    name = element("div", chooser(net.name("process", lane.first), lane.first), many, class_="lane-name")
    total = sum(part.size for part in lane.memory)
    each = " each" if lane.count > 1 else ""
    memory = element("div", stacked(lane.memory, most), element("span", words.bytes_(total) + each), class_="lane-memory")
    if not total:
        memory = element("div", "memory not predicted", class_="lane-memory note")
    stage = f" lane-{lane.stage % 6}" if lane.stage is not None else " lane-none"
    return element("div", name, element("div", lane.does, class_="lane-does"), memory, class_=f"lane{stage}")


def _lane_details(net: Net, lane: Lane) -> Details:
    told = Details(lane.first, "process" if lane.count == 1 else f"{lane.count:,} processes that do the same")
    told.fact("does", lane.does)
    for part in lane.memory:
        told.fact(part.label, words.bytes_(part.size) if part.size else None)
    total = sum(part.size for part in lane.memory)
    told.fact("memory in all", words.bytes_(total) if total else None)
    names = [f"server-{number}" for number in lane.servers[:_TOLD_SERVERS]]
    told.link(
        "servers" if len(names) == len(lane.servers) else "servers, the first", ((net.name("server", name), name) for name in names)
    )
    return told


def slice_sizes(group: GroupRecord) -> list[int]:
    """Elements in the slice of each server, what lies at its worker's home included."""
    per_stage = group.workers // group.stages
    home = [sum(one.at_home for one in group.stored if stage in one.stages) for stage in range(group.stages)]

    def at_home(server: ServerRecord) -> int:
        what, _, number = server.process.rpartition("-")
        return home[int(number) // per_stage] if what == "worker" and number.isdigit() else 0

    return [sum(one.size for one in server.segments) + at_home(server) for server in group.servers]


def _slices(net: Net, group: GroupRecord, details: dict[str, Details]) -> Markup:
    sizes = slice_sizes(group)
    for server, size in zip(group.servers, sizes, strict=True):
        details[net.name("server", server.name)] = _server_details(group, server, size)
    most, mean = max(sizes, default=0), sum(sizes) / max(1, len(sizes))
    over = f", the largest {100 * (most / mean - 1):.1f} % over the mean" if mean and len(sizes) > 1 else ""
    told = f"{words.count(len(sizes), 'slice')} of {words.short(mean)} numbers{' on average' if over else ''}{over}."
    heading = (element("h4", "Slices of the parameters on the servers"), element("p", told, class_="note"))
    if len(sizes) > _FEW_SERVERS:
        return joined((*heading, columns(sizes, told)))
    rows = (_slice_row(net, server, size, most or 1) for server, size in zip(group.servers, sizes, strict=True))
    return joined((*heading, element("div", joined(rows), class_="lanes")))


def _slice_row(net: Net, server: ServerRecord, size: int, most: int) -> Markup:
    bar = element("div", element("span", class_="part part-2", style=f"width:{100 * size / most:.3f}%"), class_="bar")
    name = element("div", chooser(net.name("server", server.name), server.name), class_="lane-name")
    lives = element("div", f"in {server.process}", class_="lane-does")
    return element(
        "div", name, lives, element("div", bar, element("span", f"{size:,}"), class_="lane-memory"), class_="lane lane-none"
    )


def _server_details(group: GroupRecord, server: ServerRecord, size: int) -> Details:
    told = Details(server.name, "server")
    told.fact("lives in", server.process)
    told.fact("its slice", f"{size:,} numbers")
    told.fact("its buffers", f"{server.size:,} numbers each, as long as the longest slice")
    segments = group.segments_of(server) if len(group.servers) * len(group.stored) < 20_000 else server.segments
    told.listed("holds", (_segment(one) for one in segments[:_TOLD_SEGMENTS]))
    if len(segments) > _TOLD_SEGMENTS:
        told.fact("and", f"{len(segments) - _TOLD_SEGMENTS:,} more segments")
    return told


def _segment(one: SliceSegment) -> str:
    piece = "" if one.position is None else f"[{one.position}]"
    return f"{one.parameter}{piece}: {one.offset:,} to {one.offset + one.size:,}"


_LINKS = {
    "connections": "values and their gradients, between workers",
    "gradients": "gradients, from workers to servers",
    "values": "new parameters, from servers to workers",
    "norms": "square sums, between servers",
}


def _links(net: Net, group: GroupRecord) -> Markup:
    most = max((link.step_bytes for link in group.links), default=0) or 1
    rows = []
    for link in group.links:
        bar = element(
            "div", element("span", class_="part part-5", style=f"width:{100 * link.step_bytes / most:.3f}%"), class_="bar"
        )
        memory = element("div", bar, element("span", words.bytes_(link.step_bytes)), class_="lane-memory")
        does = element("div", _LINKS[link.what], class_="lane-does")
        rows.append(element("div", element("div", link.what, class_="lane-name"), does, memory, class_="lane lane-none"))
    heading = element("h4", "What moves between processes in a step")
    return joined((heading, element("div", joined(rows), class_="lanes"), _connections(net)))


def _connections(net: Net) -> Markup | None:
    if not net.connections:
        return None
    rows = [
        (
            chooser(net.name("connection", one.name), one.name),
            words.CONNECTIONS[one.kind],
            f"{one.source} to {one.target}" + (f", stage {one.source_stage} to {one.target_stage}" if net.stages > 1 else ""),
            words.shape(one.extent.record),
            words.bytes_(one.step_bytes),
        )
        for one in net.connections
    ]
    heading = element("h4", "Connections that the compiler put in")
    return joined((heading, table("connections", ("connection", "kind", "moves", "one record", "a step"), rows, numbers=(4,))))


def stored_words(net: Net) -> dict[str, str]:
    """By parameter how it is kept."""
    if net.group is None:
        return {}
    return {
        one.name: "whole"
        if one.axis is None
        else f"cut along axis {one.axis}, {prod(one.shape) // len(net.stage_workers(one.stages[0])):,} each"
        for one in net.group.stored
    }
