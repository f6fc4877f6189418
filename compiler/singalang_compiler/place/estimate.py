"""How long a step of a group takes, with all that goes on at the same time: the seconds of calls and messages, put to the clock.

Knows what layer kinds say of their work, and no kernel; lowering may give it what it knows better of calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum, prod

from msgspec import structs

from singalang_compiler.cost import work_s
from singalang_compiler.machine import Machine
from singalang_compiler.partition.costing import Setting, group_of, leaving
from singalang_compiler.partition.cut_net import Connection, CutNet, CutNode, Piece
from singalang_compiler.partition.problem import Group
from singalang_compiler.partition.traffic import Move, once_s
from singalang_compiler.place.clock import Pace, step_s
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.place.programs import call_of

_BACKWARD = 2
"""How often a backward pass goes through parameters that learn: it reads them and writes their gradients."""


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


def estimated_step_s(placed: PlacedSection, setting: Setting, calls: Mapping[tuple[int, str], float] | None = None) -> float:
    """Seconds of a step. `calls`: seconds of each call (stage, name) on a machine of its own, from what kinds say if not given."""
    net = placed.cut.nets["train"]
    slowest = {role.stage: role for role in sorted(placed.roles, key=lambda role: role.rows)}
    programs = [slowest[stage].step for stage in range(net.stages)]
    return step_s(programs, placed.server_step, _pace(placed, setting, calls or call_seconds(net, setting)))


def call_seconds(net: CutNet, setting: Setting) -> dict[tuple[int, str], float]:
    """Seconds of each call of a training step by the worker with most rows, on a machine of its own."""
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


def _pace(placed: PlacedSection, setting: Setting, calls: Mapping[tuple[int, str], float]) -> Pace:
    net, group, machine = placed.cut.nets["train"], setting.group, setting.machine
    parameters = _Parameters(placed, setting)
    reading = parameters.seconds(net)
    updated_s = parameters.served_bytes * setting.serving / machine.memory_bytes_s
    stages = range(group.stages)
    return Pace(
        calls={key: time_s * setting.sharing + reading[key] + machine.dispatch_s for key, time_s in calls.items()},
        moves={one.name: _moved_s(one, group) for one in net.connections},
        clears={stage: parameters.learned_bytes(stage) * setting.sharing / machine.copy_bytes_s for stage in stages},
        pushes={stage: parameters.moved_s(stage) for stage in stages},
        pulls={stage: parameters.moved_s(stage) for stage in stages},
        collect_s=parameters.gathered_bytes * group.pushes * setting.serving / machine.copy_bytes_s,
        norm_s=group.link_latency_s,
        server_calls={
            "update": updated_s * (3 + 2 * setting.slots) + machine.dispatch_s,
            "square_sum": updated_s + machine.dispatch_s,
        },
    )


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

    def learned_bytes(self, stage: int) -> float:
        """The gradients of a worker of a stage."""
        return sum(self._bytes[one.name] for one in self._learned if stage in one.stages)

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
        each_s = setting.sharing / setting.machine.memory_bytes_s
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
