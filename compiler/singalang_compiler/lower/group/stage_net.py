"""What is fixed of a stage's net and of its pieces before their kernels are made. Holds no array."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from singalang_compiler.lower.group.holding import Held
from singalang_compiler.lower.group.returning import Returning, returning
from singalang_compiler.lower.late_bias import LateBias, late_biases
from singalang_compiler.lower.section import Section
from singalang_compiler.partition.cut_net import CutNet, CutNode, Piece
from singalang_compiler.plan import FieldRecord


@dataclass(frozen=True)
class StageNet:
    """A net in a phase as the workers of a stage with `own_rows` rows see it: what their pieces have in common."""

    section: Section
    net: CutNet
    held: Held
    own_rows: int

    @cached_property
    def nodes(self) -> dict[str, CutNode]:
        """The nodes of all stages, by the names of their values."""
        return {node.name: node for node in self.net.nodes}

    @cached_property
    def fields(self) -> dict[str, FieldRecord]:
        """The fields that the net reads."""
        return dict(self.section.fields(self.net.phase))

    @cached_property
    def late(self) -> dict[str, LateBias]:
        """Biases that might be added after the next layer."""
        return late_biases(self.section.net.phases[self.net.phase])

    @cached_property
    def returning(self) -> dict[int, Returning]:
        """The backward passes of the pieces, by level."""
        return returning(self.net, self.held.stage, self.held)


@dataclass(frozen=True)
class PieceNet:
    """A piece of a stage's net: what is fixed before its kernels are made."""

    stage: StageNet
    piece: Piece

    @property
    def section(self) -> Section:
        """The train section."""
        return self.stage.section

    @property
    def net(self) -> CutNet:
        """The whole net in its phase."""
        return self.stage.net

    @property
    def held(self) -> Held:
        """What its workers hold."""
        return self.stage.held

    @property
    def own_rows(self) -> int:
        """Rows of each of its workers in a micro-batch."""
        return self.stage.own_rows

    @property
    def back(self) -> Returning:
        """Its backward pass, in the phase `train`."""
        return self.stage.returning[self.piece.level]

    @property
    def training(self) -> bool:
        """Whether it is a piece of the phase `train`."""
        return self.net.phase == "train"

    @cached_property
    def nodes(self) -> tuple[CutNode, ...]:
        """Its nodes, in an order in which they can be computed."""
        return tuple(self.stage.nodes[name] for name in self.piece.nodes)

    @cached_property
    def losses(self) -> tuple[CutNode, ...]:
        """Its loss layers that belong to the objective."""
        return tuple(node for node in self.nodes if node.name in self.section.train.losses)

    @cached_property
    def counts_loss(self) -> bool:
        """Whether the weight of the objective's row is counted here: where the first loss is, for it must be counted once."""
        return any(node.name == self.section.train.losses[0] for node in self.losses)

    @cached_property
    def reports(self) -> bool:
        """Whether it adds to the rows of metrics."""
        own = {node.name for node in self.nodes if node.part == "layer"}
        return bool(self.losses) or any(row.layer in own for row in self.section.rows)

    def node(self, name: str) -> CutNode:
        """A node of the whole net."""
        return self.stage.nodes[name]

    @cached_property
    def late(self) -> dict[str, LateBias]:
        """Biases that are added after the next layer: both layers stand in this piece, and the pieces that they work on are the
        same."""
        own = {node.name: node for node in self.nodes if node.part == "layer"}
        found = {name: self.stage.late[name] for name in own if name in self.stage.late}
        return {name: late for name, late in found.items() if late.layer in own and _follows(own[name])}

    @cached_property
    def moved(self) -> frozenset[tuple[str, str]]:
        """(layer, parameter) of these biases."""
        return frozenset((late.layer, late.name) for late in self.late.values())


def _follows(node: CutNode) -> bool:
    """Whether a layer reads what the layer before it gives as it lies."""
    read = node.inputs[0]
    return read.view.distribution == read.wanted


def by_batch(node: CutNode) -> bool:
    """Whether each worker computes a node for its own rows alone."""
    return node.part == "statistic" or node.cut.name == "batch"
