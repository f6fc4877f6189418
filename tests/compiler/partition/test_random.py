"""Random nets, cut: what must hold of every cut net, worked out again from the layers themselves."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings

from singalang_compiler.graph import FieldInput, Transfer
from singalang_compiler.partition.as_graph import graph_of
from singalang_compiler.partition.cut_net import CutNet, CutNode, CutSection, Piece, View
from tests.compiler.partition.cutting import only, outcome
from tests.compiler.partition.random_programs import programs

ALL = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cut(text: str) -> CutSection:
    found = outcome(text)
    assert not found.failed, [(one.code, one.title) for one in found.diagnostics]
    return only(found)


def reads_of(node: CutNode) -> list[View]:
    return [read.view for read in node.inputs] + ([node.statistic] if node.statistic else [])


def check_wiring(net: CutNet) -> None:
    """Each layer reads what it wants from where it is; each connection has its reason; levels are the smallest possible."""
    nodes = {node.name: node for node in net.nodes}
    brought = {(one.target_stage, View(one.value, one.target)): one for one in net.connections}
    assert len(brought) == len(net.connections) == len({one.name for one in net.connections})
    consumers: dict[str, set[str]] = {one.name: set() for one in net.connections}
    for node in net.nodes:
        level = 0
        for read in node.inputs:
            assert read.wanted == read.view.distribution or read.view.distribution.kind == "whole"
        for view in reads_of(node):
            if view.value not in nodes:
                continue
            source, connection = nodes[view.value], brought.get((node.stage, view))
            assert source.stage <= node.stage
            if connection is None:
                assert source.stage == node.stage and source.view == view
                level = max(level, source.level)
            else:
                consumers[connection.name].add(node.name)
                level = max(level, source.level + 1 if source.stage == node.stage else 0)
        assert node.level == level
    for one in net.connections:
        source = nodes[one.value]
        assert (one.source, one.source_stage, one.extent.record) == (source.output, source.stage, source.record)
        assert one.target.kind != "partial" and set(one.consumers) == consumers[one.name]
        assert (one.kind == "send") == (one.source_stage < one.target_stage)
        assert one.kind == "send" or (one.source != one.target and one.source.kind != "whole")
        for distribution in (one.source, one.target):
            assert distribution.kind != "feature" or one.extent.shape[distribution.axis] % net.workers == 0


def check_pieces(net: CutNet) -> None:
    """Every node is in one piece, and every piece finds what it reads: fed, given before, or received."""
    nodes = {node.name: node for node in net.nodes}
    assert Counter(name for piece in net.pieces for name in piece.nodes) == Counter(list(nodes))
    sent = Counter(name for piece in net.pieces for name in piece.sends)
    received = Counter(name for piece in net.pieces for name in piece.receives)
    assert sent == received == Counter(one.name for one in net.connections)
    for stage in range(net.stages):
        pieces = net.of_stage(stage)
        assert [piece.level for piece in pieces] == list(range(len(pieces))) and pieces
        there: set[View] = set()
        for piece in pieces:
            for name in piece.receives:
                there.add(View(net.connection(name).value, net.connection(name).target))
            check_reads(piece, nodes, there)
            there |= set(piece.gives)


def check_reads(piece: Piece, nodes: dict[str, CutNode], there: set[View]) -> None:
    own = {nodes[name].view for name in piece.nodes}
    wanted = {view for name in piece.nodes for view in reads_of(nodes[name])}
    assert wanted - own == {View(one.field, one.distribution) for one in piece.fields} | set(piece.reads)
    assert set(piece.reads) <= there and set(piece.gives) <= own


def check_gradients(net: CutNet, losses: set[str]) -> None:
    """Gradients come back to all who wait for them, from all who give them, and to nobody else."""
    nodes = {node.name: node for node in net.nodes}
    pieces = {name: piece for piece in net.pieces for name in piece.nodes}
    readers = {(name, view) for name, node in nodes.items() for view in reads_of(node)}
    for name, node in nodes.items():
        flows = [reader for reader, view in readers if view.value == name and nodes[reader].learns]
        assert not node.learns or flows or name in losses
    for piece in net.pieces:
        learns = {name for name in piece.nodes if nodes[name].learns}
        assert (piece.backward == "none") == (not learns)
        assert piece.backward != "fused" or not piece.learned
        assert piece.backward != "apart" or piece.learned
        assert set(piece.returns) == {
            view for name in learns for view in reads_of(nodes[name]) if view in piece.reads and nodes[view.value].learns
        }
        elsewhere = set()
        for one in net.connections:
            assert one.returns == (nodes[one.value].learns and any(nodes[name].learns for name in one.consumers))
            elsewhere |= {nodes[one.value].view} if one.returns and one.value in piece.nodes else set()
        for reader, view in readers:
            if view in piece.gives and pieces[reader] is not piece and nodes[reader].stage == piece.stage and nodes[reader].learns:
                elsewhere |= {view} if nodes[view.value].learns and view == nodes[view.value].view else set()
        assert set(piece.learned) == elsewhere


@given(programs())
@ALL
def test_every_layer_finds_what_it_reads_and_nothing_moves_without_need(text: str) -> None:
    section = cut(text)
    for net in section.nets.values():
        check_wiring(net)
        check_pieces(net)


@given(programs())
@ALL
def test_gradients_come_back_to_those_who_wait_for_them(text: str) -> None:
    section = cut(text)
    check_gradients(section.nets["train"], {"loss", "other"})
    assert not any(node.learns for node in section.nets["test"].nodes)


@given(programs())
@ALL
def test_phases_agree_on_stages_and_cuts_and_parameters_are_cut_evenly(text: str) -> None:
    section = cut(text)
    train, test = section.nets["train"], section.nets["test"]
    here = {node.name: (node.stage, node.cut) for node in train.nodes if node.part == "layer"}
    assert here == {node.name: (node.stage, node.cut) for node in test.nodes}
    assert {one.layer: (one.stage, one.cut) for one in section.decisions} == {
        name: (stage, cut.label) for name, (stage, cut) in here.items()
    }
    for stored in section.stored:
        uses = [node for node in train.nodes for link in node.shaped.parameters.values() if link.name == stored.name]
        assert stored.stages == tuple(sorted({node.stage for node in uses}))
        assert (stored.axis is None) == (not uses[0].cut.partition or not uses[0].cut.partition.parameters)
    assert sum(train.rows) * train.micro_batches == 32 and sum(test.rows) == -(-10 // test.workers) * test.workers


@given(programs())
@settings(ALL, max_examples=30)
def test_a_cut_net_is_a_graph_with_its_connections_between_the_layers(text: str) -> None:
    net = cut(text).nets["train"]
    graph = graph_of(net)
    order = [node.name for node in graph.in_order]
    fields = [node for node in graph.in_order if isinstance(node.operation, FieldInput)]
    moved = [node for node in graph.in_order if isinstance(node.operation, Transfer)]
    assert len(order) == len(net.nodes) + len(net.connections) + len(fields)
    assert [node.kind for node in moved] == [net.connection(node.name).kind for node in moved]
    for one in net.connections:
        assert graph[one.name].inputs == (one.value,) and set(graph.consumers(one.name)) == set(one.consumers)


@pytest.mark.parametrize("partition", ["batch", "feature", "auto"])
def test_the_same_program_is_cut_the_same(partition: str) -> None:
    body = "\n".join(f"  h{one} = {f'h{one - 1}' if one else 'd.x'} -> dense(8) -> relu" for one in range(20))
    text = (
        'data d { x: f32[8], y: class(8), train = csv("a.csv", batch = 32) }\n'
        f"net model {{\n{body}\n loss = (h19, d.y) -> softmax_loss }}\nupdater sgd {{ lr = 0.1 }}\ntrain {{ steps = 1 }}\n"
        f"topology t {{ workers = groups(1, size = 4), partition = {partition} }}\n"
    )
    assert repr(cut(text)) == repr(cut(text))
