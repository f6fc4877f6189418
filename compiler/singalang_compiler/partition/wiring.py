"""From cut layers to connections and pieces: what each layer reads, what must move for that, and where steps are cut into kernels.

SINGA inserts slice, split, concat and bridge layers between layers cut otherwise (SINGA v0.3 reference 12). Here each such chain is
one connection, named by its pattern; n workers:

    source   wanted    SINGA                            here
    batch    batch     nothing                          nothing
    feature  feature   nothing                          nothing
    batch    feature   slice(1) > bridge > concat(0)    all_to_all
    feature  batch     slice(0) > bridge > concat(1)    all_to_all
    batch    whole     split > bridge > concat(0)       all_gather
    feature  whole     split > bridge > concat(1)       all_gather
    whole    any       slice on every worker            nothing: each takes its own part where it reads it
    partial  whole     (never)                          all_reduce
    partial  batch or feature                           reduce_scatter
    any, to a later stage      bridge                   send

The way back is the transposed map (`geometry`), as SINGA's split adds up the gradients. A value moves once for each stage and
distribution in which it is wanted, whoever reads it there; where some layer of the stage wants all of it, that alone is brought,
and the others take their parts of it.

A step is cut into kernels only where something must move within a stage. A layer's level says in which kernel of its stage it is:
the first in which all that it reads is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from singalang_compiler.geometry import BATCH, WHOLE, Distribution, Extent
from singalang_compiler.graph import FieldInput
from singalang_compiler.library.tensors import TensorSpec
from singalang_compiler.partition.cut_net import Connection, Cut, CutNode, Input, View
from singalang_compiler.partition.lying import channels_last, given, record_of, wanted
from singalang_compiler.shaped import ShapedNode

Kind: TypeAlias = Literal["all_to_all", "all_gather", "reduce_scatter", "all_reduce", "send"]


@dataclass(frozen=True, kw_only=True)
class Sketch:
    """What is decided of a net in a phase before it is wired.

    `nodes` stand after their inputs, fields among them. `learns` are the nodes through whose output a gradient flows, `exchange`
    says of layers that share batch statistics how many numbers each worker tells, `remat` which layers are computed again.
    """

    nodes: Sequence[ShapedNode]
    cuts: Mapping[str, Cut]
    stages: Mapping[str, int]
    rows: tuple[int, ...]
    learns: Collection[str] = ()
    exchange: Mapping[str, int] = field(default_factory=dict)
    remat: Collection[str] = ()


def statistic_of(layer: str) -> str:
    """The name of what a layer lets its workers exchange beforehand."""
    return f"{layer}.statistic"


def wire(sketch: Sketch) -> tuple[tuple[CutNode, ...], tuple[Connection, ...]]:
    """The nodes of the net, cut, each with what it reads and its level; and the connections, in the order of their values."""
    wiring = _Wiring(sketch)
    for node in sketch.nodes:
        if not isinstance(node.node.operation, FieldInput):
            wiring.add(node)
    return tuple(wiring.nodes.values()), wiring.connections()


@dataclass(frozen=True, slots=True)
class _Key:
    """One connection: a value, brought to a stage in a distribution."""

    value: str
    stage: int
    target: Distribution


class _Wiring:
    def __init__(self, sketch: Sketch) -> None:
        self._sketch = sketch
        self._last = channels_last(sketch.nodes)
        self._fields = {node.node.name for node in sketch.nodes if isinstance(node.node.operation, FieldInput)}
        self._specs: dict[str, TensorSpec | None] = {node.node.name: node.spec for node in sketch.nodes}
        self._whole = set(self._brought_whole())
        self._readers: dict[_Key, list[CutNode]] = {}
        self.nodes: dict[str, CutNode] = {}

    def _brought_whole(self) -> Iterable[tuple[str, int]]:
        """Values with the stages in which some layer wants all of them."""
        for node in self._sketch.nodes:
            name = node.node.name
            for place, source in enumerate(node.node.inputs if name not in self._fields else ()):
                if wanted(self._sketch.cuts[name], place, source in self._last) == WHOLE:
                    yield source, self._sketch.stages[name]

    def add(self, node: ShapedNode) -> None:
        name = node.node.name
        statistic = self._statistic(node) if name in self._sketch.exchange else None
        made = self._node(node, name, statistic)
        self._keep(made)

    def _statistic(self, node: ShapedNode) -> CutNode:
        made = self._node(node, statistic_of(node.node.name), None)
        self._keep(made)
        return made

    def _keep(self, made: CutNode) -> None:
        self.nodes[made.name] = made
        for one in dict.fromkeys(views_of(made)):
            key = self._moved(one, made.stage)
            if key is not None:
                self._readers.setdefault(key, []).append(made)

    def _node(self, node: ShapedNode, name: str, statistic: CutNode | None) -> CutNode:
        sketch, own = self._sketch, node.node.name
        cut, stage = sketch.cuts[own], sketch.stages[own]
        of_layer = name == own
        inputs = tuple(self._input(source, place, cut, stage) for place, source in enumerate(node.node.inputs))
        read = View(statistic.name, WHOLE) if statistic else None
        views = (*(one.view for one in inputs), *((read,) if read else ()))
        learns = own in sketch.learns
        if not of_layer:
            learns = learns and any(source in sketch.learns for source in node.node.inputs)
        return CutNode(
            name=name,
            shaped=node,
            part="layer" if of_layer else "statistic",
            stage=stage,
            level=max((self._level(view, stage) for view in views), default=0),
            cut=cut,
            inputs=inputs,
            statistic=read,
            output=given(cut, own in self._last) if of_layer else BATCH,
            record=record_of(node, own in self._last) if of_layer else (sketch.exchange[own],),
            channels_last=of_layer and own in self._last,
            learns=learns,
            remat=own in sketch.remat,
        )

    def _input(self, source: str, place: int, cut: Cut, stage: int) -> Input:
        """How a layer reads an input: as the value lies, or brought by a connection, or its part of what every worker has."""
        distribution = wanted(cut, place, source in self._last)
        if source in self._fields:
            return Input(View(source, BATCH if distribution == BATCH else WHOLE), distribution)
        producer = self.nodes[source]
        if producer.stage == stage and producer.output in (distribution, WHOLE):
            return Input(producer.view, distribution)
        whole = (source, stage) in self._whole
        return Input(View(source, WHOLE if whole else distribution), distribution)

    def _moved(self, view: View, stage: int) -> _Key | None:
        """The connection that brings a view to a stage; None where it is there anyway."""
        if view.value in self._fields:
            return None
        producer = self.nodes[view.value]
        return None if producer.stage == stage and producer.view == view else _Key(view.value, stage, view.distribution)

    def _level(self, view: View, stage: int) -> int:
        """The first level of a stage at which a view is there."""
        if view.value in self._fields or self.nodes[view.value].stage != stage:
            return 0
        return self.nodes[view.value].level + (0 if self._moved(view, stage) is None else 1)

    def connections(self) -> tuple[Connection, ...]:
        """The connections, in the order of their values, stages and distributions."""
        order = {name: place for place, name in enumerate(self.nodes)}
        keys = sorted(self._readers, key=lambda key: (order[key.value], key.stage, str(key.target)))
        taken: set[str] = set()
        return tuple(self._connection(key, taken) for key in keys)

    def _connection(self, key: _Key, taken: set[str]) -> Connection:
        producer, readers = self.nodes[key.value], self._readers[key]
        statistic = producer.part == "statistic"
        spec = self._specs[producer.shaped.node.name]
        kind = pattern(producer.output, key.target, apart=producer.stage != key.stage)
        name = f"{kind}({key.value})"
        if name in taken:
            name += f"@{key.target}" if kind != "send" else f"@{key.stage}.{key.target}"
        taken.add(name)
        return Connection(
            name=name,
            kind=kind,
            value=key.value,
            source=producer.output,
            target=key.target,
            source_stage=producer.stage,
            target_stage=key.stage,
            extent=Extent(rows=(1,) * len(self._sketch.rows) if statistic else self._sketch.rows, record=producer.record),
            dtype="i32" if spec is not None and spec.dtype == "i32" and not statistic else "float",
            channels_last=producer.channels_last,
            returns=producer.learns and any(reader.learns for reader in readers),
            consumers=tuple(reader.name for reader in readers),
        )


def views_of(node: CutNode) -> tuple[View, ...]:
    """All that a node reads, in order."""
    return (*(read.view for read in node.inputs), *((node.statistic,) if node.statistic else ()))


def pattern(source: Distribution, target: Distribution, *, apart: bool) -> Kind:
    """The name of the pattern by which a value moves; `apart`: to another stage."""
    if apart:
        return "send"
    if source.kind == "partial":
        return "all_reduce" if target.kind == "whole" else "reduce_scatter"
    return "all_gather" if target.kind == "whole" else "all_to_all"
