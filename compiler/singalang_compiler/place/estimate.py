"""How long a step of a group takes, with all that goes on at the same time: the seconds of calls and messages, put to the clock.

Knows what layer kinds say of their work, and no kernel; lowering may give it what it knows better of calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import fsum, prod
from typing import NamedTuple

from msgspec import structs

from singalang_compiler.cost import work_s
from singalang_compiler.machine import Machine
from singalang_compiler.partition.costing import Setting, group_of, leaving
from singalang_compiler.partition.cut_net import Connection, CutNet, CutNode, Piece
from singalang_compiler.partition.problem import Group
from singalang_compiler.partition.traffic import Move, busiest_elements, once_s, piece_elements
from singalang_compiler.place.clock import Pace, Spent, spent
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.place.programs import call_of
from singalang_compiler.plan_group import TimesRecord
from singalang_compiler.work import Share

_BACKWARD = 2
"""How often a backward pass goes through parameters that learn: it reads them and writes their gradients."""


class Calls(NamedTuple):
    """Seconds of calls in a process with its share of the machine: of a stage's workers, by stage and name, and of a server."""

    workers: Mapping[tuple[int, str], float]
    server: Mapping[str, float]


def setting_of(placed: PlacedSection, machine: Machine, trained: frozenset[str], slots: int, element_bytes: int) -> Setting:
    """What the times of a section depend on besides its net and its programs."""
    topology, net = placed.cut.topology, placed.cut.nets["train"]
    group = group_of(
        topology, machine, rows=net.rows, stages=net.stages, micro_batches=net.micro_batches, element_bytes=element_bytes
    )
    return Setting(
        machine=machine,
        group=group,
        one_machine=topology.link_bits_per_s is None,
        shapes={one.name: one.shape for one in placed.stored},
        trained=trained,
        slots=slots,
    )


def estimated(placed: PlacedSection, setting: Setting, calls: Calls | None = None) -> Spent:
    """How a step is spent. `calls`: what calls take in a process, from what kinds say if not given."""
    net = placed.cut.nets["train"]
    slowest = {role.stage: role for role in sorted(placed.roles, key=lambda role: role.rows)}
    programs = [slowest[stage].step for stage in range(net.stages)]
    return spent(programs, placed.server_step, _pace(placed, setting, calls or said_by_kinds(placed, setting)))


