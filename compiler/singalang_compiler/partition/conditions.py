"""What forbids a section to be cut as it was decided, and what is only approximate in it. Cuts nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from singalang_compiler.codes.e0506_sync_conflict import SyncConflict
from singalang_compiler.codes.e0516_not_in_pieces import NotInPieces
from singalang_compiler.codes.e0517_batch_statistics import BatchStatistics
from singalang_compiler.job import Topology, Train
from singalang_compiler.partition.cut_net import Cut, CutNet
from singalang_compiler.partition.kind_facts import KindFacts
from singalang_compiler.shaped import ShapedNode
from singalang_grammar.diagnostics import Diagnostic


def statistics_in_parts(
    nodes: Iterable[ShapedNode], facts: Mapping[str, KindFacts], topology: Topology, micro_batches: int
) -> Iterator[Diagnostic]:
    """Layers that need the statistics of a batch that comes in parts."""
    exact = topology.sync.exact
    parts = topology.sync.shards if exact else micro_batches
    field, what = ("shards", f"{parts} shards") if exact else ("micro_batches", f"{parts} micro-batches")
    place, cure = topology.places.get(field, topology.span), "leave `exact` out" if exact else "use `micro_batches = 1`"
    for node in nodes if parts > 1 else ():
        if node.node.name in facts and facts[node.node.name].exchange:
            yield BatchStatistics(node.node.name, what, cure, node.node.span, place).diagnostic()


def exact_norms(train: Train, topology: Topology) -> Iterator[Diagnostic]:
    """Exact sums beside a norm that several servers find together: its last bits would depend on their number."""
    servers, span = topology.server_groups * topology.servers_per_group, topology.places.get("exact", topology.span)
    if topology.sync.exact and train.updater.clip_norm is not None and servers > 1 and span is not None:
        title, reason = "`exact` beside `clip_norm` needs one server", f"{servers} servers would add up the norm in parts"
        yield SyncConflict(title, reason, span, "use `servers = groups(1)`, or leave `clip_norm` out").diagnostic()


def not_in_pieces(train: Train, topology: Topology, net: CutNet) -> Iterator[Diagnostic]:
    """An algorithm that works on the whole net, and a net that does not stay whole."""
    instance = train.algorithm.instance()
    reason = instance.cuts() if instance is not None else None
    otherwise = next((node for node in net.nodes if node.cut.name != "batch"), None)
    if reason is not None and (len(net.pieces) > 1 or net.connections or otherwise):
        what = f"`{otherwise.name}` is not cut by batch" if otherwise else f"the net is cut into {len(net.pieces)} pieces"
        yield NotInPieces(train.algorithm.name, reason, what, train.span, topology.span).diagnostic()


def approximations(
    nodes: Iterable[ShapedNode], facts: Mapping[str, KindFacts], cuts: Mapping[str, Cut], workers: int, micro_batches: int
) -> Iterator[str]:
    """What is only approximate because a layer sees a part of the batch at a time."""
    for name in (node.node.name for node in nodes if node.node.name in facts):
        text = facts[name].approximation
        if text is not None and (micro_batches > 1 or (workers > 1 and cuts[name].name == "batch")):
            yield f"{name}: {text}"
