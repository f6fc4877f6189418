"""The layer graph: a frozen DAG of layers. Only this module knows that networkx is underneath."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias, TypeVar

import msgspec
import networkx as nx

from singalang_compiler.library.kinds import Configured
from singalang_compiler.library.tensors import TensorSpec
from singalang_grammar.source import Span, Spanned


class FieldInput(Spanned, frozen=True):
    """A node that is a field of a data section; its name in the graph is `data.field`."""

    data: str
    field: str
    spec: TensorSpec


class PhaseSwitch(Spanned, frozen=True):
    """A node that passes on its first input in `phases` and its second in all others: what `when` in a chain becomes."""

    phases: frozenset[str]


class Transfer(Spanned, frozen=True):
    """A node that brings its input from the workers that have it to those that read it, in a net that is cut: a connection.

    `pattern` is the connection's kind, `source` and `target` name the distributions, `stages` are from which to which.
    """

    pattern: str
    source: str
    target: str
    stages: tuple[int, int]


class SharedParameter(Spanned, frozen=True):
    """A parameter that is another layer's: `transpose(embed.weight)`. `net` is the owner's net."""

    net: str
    layer: str
    name: str
    transposed: bool = False


class ParameterSetting(Spanned, frozen=True):
    """What a program says of one parameter of a layer, rules and attributes merged; None where it says nothing."""

    init: Configured | None = None
    lr_scale: float | None = None
    wd_scale: float | None = None
    absent: bool = False
    shared: SharedParameter | None = None
    span: Span | None = None


Name = TypeVar("Name", bound=Hashable)
Operation: TypeAlias = Configured | FieldInput | PhaseSwitch | Transfer


class Node(Spanned, frozen=True, kw_only=True):
    """One layer (or metric, sink, field, phase switch, transfer) of a net, as every stage after `resolve` sees it.

    `inputs` are names of nodes, in order. `phases` are those in which it exists. `span` is the text of its stage, `spans`
    those of its inputs' uses where they are known (else empty). `automatic` says that its name was made, not given.
    """

    name: str
    operation: Operation
    inputs: tuple[str, ...] = ()
    parameters: Mapping[str, ParameterSetting] = msgspec.field(default_factory=dict)
    phases: frozenset[str]
    automatic: bool = False
    span: Span
    input_spans: tuple[Span, ...] = ()

    @property
    def kind(self) -> str:
        """Name of the kind, for people."""
        match self.operation:
            case Configured():
                return self.operation.name
            case FieldInput():
                return "field"
            case PhaseSwitch():
                return "when"
            case Transfer():
                return self.operation.pattern


@dataclass(frozen=True)
class LayerGraph:
    """A frozen DAG of nodes. Make one with `of`."""

    _dag: nx.DiGraph = field(repr=False)  # nx.freeze'd; each node holds one attribute, "node"

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> LayerGraph:
        """A graph of these nodes; every input must be among them, and there must be no cycle."""
        dag = nx.DiGraph()
        nodes = tuple(nodes)
        for node in nodes:
            dag.add_node(node.name, node=node)
        for node in nodes:
            for source in node.inputs:
                dag.add_edge(source, node.name)
        assert len(dag) == len(nodes), "an input is not among the nodes"
        return cls(nx.freeze(dag))

    def __eq__(self, other: object) -> bool:
        """Whether both hold equal nodes."""
        return isinstance(other, LayerGraph) and self.in_order == other.in_order

    def __hash__(self) -> int:
        return hash(tuple(self._dag))

    def __len__(self) -> int:
        """Number of nodes."""
        return len(self._dag)

    def __contains__(self, name: str) -> bool:
        """Whether there is a node of this name."""
        return name in self._dag

    def __getitem__(self, name: str) -> Node:
        """The node of this name."""
        node: Node = self._dag.nodes[name]["node"]
        return node

    @cached_property
    def in_order(self) -> tuple[Node, ...]:
        """Nodes, sources first; ties go by name, so every run and machine sees one order."""
        return tuple(self[name] for name in nx.lexicographical_topological_sort(self._dag))

    def consumers(self, name: str) -> tuple[str, ...]:
        """Names of the nodes that read this one, sorted."""
        return tuple(sorted(self._dag.successors(name)))

    def between(self, first: str, last: str) -> frozenset[str]:
        """Names of the nodes on any path from `first` to `last`, both included; empty where there is no path."""
        if first == last:
            return frozenset([first])
        down = nx.descendants(self._dag, first) | {first}
        up = nx.ancestors(self._dag, last) | {last}
        found = down & up
        return frozenset(found if first in found and last in found else ())

    def ancestors(self, names: Iterable[str]) -> frozenset[str]:
        """These nodes and all that they need."""
        needed: set[str] = set()
        for name in names:
            if name not in needed:
                needed |= nx.ancestors(self._dag, name) | {name}
        return frozenset(needed)

    def in_phase(self, phase: str) -> LayerGraph:
        """The nodes that exist in a phase, its phase switches bypassed."""
        standing: dict[str, str] = {}
        kept: list[Node] = []
        for node in self.in_order:
            if phase not in node.phases:
                continue
            inputs = tuple(standing.get(source, source) for source in node.inputs)
            if isinstance(node.operation, PhaseSwitch):
                standing[node.name] = inputs[0 if phase in node.operation.phases else 1]
            else:
                kept.append(msgspec.structs.replace(node, inputs=inputs))
        return LayerGraph.of(kept)


def find_cycle(edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Names along one cycle of a graph given as name -> names it needs; empty where there is none."""
    dag = nx.DiGraph((name, needed) for name in sorted(edges) for needed in sorted(edges[name]))
    try:
        return tuple(first for first, _ in nx.find_cycle(dag))
    except nx.NetworkXNoCycle:
        return ()


def generations(edges: Mapping[Name, Iterable[Name]]) -> tuple[tuple[Name, ...], ...]:
    """The nodes of a graph without cycles, given as node -> nodes it needs, by generation: each needs only earlier ones.

    In a generation they stand as in `edges`.
    """
    dag = nx.DiGraph()
    dag.add_nodes_from(edges)
    dag.add_edges_from((needed, node) for node, needs in edges.items() for needed in needs)
    place = {node: number for number, node in enumerate(edges)}
    return tuple(tuple(sorted(nodes, key=place.__getitem__)) for nodes in nx.topological_generations(dag))
