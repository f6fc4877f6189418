"""The net of a train section as a graph to be drawn: its layers, the fields that they read, the connections between. No HTML."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import TypeAlias

import msgspec

from singalang.show.cuts import LayerCut, layer_cuts
from singalang.show.pieces import STATISTIC, levels
from singalang_compiler.plan import FieldRecord, LayerRecord, ParameterRecord, Plan, SectionRecord
from singalang_compiler.plan_group import ConnectionRecord, RoleRecord


class FieldMark(msgspec.Struct, frozen=True):
    """A field of the data as one stage is fed it."""

    name: str
    stage: int
    field: FieldRecord | None


class ConnectionMark(msgspec.Struct, frozen=True):
    """A connection and what it comes from: the layer whose value moves, or for a statistic the inputs that it is made of."""

    connection: ConnectionRecord
    sources: tuple[str, ...]


class LayerMark(msgspec.Struct, frozen=True):
    """A layer with what it reads, by id; `cut` is None where one worker does all."""

    layer: LayerRecord
    inputs: tuple[str, ...]
    cut: LayerCut | None
    level: int
    parameters: tuple[ParameterRecord, ...]


Mark: TypeAlias = FieldMark | ConnectionMark | LayerMark


class Net:
    """The net of a section. Everything drawn of it has an id: `layer/fc1`, `field/digits.image/0`, `connection/send(fc1)`."""

    def __init__(self, plan: Plan, section: SectionRecord, prefix: str) -> None:
        self.plan, self.section, self.prefix = plan, section, prefix
        self.group = section.group
        self.layers = {layer.name: layer for layer in section.layers}
        self.cuts = layer_cuts(section, plan.decisions)
        self.connections = tuple(one for one in self.group.connections if one.phase == "train") if self.group else ()
        self.parameters = {one.name: one for one in plan.parameters}
        self._fields = {f"{data.name}.{field.name}": field for data in plan.data for field in data.fields}

    def name(self, kind: str, name: object) -> str:
        """The id of a thing of this section."""
        return f"{self.prefix}{kind}/{name}"

    def stage(self, layer: str) -> int:
        """The stage of a layer."""
        return self.cuts[layer].stage if layer in self.cuts else 0

    def roles(self, stage: int) -> tuple[RoleRecord, ...]:
        """The roles of a stage's workers."""
        return tuple(role for role in self.group.roles if role.stage == stage) if self.group else ()

    def stage_workers(self, stage: int) -> list[int]:
        """The numbers of a stage's workers."""
        return sorted(worker for role in self.roles(stage) for worker in role.workers)

    @property
    def stages(self) -> int:
        """Number of stages."""
        return self.group.stages if self.group else 1

    @cached_property
    def levels(self) -> Mapping[str, int]:
        """The number of each layer's piece in its stage."""
        stages = {name: self.stage(name) for name in self.layers}
        return levels(self.section.layers, stages, self.connections)

    @cached_property
    def marks(self) -> dict[str, Mark]:
        """What is drawn, by id."""
        found: dict[str, Mark] = {}
        for layer in self.section.layers:
            for name in layer.inputs:
                if name not in self.layers:
                    stage = self.stage(layer.name)
                    found.setdefault(self._field_id(name, stage), FieldMark(name, stage, self._fields.get(name)))
            found[self.name("layer", layer.name)] = self._layer(layer)
        for one in self.connections:
            found[self.name("connection", one.name)] = ConnectionMark(one, self._origins(one))
        return found

    @cached_property
    def readers(self) -> dict[str, list[str]]:
        """By id what reads a thing directly."""
        found: dict[str, list[str]] = {name: [] for name in self.marks}
        for name, mark in self.marks.items():
            for source in inputs_of(mark):
                found[source].append(name)
        return found

    @cached_property
    def _brought(self) -> dict[tuple[str, str], str]:
        """By value and reader the connection that brings it."""
        return {(one.value, reader): one.name for one in self.connections for reader in one.consumers}

    def _layer(self, layer: LayerRecord) -> LayerMark:
        inputs = self._sources(layer, layer.name)
        statistic = self._brought.get((f"{layer.name}{STATISTIC}", layer.name))
        if statistic:
            inputs.append(self.name("connection", statistic))
        parameters = tuple(self.parameters[name] for name in layer.parameters if name in self.parameters)
        return LayerMark(layer, tuple(dict.fromkeys(inputs)), self.cuts.get(layer.name), self.levels[layer.name], parameters)

    def _origins(self, connection: ConnectionRecord) -> tuple[str, ...]:
        """What a connection takes: another connection's value as it arrives, the layer's, or what a statistic is made of."""
        for one in self._bringing.get((connection.value, connection.source_stage, str(connection.source)), ()):
            if one != connection.name:
                return (self.name("connection", one),)
        layer = self.layers.get(connection.value.removesuffix(STATISTIC)) if connection.value not in self.layers else None
        if layer is not None:
            return tuple(dict.fromkeys(self._sources(layer, connection.value)))
        return (self.name("layer", connection.value),) if connection.value in self.layers else ()

    @cached_property
    def _bringing(self) -> dict[tuple[str, int, str], list[str]]:
        """By value, stage and distribution the connections that bring it."""
        found: dict[tuple[str, int, str], list[str]] = {}
        for one in self.connections:
            found.setdefault((one.value, one.target_stage, str(one.target)), []).append(one.name)
        return found

    def _sources(self, layer: LayerRecord, reader: str) -> list[str]:
        """What gives the inputs of a layer, or of its statistic, to it."""
        return [self._source(name, reader, self.stage(layer.name)) for name in layer.inputs]

    def _source(self, value: str, reader: str, stage: int) -> str:
        if value not in self.layers:
            return self._field_id(value, stage)
        connection = self._brought.get((value, reader))
        return self.name("connection", connection) if connection else self.name("layer", value)

    def _field_id(self, name: str, stage: int) -> str:
        return self.name("field", f"{name}/{stage}" if self.stages > 1 else name)


def inputs_of(mark: Mark) -> tuple[str, ...]:
    """The ids of what a thing reads."""
    match mark:
        case FieldMark():
            return ()
        case ConnectionMark():
            return mark.sources
        case LayerMark():
            return mark.inputs


def parameter_count(mark: LayerMark) -> int:
    """Numbers that a layer learns or keeps fixed."""
    return sum(prod(one.shape) for one in mark.parameters)
