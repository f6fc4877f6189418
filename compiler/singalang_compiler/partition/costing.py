"""What each way to cut a layer costs, from what its kind says of its work and what the machine can do: the cost model of `auto`.

The model (docs/cost-model.md). A step costs, in seconds of the busiest worker, the sum of

    work        of each layer on its share: some rows (batch), 1/k of all rows' work (feature), all of it (none), by the formula of
                `cost`. Workers without a `link` between them share the cores and the memory of one machine evenly.
    traffic     of each connection: latency and what the busiest worker sends or gets over the link's speed, both ways if a gradient
                comes back; within a stage also a dispatch, as it cuts the step into one kernel more. Which connections there are
                says `traffic`.
    statistics  that workers tell each other before a layer, like a connection.
    parameters  read by both passes of every micro-batch, gradient written; gradient pushed and value pulled, except what its own
                process serves; on the servers every holder's gradient read, and value and slots read and written.

Stages work at the same time, so with S of them and M micro-batches work and traffic count (M + S - 1) / (M S).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple

import msgspec
from msgspec import structs

from singalang_compiler.cost import cost_of, is_elementwise, work_s
from singalang_compiler.geometry import BATCH, PARTIAL, WHOLE, Distribution, by_feature
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Topology
from singalang_compiler.library.tensors import Shape
from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import Cut, Rejected
from singalang_compiler.partition.lying import parameter_axes
from singalang_compiler.partition.problem import Decided, Group, Option, Problem, Shared
from singalang_compiler.partition.traffic import Move, in_flight, move_s, piece_elements
from singalang_compiler.shaped import ShapedNode

_SPARE_PERCENT = 10
"""Of the memory of a process what choosing leaves free: what is needed is known better when all is placed."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A layer or metric with the cuts that are possible, in the order in which ties are broken, and those that are `allowed`.

    `allowed` are among `cuts`; () stands for all. `impossible`: cuts that it cannot have, and why. `remat`: its backward pass
    computes the forward pass again.
    """

    node: ShapedNode
    stage: int = 0
    cuts: tuple[Cut, ...]
    allowed: tuple[Cut, ...] = ()
    learns: bool = True
    remat: bool = False
    impossible: tuple[Rejected, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What costs depend on besides the layers: machine, group, whether its workers share that machine, shapes of parameters,
    which of them learn, and the updater's number of slots."""

    machine: Machine
    group: Group
    one_machine: bool
    shapes: Mapping[str, Shape]
    trained: frozenset[str]
    slots: int = 0

    @property
    def sharing(self) -> int:
        """Workers among whom the speed of a machine is divided."""
        return self.group.everyone if self.one_machine else 1

    @property
    def serving(self) -> int:
        """Servers among whom it is divided while they work."""
        return self.group.servers if self.one_machine else 1

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The number of axes of each parameter."""
        return {name: len(shape) for name, shape in self.shapes.items()}


def group_of(
    topology: Topology, machine: Machine, *, rows: tuple[int, ...], stages: int, micro_batches: int, element_bytes: int
) -> Group:
    """The group of a topology. `rows`: of each worker of a stage in one micro-batch."""
    link = topology.link_bits_per_s
    return Group(
        rows=rows,
        stages=stages,
        micro_batches=micro_batches,
        pushes=micro_batches if topology.sync.exact else 1,
        servers=topology.servers_per_group,
        apart=topology.separate,
        element_bytes=element_bytes,
        link_bytes_s=machine.link_bytes_s if link is None else link / 8,
        link_latency_s=machine.link_latency_s if topology.link_latency_s is None else topology.link_latency_s,
        dispatch_s=machine.dispatch_s,
        memory_bytes=None if topology.memory_bytes is None else topology.memory_bytes * (100 - _SPARE_PERCENT) // 100,
    )


def problem_of(setting: Setting, candidates: Sequence[Candidate]) -> Problem:
    """The problem of cutting these layers, which stand after their inputs."""
    uses = Counter(name for one in candidates for name in {link.name for link in one.node.parameters.values()})
    shared = frozenset(name for name, count in uses.items() if count > 1)
    learning = {one.node.node.name: one.learns for one in candidates}
    layers = tuple(_decided(setting, one, learning, shared) for one in candidates)
    return Problem(
        group=setting.group,
        layers=layers,
        shared=tuple(_shared(setting, candidates, name) for name in sorted(shared)),
        standing_bytes=0.0 if setting.group.apart else server_bytes(setting),
    )


def reads(cut: Cut, inputs: int) -> tuple[Distribution, ...]:
    """How a layer that is cut so reads each of its inputs. Axes are those of records as they are declared."""
    axes = cut.partition.inputs if cut.partition else (None,) * inputs
    return tuple(_along(axis) for axis in axes)


def gives(cut: Cut) -> Distribution:
    """How its value lies."""
    if cut.partition and cut.partition.partial:
        return PARTIAL
    return _along(cut.partition.output if cut.partition else None)


def _along(axis: int | None) -> Distribution:
    return WHOLE if axis is None else by_feature(axis) if axis else BATCH


class _Record(NamedTuple):
    """What the work of a layer on one record costs."""

    work_s: float
    kept_bytes: float


def _decided(setting: Setting, one: Candidate, layers: Mapping[str, bool], shared: frozenset[str]) -> Decided:
    node, record = one.node, _record(setting, one)
    return Decided(
        name=node.node.name,
        stage=one.stage,
        inputs=tuple(name for name in node.node.inputs if name in layers),
        options=tuple(_option(setting, one, cut, record, layers, shared) for cut in one.cuts),
        allowed=tuple(place for place, cut in enumerate(one.cuts) if cut in one.allowed),
        elements=_elements(node),
        learns=one.learns,
        impossible=one.impossible,
    )


def _record(setting: Setting, one: Candidate) -> _Record:
    machine, element_bytes = setting.machine, setting.group.element_bytes
    time_s = work_s(one.node, machine, 1, element_bytes, backward=one.learns)
    if not one.learns or one.remat:
        again_s = work_s(one.node, machine, 1, element_bytes, backward=False) if one.learns else 0.0
        return _Record(time_s + again_s, 0.0)
    return _Record(time_s, cost_of(one.node).residual_bytes_f32 * element_bytes / 4)


def _elements(node: ShapedNode) -> int:
    return 0 if node.spec is None or isinstance(node.node.operation, FieldInput) else node.spec.size


def _option(
    setting: Setting, one: Candidate, cut: Cut, record: _Record, layers: Mapping[str, bool], shared: frozenset[str]
) -> Option:
    group, lies = setting.group, gives(cut)
    records = _records(group, cut)
    work = records * group.micro_batches * setting.sharing * group.of_step * record.work_s
    elements = 0 if is_elementwise(one.node) else _elements(one.node)
    value_bytes = piece_elements(group, elements, lies) * group.element_bytes
    axes = parameter_axes(cut, one.node, setting.ranks)
    own = {name: axis is not None for name, axis in axes.items() if name not in shared}
    wanted = zip(reads(cut, len(one.node.node.inputs)), one.node.node.inputs, strict=True)
    return Option(
        cut=cut,
        inputs=tuple(how for how, name in wanted if name in layers),
        output=lies,
        step_s=work
        + _statistic_s(setting, one, cut, layers)
        + sum(parameter_s(setting, name, cut, 1) for name, cut in own.items()),
        memory_bytes=(value_bytes + record.kept_bytes * records) * in_flight(group, one.stage)
        + sum(held_bytes(setting, name, cut) for name, cut in own.items()),
        uses={name: axis for name, axis in axes.items() if name in shared},
    )


def _records(group: Group, cut: Cut) -> float:
    """Of how many records the busiest worker does all the work, in one micro-batch."""
    match cut.name:
        case "batch":
            return group.most_rows
        case "feature":
            return group.all_rows / group.workers
        case "none":
            return group.all_rows


def _statistic_s(setting: Setting, one: Candidate, cut: Cut, layers: Mapping[str, bool]) -> float:
    node, group = one.node, setting.group
    if cut.name != "batch" or group.workers == 1 or node.instance is None or not hasattr(node.instance, "exchange"):
        return 0.0
    numbers = node.instance.exchange(node.inputs)
    told = structs.replace(group, rows=(1,) * group.workers)
    returns = one.learns and any(layers.get(name, False) for name in node.node.inputs)
    return move_s(told, numbers, Move(BATCH, WHOLE, apart=False, returns=returns)) if numbers else 0.0


def parameter_s(setting: Setting, name: str, cut: bool, stages: int) -> float:
    """Seconds of a step for a parameter that is kept cut, or whole by the workers of so many stages."""
    group, machine = setting.group, setting.machine
    size = prod(setting.shapes[name]) * group.element_bytes
    held = size / group.workers if cut else float(size)
    holders = 1 if cut else group.workers * stages
    memory_s = 1 / machine.memory_bytes_s * setting.sharing
    learns = name in setting.trained
    passes = (2 + learns * (1 if group.micro_batches == 1 else 2)) * group.micro_batches
    at_worker_s = held * passes * memory_s * stages / group.stages
    if not learns:
        return at_worker_s
    served = size / group.servers
    moved = (1 + group.pushes) * leaving(group, holders) * max(held * stages / group.stages, holders * served)
    at_server_s = served * (holders * group.pushes + 2 + 2 * setting.slots) * setting.serving / machine.memory_bytes_s
    return at_worker_s + moved / group.link_bytes_s + at_server_s


def leaving(group: Group, holders: int) -> float:
    """Of what a worker pushes of a parameter with so many holders the part that leaves its process."""
    if group.apart or group.servers < group.everyone:
        return 1.0
    return 0.0 if holders == 1 else (group.servers - 1) / group.servers


def server_bytes(setting: Setting) -> float:
    """Memory of a server: of its slice the values, gradients and slots."""
    size = sum(prod(setting.shapes[name]) for name in setting.trained) / setting.group.servers
    return size * (2 + setting.slots) * setting.group.element_bytes


def held_bytes(setting: Setting, name: str, cut: bool) -> float:
    """Memory of a worker for a parameter and its gradient."""
    size = prod(setting.shapes[name]) * setting.group.element_bytes
    return size * (1 + (name in setting.trained)) / (setting.group.workers if cut else 1)


def _shared(setting: Setting, candidates: Sequence[Candidate], name: str) -> Shared:
    users = [one for one in candidates if any(link.name == name for link in one.node.parameters.values())]
    stages = tuple(sorted({one.stage for one in users}))
    return Shared(
        name=name,
        stages=stages,
        cut_s=parameter_s(setting, name, True, 1),
        whole_s=parameter_s(setting, name, False, len(stages)),
        cut_bytes=held_bytes(setting, name, True),
        whole_bytes=held_bytes(setting, name, False),
    )
