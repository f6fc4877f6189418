"""What a topology asks for of each layer of a section, as far as it can be had; what cannot be is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from singalang_compiler.codes.e0511_no_such_cut import NoSuchCut
from singalang_compiler.codes.e0512_uneven_cut import UnevenCut
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Placing, Topology
from singalang_compiler.library.tensors import Shape
from singalang_compiler.partition.kind_facts import KindFacts
from singalang_compiler.partition.offers import Offer, Ways, alone, offer, ways
from singalang_compiler.partition.shares import Shares
from singalang_compiler.shaped import ShapedNode
from singalang_grammar.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a section when its layers are cut. `placing` and `facts` are by layer, `shapes` by parameter."""

    topology: Topology
    placing: Mapping[str, Placing]
    facts: Mapping[str, KindFacts]
    shapes: Mapping[str, Shape]
    shares: Shares
    workers: int  # of one stage


@dataclass
class Offers:
    """What is offered of each layer of a phase, and what is wrong with what is asked for. `failed`: something is."""

    of: dict[str, Offer] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    failed: bool = False  # also where it was reported before


def offer_cuts(nodes: Iterable[ShapedNode], asked: Asked, even: bool) -> Offers:
    """The cuts that every layer may have; `even`: its workers share the rows of a batch evenly."""
    offers = Offers()
    for node in nodes:
        if not isinstance(node.node.operation, FieldInput):
            offers.of[node.node.name] = _offered(node, asked, even, offers)
    return offers


def _offered(node: ShapedNode, asked: Asked, even: bool, offers: Offers) -> Offer:
    placing = asked.placing.get(node.node.name, Placing())
    offered = ways(node, asked.facts[node.node.name].partitions, asked.shapes, asked.workers, even)
    said = placing.partition or asked.topology.partition
    if said in ("batch", "feature"):
        _check(node, said, placing, offered, asked, offers)
    if asked.workers == 1:
        return alone(node)
    return offer(offered, placing, asked.topology.partition)


def _check(node: ShapedNode, said: str, placing: Placing, offered: Ways, asked: Asked, offers: Offers) -> None:
    """Reports a partition that a rule asks for and that cannot be, and a batch that cannot be shared."""
    named, exact = placing.named and placing.partition_span is not None, asked.topology.sync.exact and said == "batch"
    if offered.named(said):
        return
    if said in offered.kinds and said == "batch":
        offers.failed = True
        offers.problems += [asked.shares.fault] if asked.shares.fault else []
        return
    span = placing.partition_span if named else asked.topology.places.get("exact", asked.topology.span) if exact else None
    if span is None:
        return
    offers.failed = True
    name, kind = node.node.name, node.node.kind
    if said not in offered.kinds:
        offers.problems.append(NoSuchCut(name, kind, said, offered.kinds, span, node.node.span).diagnostic())
    elif asked.workers > 1:
        uneven = offered.uneven[said]
        offers.problems.append(UnevenCut(name, uneven.what, uneven.length, asked.workers, span, node.node.span).diagnostic())
