"""In which stage each layer of a net is, and whether the stages are such as workers can share. Knows nothing of cuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from singalang_compiler.codes.e0513_stages_backward import StagesBackward
from singalang_compiler.codes.e0514_stage_workers import StageWorkers
from singalang_compiler.codes.e0515_empty_stage import EmptyStage
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Placing, Topology
from singalang_compiler.shaped import ShapedNode
from singalang_grammar.diagnostics import Diagnostic
from singalang_grammar.source import Span

StageReason: TypeAlias = Literal["written", "follows-inputs", "only-stage"]


@dataclass
class Stages:
    """The stage of each layer with the reason, and what is wrong. `told`: something is wrong that was reported before."""

    of: dict[str, int] = field(default_factory=dict)
    count: int = 1
    reasons: dict[str, StageReason] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    told: bool = False


def assign_stages(phases: Sequence[Sequence[ShapedNode]], placing: Mapping[str, Placing], topology: Topology) -> Stages:
    """The stages of a net's layers: as a rule says, else the largest of a layer's inputs.

    `phases` are the nodes of those with data, `train` first: what a layer is there it is in the others.
    """
    stages = Stages()
    for nodes in phases:
        spans = {node.node.name: node.node.span for node in nodes}
        for node in nodes:
            if not isinstance(node.node.operation, FieldInput):
                _assign(node, placing.get(node.node.name, Placing()), stages)
                _check_forward(node, placing, spans, stages)
    stages.count = max(stages.of.values(), default=0) + 1
    if stages.count == 1:
        stages.reasons = dict.fromkeys(stages.of, "only-stage")
    elif stages.count > topology.workers_per_group:
        stages.told = True
    else:
        _check_workers(stages, topology)
        _check_layers(stages, phases[0], topology, placing)
    return stages


def _assign(node: ShapedNode, placing: Placing, stages: Stages) -> None:
    name = node.node.name
    if name in stages.of:
        return
    before = max((stages.of.get(source, 0) for source in node.node.inputs), default=0)
    stages.of[name] = before if placing.stage is None else placing.stage
    stages.reasons[name] = "follows-inputs" if placing.stage is None else "written"


def _check_forward(node: ShapedNode, placing: Mapping[str, Placing], spans: Mapping[str, Span], stages: Stages) -> None:
    name, own = node.node.name, stages.of[node.node.name]
    for source in dict.fromkeys(node.node.inputs):
        earlier = stages.of.get(source, 0)
        if earlier > own:
            said = placing.get(name, Placing()).stage_span
            fault = StagesBackward(name, own, source, earlier, node.node.span, spans[source], said)
            stages.problems.append(fault.diagnostic())


def _check_workers(stages: Stages, topology: Topology) -> None:
    workers = topology.workers_per_group
    place = topology.places.get("workers", topology.span)
    if workers % stages.count and place is not None:
        stages.problems.append(StageWorkers(workers, stages.count, place).diagnostic())


def _check_layers(stages: Stages, nodes: Sequence[ShapedNode], topology: Topology, placing: Mapping[str, Placing]) -> None:
    """Every stage has a layer in training."""
    layers = [node.node.name for node in nodes if node.node.name in stages.of]
    empty = sorted(set(range(stages.count)) - {stages.of[name] for name in layers})
    if empty:
        said = [one.stage_span for name, one in placing.items() if one.stage == stages.count - 1 and name in stages.of]
        place = said[0] if said else topology.span
        assert place is not None
        stages.problems.append(EmptyStage(empty[0], stages.count, len(layers), place).diagnostic())
