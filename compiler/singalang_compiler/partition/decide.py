"""Which cut each layer of a section gets, with the reason, and what is wrong with what the program asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from singalang_compiler.codes.e0511_no_such_cut import NoSuchCut
from singalang_compiler.codes.e0512_uneven_cut import UnevenCut
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Placing, Topology
from singalang_compiler.library.tensors import Shape
from singalang_compiler.partition.candidates import Candidates, Ways, alone, candidates, partitions_of, ways
from singalang_compiler.partition.cut_net import Cut
from singalang_compiler.partition.shares import Shares
from singalang_compiler.shaped import ShapedNode
from singalang_grammar.diagnostics import Diagnostic


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is known of a section when its layers are cut. `placing` is by layer, `shapes` are those of all parameters."""

    topology: Topology
    placing: Mapping[str, Placing]
    shapes: Mapping[str, Shape]
    shares: Shares
    workers: int  # of one stage


@dataclass
class Decisions:
    """The candidates and the cut of each layer of a phase, and what is wrong."""

    candidates: dict[str, Candidates] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    failed: bool = False  # also where what is wrong was reported before

    @property
    def cuts(self) -> dict[str, Cut]:
        """The first candidate of each layer."""
        return {name: found.allowed[0] for name, found in self.candidates.items()}


def offer_cuts(nodes: Sequence[ShapedNode], asked: Asked, even: bool) -> Decisions:
    """The candidates of every layer of a phase; `even`: its workers share the rows of a batch evenly."""
    decisions = Decisions()
    for node in nodes:
        if not isinstance(node.node.operation, FieldInput):
            decisions.candidates[node.node.name] = _offered(node, asked, even, decisions)
    return decisions


def _offered(node: ShapedNode, asked: Asked, even: bool, decisions: Decisions) -> Candidates:
    placing = asked.placing.get(node.node.name, Placing())
    partitions = partitions_of(node)
    offered = ways(node, partitions, asked.shapes, asked.workers, even)
    said = placing.partition or asked.topology.partition
    if said in ("batch", "feature"):
        _check(node, said, placing, offered, asked, decisions)
    if asked.workers == 1:
        return alone(node)
    return candidates(offered, placing, asked.topology.partition)


def _check(node: ShapedNode, said: str, placing: Placing, offered: Ways, asked: Asked, decisions: Decisions) -> None:
    """Reports a partition that a rule asks for and that cannot be, and a batch that cannot be shared."""
    named, exact = placing.named and placing.partition_span is not None, asked.topology.sync.exact
    if offered.named(said):
        return
    if said in offered.kinds and said == "batch":
        decisions.failed = True
        decisions.problems += [asked.shares.fault] if asked.shares.fault else []
        return
    span = placing.partition_span if named else asked.topology.places.get("sync", asked.topology.span) if exact else None
    if span is None:
        return
    decisions.failed = True
    name, kind = node.node.name, node.node.kind
    if said not in offered.kinds:
        decisions.problems.append(NoSuchCut(name, kind, said, offered.kinds, span, node.node.span).diagnostic())
    elif asked.workers > 1:
        uneven = offered.uneven[said]
        decisions.problems.append(UnevenCut(name, uneven.what, uneven.length, asked.workers, span, node.node.span).diagnostic())