def times_of(placed: PlacedSection, found: Spent) -> Iterator[TimesRecord]:
    """How each process spends a step; those that spend it alike are told once."""
    net = placed.cut.nets["train"]
    inside: dict[str, list[str]] = {}
    for role, process in placed.processes.items():
        inside.setdefault(process, []).append(role)
    alike: dict[tuple[float, float], list[str]] = {}
    for process, roles in inside.items():
        actors = [net.stages if role.startswith("server") else _number(role) // net.workers for role in roles]
        both = sum(found.compute_s[actor] for actor in actors), sum(found.moving_s[actor] for actor in actors)
        alike.setdefault(both, []).append(process)
    for (compute_s, moving_s), (first, *others) in alike.items():
        waiting_s = max(0.0, found.step_s - compute_s - moving_s)
        yield TimesRecord(process=first, others=tuple(others), compute_s=compute_s, moving_s=moving_s, waiting_s=waiting_s)


def _number(worker: str) -> int:
    return int(worker.removeprefix("worker-"))


def share_of(placed: PlacedSection, setting: Setting) -> Share:
    """What of its machine each process has."""
    if not setting.one_machine:
        return Share(setting.machine.cores, 1)
    return Share.of(setting.machine, len({*placed.processes.values()}))


def said_by_kinds(placed: PlacedSection, setting: Setting) -> Calls:
    """Seconds of each call by the worker with most rows, and by a server, from what kinds say of their work."""
    net, parameters = placed.cut.nets["train"], _Parameters(placed, setting)
    cores = share_of(placed, setting).cores
    own = replace(setting, machine=structs.replace(setting.machine, cores=cores))
    reading = parameters.seconds(net)
    workers = {key: time_s + reading[key] for key, time_s in _call_seconds(net, own).items()}
    updated_s = parameters.served_bytes / setting.machine.memory_bytes_s
    return Calls(workers, {"update": updated_s * (3 + 2 * setting.slots), "square_sum": updated_s})


def _call_seconds(net: CutNet, setting: Setting) -> dict[tuple[int, str], float]:
    """Seconds of each call without its parameters."""
    nodes = {node.name: node for node in net.nodes}
    found: dict[tuple[int, str], float] = {}
    for piece in net.pieces:
        times = [_passes_s(nodes[name], setting) for name in piece.nodes]
        forward, backward = fsum(forward for forward, _ in times), fsum(backward for _, backward in times)
        found[piece.stage, call_of(piece)] = forward + (backward if piece.backward == "fused" else 0.0)
        if piece.backward == "apart":
            found[piece.stage, f"backward/{piece.level}"] = backward
    return found


def records_of(node: CutNode, group: Group) -> float:
    """The busiest worker's part of a node's work in a micro-batch, as a number of whole records."""
    if node.part == "statistic":
        return 0.0
    if node.cut.name == "batch":
        return group.most_rows
    return group.all_rows / (group.workers if node.cut.partition else 1)


def _passes_s(node: CutNode, setting: Setting) -> tuple[float, float]:
    """Seconds of the forward pass and of the backward pass."""
    machine, element_bytes = setting.machine, setting.group.element_bytes
    records = records_of(node, setting.group)
    forward = work_s(node.shaped, machine, records, element_bytes, backward=False)
    if not node.learns:
        return forward, 0.0
    backward = work_s(node.shaped, machine, records, element_bytes) - forward
    return forward, backward + (forward if node.remat else 0.0)


def _pace(placed: PlacedSection, setting: Setting, calls: Calls) -> Pace:
    net, group, machine = placed.cut.nets["train"], setting.group, setting.machine
    stages = range(group.stages)
    parameters = _Parameters(placed, setting)
    copied = _Copies(machine)
    called = Pace(
        calls={key: time_s + machine.call_s for key, time_s in calls.workers.items()},
        clears={stage: copied.seconds(parameters.learned_bytes(stage)) for stage in stages},
        collect_s=copied.seconds(parameters.gathered_bytes * group.pushes, parameters.holders * group.pushes),
        norm_s=group.link_latency_s,
        server_calls={name: time_s + machine.call_s for name, time_s in calls.server.items()},
        act_s=machine.act_s,
    )
    if not setting.one_machine:
        moved = {stage: parameters.moved_s(stage) for stage in stages}
        return replace(
            called, moves={one.name: _moved_s(one, group) for one in net.connections}, push_moves=moved, pull_moves=moved
        )
    processes = len({*placed.processes.values()})
    latency_s = group.link_latency_s if processes <= machine.cores else machine.wake_s
    sent = {one.name: _sent_s(one, group, copied) for one in net.connections}
    return replace(
        called,
        feeds={stage: copied.seconds(0.0) for stage in stages},
        sends={name: give_s for name, (give_s, _) in sent.items()},
        receives={name: get_s for name, (_, get_s) in sent.items()},
        moves=dict.fromkeys(sent, latency_s),
        pushes={stage: copied.seconds(parameters.left_bytes(stage), group.servers) for stage in stages},
        push_moves=dict.fromkeys(stages, latency_s),
        pull_moves=dict.fromkeys(stages, latency_s),
        publish_s=copied.seconds(parameters.published_bytes, group.everyone),
        processes=(*[group.workers] * group.stages, group.servers),
        cores=machine.cores / share_of(placed, setting).cores,
    )


class _Copies(NamedTuple):
    """What copying and adding arrays outside kernels takes."""

    machine: Machine

    def seconds(self, size_bytes: float, times: float = 1.0) -> float:
        """So many bytes in so many calls. Small arrays lie in the cache."""
        if not size_bytes:
            return 0.0
        machine = self.machine
        speed = machine.copy_bytes_s if size_bytes / times > machine.cache_bytes else machine.cache_copy_bytes_s
        return times * machine.copy_call_s + size_bytes / speed


def _sent_s(connection: Connection, group: Group, copied: _Copies) -> tuple[float, float]:
    """Seconds of a worker that gives the blocks of a connection away, and of one that puts them together."""
    extent = connection.extent
    elements = prod(extent.record)
    rows = extent.rows * extent.times
    own = group if rows == group.rows else structs.replace(group, rows=rows)
    apart = connection.source_stage != connection.target_stage
    moved = busiest_elements(own, elements, Move(connection.source, connection.target, apart, connection.returns))
    got = piece_elements(own, elements, connection.target)
    others = max(1, group.workers if apart else group.workers - 1)
    return copied.seconds(moved * group.element_bytes, others), copied.seconds(got * group.element_bytes, others + 1)


def _moved_s(connection: Connection, group: Group) -> float:
    extent = connection.extent
    rows = extent.rows * extent.times
    own = group if rows == group.rows else structs.replace(group, rows=rows)
    apart = connection.source_stage != connection.target_stage
    return once_s(own, prod(extent.record), Move(connection.source, connection.target, apart, connection.returns))


class _Parameters:
    """What the parameters of a section cost; sizes are those that one of a parameter's holders has."""

    def __init__(self, placed: PlacedSection, setting: Setting) -> None:
        self._setting, self._stored = setting, placed.stored
        group = setting.group
        self._bytes = {
            one.name: prod(one.shape) * group.element_bytes / (1 if one.axis is None else group.workers) for one in placed.stored
        }
        learned = [one for one in placed.stored if one.name in setting.trained]
        self._learned = learned
        self.served_bytes = sum(prod(one.shape) for one in learned) * group.element_bytes / group.servers
        self.gathered_bytes = sum(self._bytes[one.name] * group.workers * len(one.stages) for one in learned) / group.servers
        self.holders = max((group.workers * len(one.stages) if one.axis is None else 1 for one in learned), default=0)
        """Workers whose gradients a server adds up, at most."""
        classes = (len(one.stages) if one.axis is None else 1 for one in learned)
        self.published_bytes = sum(prod(one.shape) * many for one, many in zip(learned, classes, strict=True)) * (
            group.element_bytes / group.servers
        )
        """What a server writes: of its slice, once for all workers that hold the same."""

    def learned_bytes(self, stage: int) -> float:
        """The gradients of a worker of a stage."""
        return sum(self._bytes[one.name] for one in self._learned if stage in one.stages)

    def left_bytes(self, stage: int) -> float:
        """What a worker of a stage gives to servers of other processes."""
        group = self._setting.group
        return (
            sum(
                self._bytes[one.name] * leaving(group, group.workers * len(one.stages) if one.axis is None else 1)
                for one in self._learned
                if stage in one.stages
            )
            * group.pushes
        )

    def moved_s(self, stage: int) -> float:
        """Seconds from when a worker of a stage gives its gradients until servers have them, and likewise for values back: the
        longer of what leaves the worker and what comes to a server."""
        group = self._setting.group
        left = came = 0.0
        for one in self._learned:
            size, holders = self._bytes[one.name], group.workers * len(one.stages) if one.axis is None else 1
            part = leaving(group, holders)
            came += part * size * group.workers * len(one.stages) / group.servers
            left += part * size if stage in one.stages else 0.0
        return group.link_latency_s + max(left, came) / group.link_bytes_s

    def seconds(self, net: CutNet) -> dict[tuple[int, str], float]:
        """By call the seconds in which it reads parameters and writes their gradients."""
        setting, nodes = self._setting, {node.name: node for node in net.nodes}
        each_s = 1 / setting.machine.memory_bytes_s
        found: dict[tuple[int, str], float] = {}
        for piece in net.pieces:
            used = _used(piece, nodes)
            read_s = sum(self._bytes[name] for name in used) * each_s
            learned_s = sum(self._bytes[name] for name in used if name in setting.trained) * each_s * _BACKWARD
            found[piece.stage, call_of(piece)] = read_s + (learned_s if piece.backward == "fused" else 0.0)
            if piece.backward == "apart":
                found[piece.stage, f"backward/{piece.level}"] = learned_s
        return found


def _used(piece: Piece, nodes: Mapping[str, CutNode]) -> dict[str, None]:
    """The parameters of a piece."""
    return dict.fromkeys(link.name for name in piece.nodes for link in nodes[name].shaped.parameters.values())
