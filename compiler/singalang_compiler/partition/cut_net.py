"""A net cut among the workers of a group: what `partition` makes and `place` and `lower` read. Types only.

The workers of a group are divided evenly among the stages; those of one stage share its layers, each layer by a partition of its
kind. Values lie among them in distributions (`geometry`). Where a layer wants a value in another distribution, or in another
stage, a connection stands between; a value that is whole on every worker is cut where it is read, which moves nothing. The
layers of a stage between two connections make up a piece: one kernel.

Names. A view is a value in a distribution on the workers of one stage: `fc1@batch`. A value is named by its node; what a layer
lets its workers exchange beforehand, such as batch statistics, is the value `bn1.statistic` (`Layer.exchanges`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import msgspec

from singalang_compiler.geometry import Distribution, Extent
from singalang_compiler.job import Topology
from singalang_compiler.library.tensors import Partition
from singalang_compiler.shaped import ShapedJob, ShapedNode
from singalang_grammar.source import Spanned

CutReason: TypeAlias = Literal[
    "written",  # an `on` rule that names the layer says so
    "topology-default",  # `partition` of the topology
    "only-worker",  # there is one worker in its stage
    "cheapest",  # the cost model chose, and it is proven that nothing is cheaper in it
    "cheapest-found",  # the cost model chose among the best that it kept: not proven
    "cheapest-that-fits",  # the cost model chose, and what is cheaper needs more memory than a process has
    "no-such-cut",  # the default is a partition that the kind does not have
    "not-divisible",  # the default would cut an axis or a batch into unequal parts
]
"""Why a layer is cut as it is: a closed list."""


class Cut(msgspec.Struct, frozen=True):
    """How a layer is cut: by one of its kind's partitions, or not at all (None), then every worker of the stage computes all."""

    partition: Partition | None = None

    @property
    def name(self) -> Literal["batch", "feature", "none"]:
        """The word of the language for it."""
        return self.partition.name if self.partition else "none"

    @property
    def label(self) -> str:
        """The word, with what tells partitions of one name apart: `feature` (outputs cut), `feature (partial sums)`."""
        return f"{self.name} (partial sums)" if self.partition and self.partition.partial else self.name


class Rejected(msgspec.Struct, frozen=True):
    """Another way to cut a layer, and what a step would cost with it, the other layers as they are; or `why` it is not possible."""

    cut: str
    step_s: float | None = None
    why: str | None = None


class CutDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Why a layer is cut as it is. `step_s` is the predicted cost of a step as decided, comparable with that of `rejected`."""

    layer: str
    cut: str
    stage: int
    stage_reason: Literal["written", "follows-inputs", "only-stage"]
    reason: CutReason
    step_s: float
    rejected: tuple[Rejected, ...] = ()


class View(msgspec.Struct, frozen=True):
    """A value in a distribution, on the workers of the stage that is spoken of."""

    value: str
    distribution: Distribution

    @property
    def name(self) -> str:
        """Its name, unique on a worker."""
        return f"{self.value}@{self.distribution}"


class Input(msgspec.Struct, frozen=True):
    """An input of a node: the view that the worker has, and the distribution in which the layer reads it.

    They differ only where the view is whole and the layer reads a part (`slice`): each worker then takes its own.
    """

    view: View
    wanted: Distribution


class CutNode(Spanned, frozen=True, kw_only=True):
    """A layer or metric of a phase, cut. `part` tells a layer from what it computes for the exchange before it (`statistic`).

    `inputs` are those of the layer, in order. For `part = layer` with a statistic, `statistic` is the view of it, whole.
    `level`: number of the piece in its stage. `output`: how the value lies that the node gives; losses and metrics give one number
    a record. `learns`: a gradient flows through its output to the objective from something that learns at it or before it.
    """

    APART: ClassVar[frozenset[str]] = frozenset({"shaped"})
    name: str  # of the layer; `layer.statistic` for its statistic
    shaped: ShapedNode
    part: Literal["layer", "statistic"] = "layer"
    stage: int
    level: int
    cut: Cut
    inputs: tuple[Input, ...]
    statistic: View | None = None
    output: Distribution
    record: tuple[int, ...]  # shape of one record of the output as the array lies; a statistic's: flat
    channels_last: bool = False
    learns: bool = False
    remat: bool = False

    @property
    def view(self) -> View:
        """The view that it gives."""
        return View(self.name, self.output)


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """What moves between workers: a value from a view in one stage to a view in the same or a later one.

    `kind` is the name of the pattern: within a stage `all_to_all` (batch and feature pieces change), `all_gather` (pieces to
    whole), `reduce_scatter` (summands to pieces), `all_reduce` (summands to whole); between stages `send`, whatever the
    distributions. `returns`: a gradient comes back, by the transposed map.
    """

    name: str  # `all_to_all(conv2)`, unique in its net
    kind: Literal["all_to_all", "all_gather", "reduce_scatter", "all_reduce", "send"]
    value: str
    source: Distribution
    target: Distribution
    source_stage: int
    target_stage: int
    extent: Extent
    dtype: Literal["float", "i32"] = "float"
    channels_last: bool = False
    returns: bool = False
    consumers: tuple[str, ...] = ()  # nodes that read it


class FieldView(msgspec.Struct, frozen=True):
    """A field of the data as a stage's workers are fed it: their own rows (`batch`) or all rows of the micro-batch (`whole`)."""

    field: str  # `data.field`
    distribution: Distribution

    @property
    def name(self) -> str:
        """Its view's name."""
        return f"{self.field}@{self.distribution}"


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """The layers of one stage and level: what one kernel computes forward, and one backward, or one both.

    `backward`: `none` where nothing learns at it or before it; `fused` where no gradient comes back to it from elsewhere, so that
    one kernel does both passes; else `apart`. `reads` are views that earlier pieces of the stage gave or that were received;
    `gives` are views of its nodes that later pieces of the stage read or that connections take. `receives`: connections that no
    earlier piece of the stage needed. `returns`: of `reads` those whose gradient the backward pass gives. `learned`: of `gives`
    those for whose gradient it waits.
    """

    stage: int
    level: int
    nodes: tuple[str, ...]
    fields: tuple[FieldView, ...] = ()
    reads: tuple[View, ...] = ()
    gives: tuple[View, ...] = ()
    receives: tuple[str, ...] = ()  # connections that it is the first of its stage to need
    sends: tuple[str, ...] = ()  # connections that leave after it
    returns: tuple[View, ...] = ()
    learned: tuple[View, ...] = ()
    backward: Literal["none", "apart", "fused"] = "none"


