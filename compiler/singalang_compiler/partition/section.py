"""One train section, cut: its nets in the phases with data, its parameters, and why each layer is cut as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from singalang_compiler.codes.e0516_not_in_pieces import NotInPieces
from singalang_compiler.codes.e0517_batch_statistics import BatchStatistics
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Placing, SourceUse, Topology, Train
from singalang_compiler.library.kinds import Configured
from singalang_compiler.machine import Machine
from singalang_compiler.partition.candidates import Candidates
from singalang_compiler.partition.cut_net import Cut, CutDecision, CutNet, CutSection
from singalang_compiler.partition.decide import Asked, offer_cuts
from singalang_compiler.partition.learning import learning_nodes, learning_parameters, scaled_uses
from singalang_compiler.partition.pieces import pieces_of
from singalang_compiler.partition.shares import Shares, data_of, evaluation_rows, training_shares
from singalang_compiler.partition.stages import Stages, assign_stages
from singalang_compiler.partition.stored import stored_parameters
from singalang_compiler.partition.wiring import Sketch, wire
from singalang_compiler.shaped import ShapedJob, ShapedNode
from singalang_grammar.diagnostics import Diagnostic, Outcome

_PHASES = ("train", "val", "test")


def cut_section(shaped: ShapedJob, number: int, topology: Topology, machine: Machine) -> Outcome[CutSection]:
    """A train section, cut by a topology under which it is not whole; None where something is wrong with it.

    A net with layers of unknown shape, because of an earlier mistake or because a user's file was not run, is not cut.
    """
    train = shaped.job.trains[number]
    net = shaped.nets.get(train.net)
    phases = [(phase, net.phases[phase]) for phase in _PHASES if phase in net.phases] if net else []
    data = data_of(shaped.job, phases[0][1]) if phases else None
    if net is None or data is None or phases[0][0] != "train" or "train" not in data.sources:
        return Outcome(None)
    placing = {layer: said for (of, layer), said in topology.placing.items() if of == train.net}
    stages = assign_stages(phases, placing, topology)
    if stages.problems or stages.told:
        return Outcome(None, tuple(stages.problems))
    if not all(_is_known(node) for _, nodes in phases for node in nodes):
        return Outcome(None)
    shares = training_shares(data, topology, stages.count)
    asked = Asked(
        topology=topology,
        placing=placing,
        shapes={name: use.shape for name, use in shaped.parameters.items()},
        shares=shares,
        workers=topology.workers_per_group // stages.count,
    )
    work = _Work(shaped, train, number, topology, stages, asked, dict(phases))
    return work.cut()


def _is_known(node: ShapedNode) -> bool:
    return node.spec is not None and (isinstance(node.node.operation, FieldInput) or node.instance is not None)


@dataclass(frozen=True)
class _Work:
    shaped: ShapedJob
    train: Train
    number: int
    topology: Topology
    stages: Stages
    asked: Asked
    phases: Mapping[str, Sequence[ShapedNode]]

    def cut(self) -> Outcome[CutSection]:
        shares = self.asked.shares
        decided = offer_cuts(self.phases["train"], self.asked, shares.even)
        problems = [*([shares.problem] if shares.problem else ()), *decided.problems, *self._statistics_in_parts()]
        cuts, offered = decided.cuts, dict(decided.candidates)
        for phase, nodes in self.phases.items():
            if phase != "train":
                more = offer_cuts([node for node in nodes if node.node.name not in cuts], self.asked, True)
                problems += more.problems
                cuts |= more.cuts
                offered |= more.candidates
        if problems or decided.failed:
            return Outcome(None, tuple(problems))
        nets = {phase: self._net(phase, nodes, cuts) for phase, nodes in self.phases.items()}
        problems += self._algorithm_in_pieces(nets["train"])
        uses = scaled_uses(self.shaped, self.train)
        section = CutSection(
            train=self.number,
            topology=self.topology,
            whole=False,
            nets=nets,
            stored=stored_parameters({name: use.shape for name, use in uses.items()}, nets.values()),
            decisions=tuple(self._decision(name, cuts[name], found) for name, found in offered.items()),
            approximations=self._approximations(cuts, shares),
        )
        return Outcome(section, tuple(problems))

    def _net(self, phase: str, nodes: Sequence[ShapedNode], cuts: Mapping[str, Cut]) -> CutNet:
        training, shares = phase == "train", self.asked.shares
        rows = shares.rows if training else evaluation_rows(self._use(phase), self.asked.workers)
        sketch = Sketch(
            nodes=nodes,
            cuts=cuts,
            stages=self.stages.of,
            rows=rows,
            learns=self._learning() if training else (),
            exchange=self._exchange(cuts) if training else {},
            remat=[name for name in cuts if self._remat(name)] if training else (),
        )
        wired, connections = wire(sketch)
        return CutNet(
            phase=phase,
            workers=self.asked.workers,
            stages=self.stages.count,
            micro_batches=shares.micro_batches if training else 1,
            rows=rows,
            nodes=wired,
            connections=connections,
            pieces=pieces_of(wired, connections),
            shards=self.topology.sync.shards if training and self.topology.sync.exact else 0,
        )

    def _use(self, phase: str) -> SourceUse:
        data = data_of(self.shaped.job, self.phases[phase])
        assert data is not None
        return data.sources[phase]

    def _learning(self) -> frozenset[str]:
        nodes = self.phases["train"]
        learning = learning_parameters(scaled_uses(self.shaped, self.train), nodes)
        return learning_nodes(nodes, self.train.losses, learning)

    def _exchange(self, cuts: Mapping[str, Cut]) -> dict[str, int]:
        """The layers that share batch statistics among several workers, each with how many numbers it tells."""
        if self.asked.workers == 1:
            return {}
        found = {node.node.name: _exchanged(node) for node in self.phases["train"]}
        return {name: count for name, count in found.items() if count and cuts[name].name == "batch"}

    def _remat(self, name: str) -> bool:
        said = self.asked.placing.get(name, Placing()).remat
        return self.topology.remat if said is None else said

    def _statistics_in_parts(self) -> list[Diagnostic]:
        """Layers that need the statistics of a batch that comes in parts."""
        exact = self.topology.sync.exact
        parts = self.topology.sync.shards if exact else self.asked.shares.micro_batches
        if parts == 1:
            return []
        field, what = ("shards", f"{parts} shards") if exact else ("micro_batches", f"{parts} micro-batches")
        place = self.topology.places.get("sync" if exact else field, self.topology.span)
        nodes = [node for node in self.phases["train"] if _exchanged(node)]
        return [BatchStatistics(node.node.name, what, f"{field} = 1", node.node.span, place).diagnostic() for node in nodes]

    def _algorithm_in_pieces(self, net: CutNet) -> list[Diagnostic]:
        """An algorithm that works on the whole net, and a net that does not stay whole."""
        instance = self.train.algorithm.instance()
        reason = instance.cuts() if instance is not None else None
        otherwise = [node for node in net.nodes if node.cut.name != "batch"]
        if reason is None or (len(net.pieces) == 1 and not net.connections and not otherwise):
            return []
        what = f"`{otherwise[0].name}` is not cut by batch" if otherwise else f"cuts the net into {len(net.pieces)} pieces"
        return [NotInPieces(self.train.algorithm.name, reason, what, self.train.span, self.topology.span).diagnostic()]

    def _approximations(self, cuts: Mapping[str, Cut], shares: Shares) -> tuple[str, ...]:
        """What is only approximate because layers see a part of the batch."""
        found = []
        for node in self.phases["train"]:
            name = node.node.name
            parted = shares.micro_batches > 1 or (self.asked.workers > 1 and name in cuts and cuts[name].name == "batch")
            text = node.instance.approximation() if parted and _is_layer(node) else None
            if text is not None:
                found.append(f"{name}: {text}")
        return tuple(found)

    def _decision(self, name: str, cut: Cut, found: Candidates) -> CutDecision:
        return CutDecision(
            layer=name,
            cut=cut.label,
            stage=self.stages.of[name],
            stage_reason=self.stages.reasons[name],
            reason=found.reason,
            step_s=0.0,
            rejected=found.impossible,
        )


def _is_layer(node: ShapedNode) -> bool:
    operation = node.node.operation
    return isinstance(operation, Configured) and operation.kind.family == "layers"


def _exchanged(node: ShapedNode) -> int:
    """How many numbers each worker tells the others before a layer; 0 for all other nodes."""
    return node.instance.exchange(node.inputs) if _is_layer(node) else 0
