"""Text form of nets that are cut, for `singac --emit partition`: what each layer reads, what moves, and why it is so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from singalang_compiler.job import Job
from singalang_compiler.partition.cut_net import Connection, CutDecision, CutNet, CutNode, CutSection, Partitioned, Piece

_BACKWARD = {"none": "forward only", "apart": "forward, and backward later", "fused": "forward and backward at once"}


def cut_lines(partitioned: Partitioned) -> Iterator[str]:
    """The train sections of a job, one after the other."""
    yield "Partitioned"
    for section in partitioned.sections:
        yield f"  - {_section(section, partitioned.shaped.job)}"
        yield from _indented(_told(section), 4)


def _section(section: CutSection, job: Job) -> str:
    topology, train = section.topology, job.trains[section.train]
    name = f"{train.name or 'train'}, by topology {topology.name}"
    net = section.nets.get("train")
    if section.whole or net is None:
        return f"{name}: {'one worker with one server does whole steps' if section.whole else 'not cut'}"
    parts = f", {net.micro_batches} micro-batches" if net.micro_batches > 1 and not net.shards else ""
    parts += f", {net.shards} shards" if net.shards else ""
    stages = f" in {net.stages} stages" if net.stages > 1 else ""
    return f"{name}: {topology.workers_per_group} workers{stages}{parts}"


def _told(section: CutSection) -> Iterator[str]:
    yield from _table("layers", (_decision(one) for one in section.decisions))
    rows = (
        (one.name, "whole" if one.axis is None else f"cut along axis {one.axis}", f"in stage {_listed(one.stages)}", one.reason)
        for one in section.stored
    )
    yield from _table("parameters", rows)
    if section.approximations:
        yield "approximations:"
        yield from _indented(section.approximations, 2)
    for net in section.nets.values():
        yield f"net in {net.phase}, a worker's rows at a time {_listed(net.rows)}:"
        yield from _indented(_net(net), 2)


def _decision(one: CutDecision) -> Sequence[str]:
    others = "; ".join(f"{it.cut}: {it.why}" if it.step_s is None else f"{it.cut}: {_ms(it.step_s)}" for it in one.rejected)
    taken = f"{_ms(one.step_s)} a step" if one.step_s else ""
    return (
        one.layer,
        f"stage {one.stage} ({one.stage_reason})",
        f"{one.cut} ({one.reason})",
        taken,
        f"not {others}" if others else "",
    )


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.4g} ms"


def _net(net: CutNet) -> Iterator[str]:
    nodes = {node.name: node for node in net.nodes}
    connections = {one.name: one for one in net.connections}
    for piece in net.pieces:
        yield f"stage {piece.stage}, level {piece.level}, {_BACKWARD[piece.backward]}:"
        yield from _indented(_piece(piece, nodes, connections), 2)


def _piece(piece: Piece, nodes: dict[str, CutNode], connections: dict[str, Connection]) -> Iterator[str]:
    rows = [_node(nodes[name]) for name in piece.nodes]
    yield from (f"after {name}" for name in piece.receives)
    yield from _aligned(rows)
    yield from (_connection(connections[name]) for name in piece.sends)


def _node(node: CutNode) -> Sequence[str]:
    reads = [
        read.view.name if read.view.distribution == read.wanted else f"{read.wanted} of {read.view.name}" for read in node.inputs
    ]
    reads += [node.statistic.name] if node.statistic else []
    kind = node.shaped.node.kind if node.part == "layer" else f"{node.part} of {node.shaped.node.name}"
    shape = f"{list(node.record)}, channels last" if node.channels_last else str(list(node.record))
    return (
        f"{node.name}: {kind}",
        node.cut.label,
        f"({', '.join(reads)})",
        f"-> {node.output} {shape}",
        "remat" if node.remat else "",
    )


def _connection(one: Connection) -> str:
    way = "there and back" if one.returns else "there"
    stages = f", stage {one.source_stage} to {one.target_stage}" if one.source_stage != one.target_stage else ""
    return f"then {one.name}: {one.source} -> {one.target}{stages}, {way}, for {', '.join(one.consumers)}"


def _listed(numbers: Iterable[int]) -> str:
    """Numbers, those that stand several times told by their count."""
    found = list(numbers)
    if len(found) > 1 and len(set(found)) == 1:
        return f"{len(found)} x {found[0]}"
    return ", ".join(map(str, found))


def _table(head: str, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    found = list(rows)
    if found:
        yield f"{head}:"
        yield from _indented(_aligned(found), 2)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows with their columns below one another."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width).rstrip()


def _indented(lines: Iterable[str], depth: int) -> Iterator[str]:
    return (" " * depth + line for line in lines)