class CutNet(msgspec.Struct, frozen=True, kw_only=True):
    """A net in one phase, cut. `nodes` stand in an order in which they can be computed, fields left out.

    `workers` and `rows` are those of one stage: rows of each of its workers in one micro-batch. Micro-batch m of the batch is
    its m-th equal part in order; in it the workers take theirs in the order of their positions. With `shards` (exact sums)
    `micro_batches` is the number of shards of each worker, and worker i takes shards i * micro_batches and following.
    """

    phase: str
    workers: int
    stages: int
    micro_batches: int
    rows: tuple[int, ...]
    nodes: tuple[CutNode, ...]
    connections: tuple[Connection, ...]
    pieces: tuple[Piece, ...]  # by stage, then level
    shards: int = 0

    def node(self, name: str) -> CutNode:
        """The node of this name."""
        return next(node for node in self.nodes if node.name == name)

    def connection(self, name: str) -> Connection:
        """The connection of this name."""
        return next(connection for connection in self.connections if connection.name == name)

    def of_stage(self, stage: int) -> tuple[Piece, ...]:
        """The pieces of a stage, first to last."""
        return tuple(piece for piece in self.pieces if piece.stage == stage)


class StoredParameter(msgspec.Struct, frozen=True, kw_only=True):
    """How a parameter is kept: whole by every worker of the stages that use it, or cut along `axis` (of its own shape) among the
    workers of its one stage, where all its uses agree on that. One that no phase with data uses is kept by the first stage."""

    name: str
    axis: int | None
    stages: tuple[int, ...]
    reason: Literal["uses-agree", "uses-differ", "not-cut"]


class CutSection(msgspec.Struct, frozen=True, kw_only=True):
    """One train section, cut: its nets by phase (`train`, and `val` and `test` where they have data), and its parameters.

    `whole` stands for one worker with one server, one micro-batch and no shards: nothing is cut, and one kernel does a step. A
    section with a mistake has no nets either, nor has one with a user's kind that was not run.
    """

    train: int  # place of the section in the job
    topology: Topology
    whole: bool
    nets: Mapping[str, CutNet] = msgspec.field(default_factory=dict)
    stored: tuple[StoredParameter, ...] = ()
    decisions: tuple[CutDecision, ...] = ()
    approximations: tuple[str, ...] = ()


class Partitioned(Spanned, frozen=True):
    """A shaped job, each train section cut by the topology that serves it."""

    shaped: ShapedJob
    sections: tuple[CutSection, ...]
