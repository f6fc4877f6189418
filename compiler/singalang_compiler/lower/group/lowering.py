"""A train section that a group does together, to its record in the plan: roles and their kernels, connections, servers."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import structs

from singalang_compiler.lower.exporting import Kernels
from singalang_compiler.lower.group.holding import stored_states
from singalang_compiler.lower.group.memory import memory_of
from singalang_compiler.lower.group.roles import role_record
from singalang_compiler.lower.group.server import Slice, server_calls, with_scales
from singalang_compiler.lower.section import Section
from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import Connection, CutNet, CutSection
from singalang_compiler.place.estimate import Calls, estimated, setting_of, share_of, times_of
from singalang_compiler.place.links import connection_bytes
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.plan_group import ConnectionRecord, GroupRecord
from singalang_compiler.work import Price


def group_record(section: Section, placed: PlacedSection, kernels: Kernels, machine: Machine) -> GroupRecord:
    """Makes the kernels of a section's workers and servers and adds them to `kernels`."""
    cut = placed.cut
    net = cut.nets["train"]
    slices = [placed.segments_of(server) for server in placed.servers]
    setting = setting_of(placed, machine, frozenset(section.trained), len(section.slots), 8 if section.double else 4)
    price = Price(machine, share_of(placed, setting))
    group = GroupRecord(
        workers=net.workers * net.stages,
        stages=net.stages,
        micro_batches=net.micro_batches,
        shards=net.shards,
        rows=net.rows,
        evaluate_rows={phase: sum(other.rows) for phase, other in cut.nets.items() if phase != "train"},
        stored=tuple(with_scales(one, section) for one in placed.stored),
        states=stored_states(section, cut),
        connections=tuple(_connections(section, cut)),
        roles=tuple(role_record(section, cut, role, kernels, price) for role in placed.roles),
        servers=placed.servers,
        server_step=placed.server_step,
        server_calls=server_calls(Slice.of(section, placed.servers[0].size, slices), kernels, price),
        slots=tuple(section.slots),
        processes=dict(placed.processes),
        links=placed.links,
        memory=placed.memory,
        step_s=placed.step_s,
    )
    found = estimated(placed, setting, _seconds(group))
    return structs.replace(
        group,
        memory=memory_of(group, kernels.records, section.double),
        times=tuple(times_of(placed, found)),
        step_s=found.step_s,
    )


def _seconds(group: GroupRecord) -> Calls:
    """What calls take; of a stage's roles those with most rows."""
    roles = sorted(group.roles, key=lambda role: role.rows)
    workers = {(role.stage, name): call.compute_s for role in roles for name, call in role.calls.items()}
    return Calls(workers, {name: call.compute_s for name, call in group.server_calls.items()})


def _connections(section: Section, cut: CutSection) -> Iterator[ConnectionRecord]:
    """The connections of all phases."""
    for net in cut.nets.values():
        for one in net.connections:
            yield _connection(section, net, one)


def _connection(section: Section, net: CutNet, one: Connection) -> ConnectionRecord:
    return ConnectionRecord(
        name=one.name,
        kind=one.kind,
        phase=net.phase,
        value=one.value,
        source=one.source,
        target=one.target,
        source_stage=one.source_stage,
        target_stage=one.target_stage,
        extent=one.extent.compact,
        dtype="int32" if one.dtype == "i32" else section.dtype,
        returns=one.returns,
        consumers=one.consumers,
        step_bytes=connection_bytes(one, net.micro_batches, 8 if section.double else 4),
    )
