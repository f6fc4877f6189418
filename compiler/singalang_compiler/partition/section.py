"""One train section, cut: its nets in the phases with data, its parameters, and why each layer is cut as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Data, Placing, Topology, Train
from singalang_compiler.library.tensors import Shape
from singalang_compiler.machine import Machine
from singalang_compiler.partition.asking import Asked, offer_cuts
from singalang_compiler.partition.conditions import approximations, exact_norms, not_in_pieces, statistics_in_parts
from singalang_compiler.partition.cut_net import Cut, CutNet, CutSection
from singalang_compiler.partition.deciding import Decided, decide_cuts, follow_cuts, setting_of
from singalang_compiler.partition.kind_facts import KindFacts, kind_facts
from singalang_compiler.partition.learning import learning_nodes, learning_parameters, scaled_uses
from singalang_compiler.partition.offers import NOT_CUT, ways
from singalang_compiler.partition.pieces import pieces_of
from singalang_compiler.partition.shares import Shares, data_of, evaluation_rows, training_shares
from singalang_compiler.partition.stages import Stages, assign_stages
from singalang_compiler.partition.stored import stored_parameters
from singalang_compiler.partition.wiring import Sketch, wire
from singalang_compiler.shaped import ParameterUse, ShapedJob, ShapedNode
from singalang_grammar.diagnostics import Diagnostic, Outcome

_PHASES = ("train", "val", "test")


def cut_section(shaped: ShapedJob, number: int, topology: Topology, machine: Machine) -> Outcome[CutSection]:
    """A train section, cut by a topology under which it is not whole; None where something is wrong with it.

    A net with layers of unknown shape, because of an earlier mistake or because a user's file was not run, is not cut.
    """
    train = shaped.job.trains[number]
    net = shaped.nets.get(train.net)
    phases = {phase: net.phases[phase] for phase in _PHASES if phase in net.phases} if net else {}
    data = data_of(shaped.job, phases.get("train", ()))
    if data is None or "train" not in data.sources:
        return Outcome(None)
    placing = {layer: said for (of, layer), said in topology.placing.items() if of == train.net}
    stages = assign_stages(tuple(phases.values()), placing, topology)
    if stages.problems or stages.told or not all(_is_known(node) for nodes in phases.values() for node in nodes):
        return Outcome(None, tuple(stages.problems))
    work = _Work(shaped, number, topology, machine, data, phases, placing, stages)
    section = work.cut()
    return Outcome(None if work.failed else section, tuple(work.problems))


def _is_known(node: ShapedNode) -> bool:
    return node.spec is not None and (isinstance(node.node.operation, FieldInput) or node.instance is not None)


@dataclass
class _Work:
    """A section on its way to be cut. `failed`: something is wrong, perhaps reported before."""

    shaped: ShapedJob
    number: int
    topology: Topology
    machine: Machine
    data: Data
    phases: Mapping[str, Sequence[ShapedNode]]
    placing: Mapping[str, Placing]
    stages: Stages
    facts: dict[str, KindFacts] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)
    failed: bool = False

    @property
    def train(self) -> Train:
        return self.shaped.job.trains[self.number]

    @cached_property
    def workers(self) -> int:
        """Workers of one stage."""
        return self.topology.workers_per_group // self.stages.count

    @cached_property
    def shares(self) -> Shares:
        return training_shares(self.data, self.topology, self.stages.count)

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Shapes of the net's parameters."""
        return {name: use.shape for name, use in self._uses.items()}

    @cached_property
    def trained(self) -> frozenset[str]:
        return learning_parameters(self._uses, self.phases["train"])

    @cached_property
    def learns(self) -> frozenset[str]:
        return learning_nodes(self.phases["train"], self.train.losses, self.trained)

    @cached_property
    def _uses(self) -> Mapping[str, ParameterUse]:
        return scaled_uses(self.shaped, self.train)

    def cut(self) -> CutSection | None:
        self._ask_kinds()
        if self.failed:
            return None
        shares = self.shares
        self._report([shares.problem] if shares.problem else [])
        self._report(exact_norms(self.train, self.topology))
        self._report(statistics_in_parts(self.phases["train"], self.facts, self.topology, shares.micro_batches))
        decided = self._decided()
        if self.failed:
            return None
        nets = {phase: self._net(phase, self._cuts_in(phase, decided.cuts)) for phase in self.phases}
        self._report(not_in_pieces(self.train, self.topology, nets["train"]))
        return CutSection(
            train=self.number,
            topology=self.topology,
            whole=False,
            nets=nets,
            stored=stored_parameters(self.shapes, nets.values()),
            decisions=decided.decisions,
            approximations=self._approximations(decided.cuts),
        )

    def _ask_kinds(self) -> None:
        """Finds out once of every layer how it can be cut."""
        ranks = {name: len(shape) for name, shape in self.shapes.items()}
        for node in (node for nodes in self.phases.values() for node in nodes):
            name = node.node.name
            if name not in self.facts and not isinstance(node.node.operation, FieldInput):
                said = kind_facts(node, self.shaped.job.sources, ranks)
                if isinstance(said, KindFacts):
                    self.facts[name] = said
                else:
                    self._report([said])

    def _report(self, problems: Iterable[Diagnostic], failed: bool = False) -> None:
        found = list(problems)
        self.problems += found
        self.failed |= failed or bool(found)

    def _decided(self) -> Decided:
        """The cuts of all layers: training decides, and other phases do for layers that it does not have."""
        asked = Asked(self.topology, self.placing, self.facts, self.shapes, self.shares, self.workers)
        offers = offer_cuts(self.phases["train"], asked, self.shares.even)
        others = (node for nodes in self.phases.values() for node in nodes if node.node.name not in offers.of)
        more = offer_cuts(others, asked, True)
        for found in (offers, more):
            self._report(found.problems, found.failed)
        if self.failed:
            return Decided({}, ())
        setting = setting_of(self.train, self.topology, self.machine, self.shares, self.stages, self.shapes, self.trained)
        remat = frozenset(filter(self._remat, offers.of))
        first = decide_cuts(self.phases["train"], offers.of, self.stages, self.learns, remat, setting)
        rest = follow_cuts(more.of, self.stages)
        return Decided({**first.cuts, **rest.cuts}, first.decisions + rest.decisions)

    def _net(self, phase: str, cuts: Mapping[str, Cut]) -> CutNet:
        training, nodes, shares = phase == "train", self.phases[phase], self.shares
        rows = shares.rows if training else evaluation_rows(self.data.sources[phase], self.workers)
        sketch = Sketch(
            nodes=nodes,
            cuts=cuts,
            stages=self.stages.of,
            rows=rows,
            learns=self.learns if training else (),
            exchange=self._exchange(cuts) if training else {},
            remat=frozenset(name for name in cuts if self._remat(name)) if training else (),
        )
        wired, connections = wire(sketch)
        return CutNet(
            phase=phase,
            workers=self.workers,
            stages=self.stages.count,
            micro_batches=shares.micro_batches if training else 1,
            rows=rows,
            nodes=wired,
            connections=connections,
            pieces=pieces_of(wired, connections),
            shards=self.topology.sync.shards if training and self.topology.sync.exact else 0,
        )

    def _cuts_in(self, phase: str, cuts: Mapping[str, Cut]) -> Mapping[str, Cut]:
        """The cuts of a phase: those of training, but for layers that have other shapes here and could not be cut so."""
        trained = {node.node.name: node for node in self.phases["train"]}
        changed: dict[str, Cut] = {}
        for node in self.phases[phase]:
            name = node.node.name
            if name in cuts and name in trained and cuts[name].name == "feature" and node.inputs != trained[name].inputs:
                said = kind_facts(node, self.shaped.job.sources, {own: len(shape) for own, shape in self.shapes.items()})
                offered = ways(node, said.partitions, self.shapes, self.workers, True) if isinstance(said, KindFacts) else None
                changed[name] = cuts[name] if offered and cuts[name] in offered.possible else NOT_CUT
        return {**cuts, **changed}

    def _exchange(self, cuts: Mapping[str, Cut]) -> dict[str, int]:
        """The layers that share batch statistics among several workers, each with how many numbers it tells."""
        found = {name: facts.exchange for name, facts in self.facts.items() if facts.exchange and self.workers > 1}
        return {name: count for name, count in found.items() if cuts[name].name == "batch"}

    def _approximations(self, cuts: Mapping[str, Cut]) -> tuple[str, ...]:
        return tuple(approximations(self.phases["train"], self.facts, cuts, self.workers, self.shares.micro_batches))

    def _remat(self, name: str) -> bool:
        said = self.placing.get(name, Placing()).remat
        return self.topology.remat if said is None else said
