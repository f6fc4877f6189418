"""What a placed section is predicted to need, memory and seconds, and whether its processes may need so much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod

from singalang_compiler.codes.e0560_memory import TooLittleMemory
from singalang_compiler.cost import Net, residual_bytes, step_cost
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Train
from singalang_compiler.machine import Machine
from singalang_compiler.partition.cut_net import CutSection
from singalang_compiler.partition.learning import learning_parameters, scaled_uses
from singalang_compiler.place.estimate import estimated, setting_of
from singalang_compiler.place.memory import WorkerMemory, memory_of
from singalang_compiler.place.placed import PlacedSection
from singalang_compiler.plan_group import MemoryRecord
from singalang_compiler.shaped import ShapedJob, ShapedNode
from singalang_grammar.diagnostics import Diagnostic, Outcome

_TOLD = 3
"""How many layers are named of those that need most."""


def weighed(shaped: ShapedJob, placed: PlacedSection, machine: Machine) -> Outcome[PlacedSection]:
    """The section of a group with its memory and the seconds of a step filled in; and what is wrong with its memory."""
    train = shaped.job.trains[placed.cut.train]
    nodes = shaped.nets[train.net].phases["train"]
    trained = learning_parameters(scaled_uses(shaped, train), nodes)
    setting = setting_of(placed, machine, trained, _slots(train), _element_bytes(train))
    fields = {node.node.name: node.spec.size for node in nodes if isinstance(node.node.operation, FieldInput) and node.spec}
    memory = memory_of(placed, setting, fields)
    found = replace(placed, memory=memory, step_s=estimated(placed, setting).step_s)
    most = max(memory, key=lambda record: record.total)

    def layers() -> Mapping[str, float]:
        roles = (role for role in placed.roles if most.process in {f"worker-{number}" for number in role.workers})
        return next((WorkerMemory(placed, role, setting, fields).layer_bytes() for role in roles), {})

    return Outcome(found, memory_problems(placed.cut, most, layers))


def weigh_whole(shaped: ShapedJob, cut: CutSection, machine: Machine) -> tuple[Diagnostic, ...]:
    """What is wrong with the memory of a section that one process does alone."""
    train = shaped.job.trains[cut.train]
    net = shaped.nets.get(train.net)
    nodes = net.phases.get("train", ()) if net else ()
    if cut.topology.memory_bytes is None or not nodes or any(node.spec is None for node in nodes):
        return ()
    uses = scaled_uses(shaped, train)
    trained = learning_parameters(uses, nodes)
    element_bytes, slots, batch = _element_bytes(train), _slots(train), _batch(shaped, nodes)
    shapes = [use.shape for use in uses.values()]
    cost = step_cost(Net(nodes, shapes, [uses[name].shape for name in sorted(trained)], slots, batch, element_bytes), machine)
    most = MemoryRecord(
        process="worker-0",
        total=cost.memory_bytes,
        parameters=cost.parameter_bytes,
        gradients=cost.gradient_bytes,
        server=cost.slot_bytes,
        arrays=cost.residual_bytes + cost.batch_bytes,
        temporary=0,
    )

    def needed(node: ShapedNode) -> float:
        copies = ((link.name, 1 + (link.name in trained) * (1 + slots)) for link in node.parameters.values())
        own = sum(prod(uses[name].shape) * count for name, count in copies)
        return own * element_bytes + residual_bytes(node, element_bytes) * batch

    return memory_problems(cut, most, lambda: {node.node.name: needed(node) for node in nodes})


def memory_problems(
    cut: CutSection, most: MemoryRecord, bytes_of_layers: Callable[[], Mapping[str, float]] = dict
) -> tuple[Diagnostic, ...]:
    """What is wrong if the process that needs most needs so much; `bytes_of_layers` says what is held for each layer, if known."""
    topology = cut.topology
    limit, span = topology.memory_bytes, topology.places.get("memory", topology.span)
    if limit is None or span is None or most.total <= limit:
        return ()
    layers = bytes_of_layers()
    largest = sorted(layers, key=lambda name: -layers[name])[:_TOLD]
    return (
        TooLittleMemory(
            process=most.process,
            alike=most.count,
            needed=most.total,
            limit=limit,
            layers=tuple((name, round(layers[name])) for name in largest if layers[name]),
            free=any(one.reason in ("cheapest", "cheapest-found", "cheapest-that-fits") for one in cut.decisions),
            again=topology.remat,
            span=span,
        ).diagnostic(),
    )


def _slots(train: Train) -> int:
    updater = train.updater.updater.instance()
    return len(updater.slot_names()) if updater is not None else 0


def _element_bytes(train: Train) -> int:
    return 8 if train.precision == "f64" else 4


def _batch(shaped: ShapedJob, nodes: tuple[ShapedNode, ...]) -> int:
    """Records of a training batch."""
    fields = (node.node.operation for node in nodes)
    read = (field.data for field in fields if isinstance(field, FieldInput))
    return next((source.rows for data in read if (source := shaped.job.data[data].sources.get("train"))), 1)
