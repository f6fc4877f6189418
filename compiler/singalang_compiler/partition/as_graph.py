"""A net that is cut as a layer graph, its connections nodes between the layers: for people, and for what walks graphs."""

from __future__ import annotations

from singalang_compiler.graph import FieldInput, LayerGraph, Node, Transfer
from singalang_compiler.partition.cut_net import Connection, CutNet, CutNode, View
from singalang_compiler.shaped import ShapedNode


def graph_of(net: CutNet) -> LayerGraph:
    """The layers of a net in its phase, its fields, and a node for each connection, which stands before those that read it."""
    brought = {(one.target_stage, View(one.value, one.target)): one.name for one in net.connections}
    names = {node.name for node in net.nodes}
    nodes = [_layer(node, brought) for node in net.nodes]
    spans = {node.name: node for node in nodes}
    fields = {field.name: field for node in net.nodes for field in _fields(node.shaped, names, net.phase)}
    return LayerGraph.of((*fields.values(), *nodes, *(_transfer(one, spans[one.value]) for one in net.connections)))


def _layer(node: CutNode, brought: dict[tuple[int, View], str]) -> Node:
    views = [read.view for read in node.inputs] + ([node.statistic] if node.statistic else [])
    own = node.shaped.node
    return Node(
        name=node.name,
        operation=own.operation,
        inputs=tuple(brought.get((node.stage, view), view.value) for view in views),
        parameters=own.parameters,
        phases=own.phases,
        automatic=own.automatic,
        span=own.span,
    )


def _fields(node: ShapedNode, layers: set[str], phase: str) -> list[Node]:
    """The fields that a layer reads, as nodes."""
    assert node.inputs is not None
    found = []
    for source, spec in zip(node.node.inputs, node.inputs.tensors, strict=True):
        if source not in layers:
            data, _, name = source.partition(".")
            found.append(Node(name=source, operation=FieldInput(data, name, spec), phases=frozenset({phase}), span=node.node.span))
    return found


def _transfer(connection: Connection, producer: Node) -> Node:
    stages = (connection.source_stage, connection.target_stage)
    return Node(
        name=connection.name,
        operation=Transfer(connection.kind, str(connection.source), str(connection.target), stages),
        inputs=(connection.value,),
        phases=producer.phases,
        span=producer.span,
    )
