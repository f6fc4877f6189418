"""The peak memory of every process of a group before there are kernels: from what layer kinds say that they keep.

A worker holds its parameters all the time; gradients from the call that makes them until they are pushed; views, gradients of
views, fields and what backward passes keep from the first instruction that touches them to the last. While a call runs it needs
temporary memory: twice its largest value, and where it does both passes at once what its layers keep. A server holds values and
slots of its slice, and gradients while it works; the worker of its process then waits. What lowering finds out of kernels is more
exact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from math import prod
from typing import NamedTuple

from singalang_compiler.cost import cost_of, is_elementwise
from singalang_compiler.geometry import Distribution
from singalang_compiler.partition.costing import Setting
from singalang_compiler.partition.cut_net import Connection, CutNode, Piece, View
from singalang_compiler.place.links import connection_bytes
from singalang_compiler.place.placed import PlacedSection, WorkerRole
from singalang_compiler.place.programs import call_of
from singalang_compiler.place.rings import arrays_of_calls, fields_of, gradient_of, touches
from singalang_compiler.place.shared_memory import Flow, SharedMemory, Sharing
from singalang_compiler.plan_group import ClearStep, MemoryRecord, PushStep, RunStep


class Held(NamedTuple):
    """What is held at one moment, in bytes."""

    parameters: float = 0
    gradients: float = 0
    server: float = 0
    arrays: float = 0
    temporary: float = 0
    lanes: float = 0

    def beside(self, other: Held) -> Held:
        """Both at once."""
        return Held(*(one + more for one, more in zip(self, other, strict=True)))


def memory_of(placed: PlacedSection, setting: Setting, fields: Mapping[str, int]) -> tuple[MemoryRecord, ...]:
    """The peak of every process; those of following numbers that need the same are told once. `fields`: elements of a record."""
    slice_bytes = placed.servers[0].size * setting.group.element_bytes if placed.servers else 0
    slots = Held(server=slice_bytes * (1 + setting.slots))
    serving = slots.beside(Held(server=slice_bytes))
    workers: dict[int, WorkerMemory] = {}
    for role in placed.roles:
        workers |= dict.fromkeys(role.workers, WorkerMemory(placed, role, setting, fields))
    shared = SharedMemory(_sharing(placed, setting))
    inside: dict[str, list[str]] = {}
    for role_name, process in placed.processes.items():
        inside.setdefault(process, []).append(role_name)
    homes = {process for name, process in placed.processes.items() if name.startswith("server-")}
    found: list[tuple[str, Held]] = []
    for process in dict.fromkeys(placed.processes.values()):
        kind, _, number = process.partition("-")
        if kind == "server":
            found.append((process, serving.beside(Held(lanes=shared.bytes_of(inside[process])))))
            continue
        worker = workers[int(number)]
        beside = (worker.peak.beside(slots), worker.resting.beside(serving)) if process in homes else (worker.peak,)
        found.append((process, max(beside, key=sum).beside(Held(lanes=shared.bytes_of(inside[process])))))
    return tuple(_records(found))


def _sharing(placed: PlacedSection, setting: Setting) -> Sharing:
    """The group as far as its processes share memory."""
    net, group = placed.cut.nets["train"], setting.group
    cut = {stage for one in placed.stored if one.axis is not None for stage in one.stages}
    blocks = Counter[int]()
    for role in placed.roles:
        blocks[role.stage] += len(role.workers) if role.stage in cut else 1
    return Sharing(
        width=net.workers,
        micro_batches=net.micro_batches,
        pushes=group.pushes,
        element_bytes=group.element_bytes,
        stored=placed.stored,
        servers=placed.servers,
        segments_of=placed.segments_of,
        flows=tuple(_flow(one, net.workers, group.element_bytes) for one in net.connections),
        blocks=blocks,
    )


def _flow(connection: Connection, workers: int, element_bytes: int) -> Flow:
    each_bytes = connection_bytes(connection, 1, element_bytes) / workers / (1 + connection.returns)
    return Flow(connection.source_stage, connection.target_stage, each_bytes, connection.returns)


def _records(found: Iterable[tuple[str, Held]]) -> Iterator[MemoryRecord]:
    for _, group in groupby(found, key=lambda entry: (entry[0].partition("-")[0], entry[1])):
        (process, held), *others = group
        whole = {name: round(size) for name, size in held._asdict().items()}
        names = tuple(name for name, _ in others)
        yield MemoryRecord(process=process, count=1 + len(others), others=names, total=sum(whole.values()), **whole)


class WorkerMemory:
    """The memory of a worker of a role."""

    def __init__(self, placed: PlacedSection, role: WorkerRole, setting: Setting, fields: Mapping[str, int]) -> None:
        self._role, self._setting, self._fields = role, setting, fields
        self._net = placed.cut.nets["train"]
        self._element_bytes = setting.group.element_bytes
        self._nodes = {node.name: node for node in self._net.nodes}
        self._pieces = self._net.of_stage(role.stage)
        self._parameters = {
            one.name: prod(one.shape) * self._element_bytes // (1 if one.axis is None else self._net.workers)
            for one in placed.stored
            if role.stage in one.stages
        }
        self._read = frozenset(_values_read(self._pieces, self._nodes))
        self.resting = Held(parameters=sum(self._parameters.values()))
        self.peak = self._peak()

    def layer_bytes(self) -> dict[str, float]:
        """What is held for each layer: parameters and gradients, its value, and what its backward pass keeps."""
        found = {}
        for piece in self._pieces:
            for name in piece.nodes:
                links = self._nodes[name].shaped.parameters.values()
                learned = sum((1 + (link.name in self._setting.trained)) * self._parameters[link.name] for link in links)
                found[name] = learned + self._value_bytes(self._nodes[name]) + self._residual_bytes(self._nodes[name])
        return found

    def _peak(self) -> Held:
        """What is held at the instruction of a step at which most is."""
        changes = [[0.0, 0.0] for _ in range(len(self._role.step) + 1)]
        for kind, first, last, size in self._spans():
            changes[first][kind] += size
            changes[last + 1][kind] -= size
        temporary = self._temporary_bytes()
        arrays = gradients = 0.0
        most = self.resting
        for step, (more_arrays, more_gradients) in zip(self._role.step, changes, strict=False):
            arrays, gradients = arrays + more_arrays, gradients + more_gradients
            needed = temporary[step.call] if isinstance(step, RunStep) else 0.0
            now = Held(gradients=gradients, arrays=arrays, temporary=needed)
            most = max(most, self.resting.beside(now), key=sum)
        return most

    def _spans(self) -> Iterator[tuple[int, int, int, float]]:
        """What is held from which instruction to which: (0 for an array and 1 for a gradient of parameters, first, last, bytes)."""
        program, calls = self._role.step, arrays_of_calls(self._net, self._role.stage)
        sizes = self._array_bytes()
        spans: dict[tuple[str, int], tuple[int, int]] = {}
        for place, key in touches(self._net, self._role.stage, program, calls):
            spans[key] = (spans.get(key, (place, place))[0], place)
        for (name, _), (first, last) in spans.items():
            yield 0, first, last, sizes.get(name, 0.0)
        yield from self._gradient_spans()

    def _gradient_spans(self) -> Iterator[tuple[int, int, int, float]]:
        program = self._role.step
        end, ran, cleared = len(program) - 1, dict[str, int](), None
        for place, step in enumerate(program):
            match step:
                case RunStep(call=call):
                    ran.setdefault(call, place)
                case ClearStep():
                    cleared = place
                case PushStep():
                    end = place
        for name, makers in self._gradient_makers().items():
            first = min(ran.get(call, end) for call in makers) if cleared is None else cleared
            yield 1, first, end, float(self._parameters[name])

    def _gradient_makers(self) -> dict[str, set[str]]:
        """By parameter that learns the calls that give its gradient."""
        found: dict[str, set[str]] = {}
        for piece in self._pieces:
            call = f"backward/{piece.level}" if piece.backward == "apart" else call_of(piece)
            for node in (self._nodes[name] for name in piece.nodes if piece.backward != "none"):
                for link in node.shaped.parameters.values():
                    if link.name in self._setting.trained:
                        found.setdefault(link.name, set()).add(call)
        return found

    def _array_bytes(self) -> dict[str, float]:
        """The bytes of every array that the role's calls and messages touch."""
        found: dict[str, float] = {}
        for field in fields_of(self._net, self._role.stage):
            found[field.name] = self._fields[field.field] * self._rows(field.distribution) * 4.0
        for view in (view for piece in self._pieces for view in (*piece.reads, *piece.gives)):
            size = self._view_bytes(view)
            found[view.name] = found[gradient_of(view)] = size
        for one in self._net.connections:
            if one.source_stage == self._role.stage and one.returns:
                view = View(one.value, one.source)
                found[gradient_of(view, one.name)] = self._view_bytes(view)
        for piece in self._pieces:
            gives = {view.value for view in piece.gives}
            found[f"kept/{piece.level}"] = sum(self._kept_bytes(piece, name, name in gives) for name in piece.nodes)
        return found

    def _kept_bytes(self, piece: Piece, name: str, elsewhere: bool) -> float:
        """What a backward pass keeps for a layer. Its value is left out where it is there anyway, and where only what works element
        by element reads it in the piece: kernels then compute it again."""
        node = self._nodes[name]
        if not node.learns or node.remat:
            return 0.0
        kept = not elsewhere and (piece.level, name) in self._read
        return self._residual_bytes(node) + (self._value_bytes(node) if kept else 0.0)

    def _temporary_bytes(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for piece in self._pieces:
            largest = 2 * max(self._value_bytes(self._nodes[name]) for name in piece.nodes)
            if piece.backward == "fused":
                found[call_of(piece)] = largest + sum(self._kept_bytes(piece, name, False) for name in piece.nodes)
            else:
                found[call_of(piece)] = found[f"backward/{piece.level}"] = largest
        return found

    def _value_bytes(self, node: CutNode) -> float:
        return self._view_bytes(node.view)

    def _view_bytes(self, view: View) -> float:
        node = self._nodes[view.value]
        if node.part == "statistic":
            rows: float = self._net.workers if view.distribution.kind == "whole" else 1
        else:
            rows = self._rows(view.distribution)
        return rows * prod(node.record) * self._element_bytes

    def _residual_bytes(self, node: CutNode) -> float:
        """What the backward pass of a layer keeps besides values."""
        share = self._role.rows if node.cut.name == "batch" else sum(self._net.rows)
        each = cost_of(node.shaped).residual_bytes_f32 * self._element_bytes / 4
        return each * share / (self._net.workers if node.cut.name == "feature" else 1) if node.part == "layer" else 0.0

    def _rows(self, distribution: Distribution) -> float:
        """Rows of one micro-batch that a worker has in a distribution, each counted as the part of it that it has."""
        if distribution.kind == "batch":
            return self._role.rows
        return sum(self._net.rows) / (self._net.workers if distribution.kind == "feature" else 1)


def _values_read(pieces: Iterable[Piece], nodes: Mapping[str, CutNode]) -> Iterator[tuple[int, str]]:
    """The values that layers read otherwise than element by element, each with the level of the reader."""
    for piece in pieces:
        for node in (nodes[name] for name in piece.nodes):
            if not is_elementwise(node.shaped):
                yield from ((piece.level, one.view.value) for one in node.inputs)
