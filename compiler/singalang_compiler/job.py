"""The settings of a job, every name in them looked up: what `resolve` makes beside the layer graphs. Holds no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import msgspec

from singalang_compiler.graph import LayerGraph
from singalang_compiler.library.kinds import Configured, Kind
from singalang_compiler.library.tensors import TensorSpec
from singalang_grammar.source import Source, Span, Spanned

PHASES = ("train", "val", "test", "deploy", "sample")
"""The phases, a closed list; the first three have sources."""


class Epochs(Spanned, frozen=True):
    """A number of steps that is known when the data are opened: `epochs(n)`."""

    count: float


Steps: TypeAlias = int | Epochs


class Field(Spanned, frozen=True, kw_only=True):
    """A declared field of a record. `mean` and `std` are numbers, or the path of a file that holds one record."""

    name: str
    spec: TensorSpec
    mean: float | str = 0.0
    std: float | str = 1.0
    span: Span


class SourceUse(Spanned, frozen=True, kw_only=True):
    """The source of one phase. `batch` is a list only where the rows of the workers are given one by one."""

    phase: str
    source: Configured
    batch: int | tuple[int, ...]
    shuffle: bool
    random_skip: int
    split: Literal["train", "test", "all"]
    span: Span

    @property
    def rows(self) -> int:
        """Records of one batch of a worker group."""
        return self.batch if isinstance(self.batch, int) else sum(self.batch)


class Data(Spanned, frozen=True, kw_only=True):
    """A `data` section. `records` is the number of training records, where the program says it."""

    name: str
    fields: tuple[Field, ...]
    sources: Mapping[str, SourceUse]
    records: int | None = None
    span: Span


class Net(Spanned, frozen=True, kw_only=True):
    """A `net` section."""

    name: str
    graph: LayerGraph
    span: Span


class UpdaterUse(Spanned, frozen=True, kw_only=True):
    """An updater with the fields that all updaters have. `clip` is (low, high); `rate` is a schedule, `fixed` for a number."""

    updater: Configured
    rate: Configured
    weight_decay: float = 0.0
    clip: tuple[float, float] | None = None
    clip_norm: float | None = None
    span: Span


class Every(Spanned, frozen=True):
    """A periodic action: after step `after`, after + period, ...; `batches` None takes the whole source."""

    period: Steps
    after: Steps
    batches: int | None = None


class Scales(Spanned, frozen=True):
    """What a train section's `on` rules say of one layer: None where they say nothing."""

    lr_scale: float | None = None
    wd_scale: float | None = None
    span: Span | None = None  # of the last rule


class Train(Spanned, frozen=True, kw_only=True):
    """A `train` section. `name` is None for the unnamed one; `actions` holds `val`, `test`, `checkpoint`, `log`."""

    name: str | None
    net: str
    losses: tuple[str, ...]  # names of the loss layers that make the objective
    algorithm: Configured
    steps: Steps
    updater: UpdaterUse
    actions: Mapping[str, Every]
    topology: str | None = None
    start: str | None = None
    seed: int = 0
    precision: Literal["f32", "bf16", "f64"] = "f32"
    accumulate: int = 1
    average: float | None = None
    stop: tuple[str, int] | None = None
    scales: Mapping[str, Scales] = msgspec.field(default_factory=dict)  # by layer
    span: Span


class Placing(Spanned, frozen=True):
    """What a topology's `on` rules say of one layer: None where they say nothing.

    `partition_span` and `stage_span` are where partition and stage are said. `named`: the rule that says the partition means the
    layer by a name, a glob, a range or its kind, so that it must be cut as it says; by `all` it need not.
    """

    APART: ClassVar[frozenset[str]] = frozenset({"partition_span", "stage_span"})
    partition: str | None = None
    stage: int | None = None
    device: str | None = None
    remat: bool | None = None
    named: bool = False
    partition_span: Span | None = None
    stage_span: Span | None = None


class Sync(Spanned, frozen=True):
    """How worker and server groups exchange: the fields of a `sync` section, presets filled in."""

    every: int = 1
    staleness: int | None = 0  # None: unbounded
    outer: Configured | None = None
    combine: Literal["mean", "sum"] = "mean"
    fragments: int = 1
    overlap: int = 0
    mix: float = 1.0
    deltas: Literal["f32", "bf16", "int8"] = "f32"
    quorum: int | None = None
    deadline_s: float | None = None
    exact: bool = False
    shards: int = 1


class Topology(Spanned, frozen=True, kw_only=True):
    """A `topology` section: who does the work. `placing` is by net and layer.

    `places`: where its fields, and those of its `sync` section, are written.
    """

    APART: ClassVar[frozenset[str]] = frozenset({"places"})
    name: str
    preset: str | None = None
    worker_groups: int = 1
    workers_per_group: int = 1
    server_groups: int = 1
    servers_per_group: int = 1
    separate: bool = False
    partition: str = "batch"
    link_bits_per_s: float | None = None
    link_latency_s: float | None = None
    memory_bytes: int | None = None
    micro_batches: int = 1
    remat: bool = False
    restarts: int | None = 3
    heartbeat_s: float = 1.0
    warmup_steps: int = 0
    sync: Sync = Sync()
    placing: Mapping[tuple[str, str], Placing] = msgspec.field(default_factory=dict)
    places: Mapping[str, Span] = msgspec.field(default_factory=dict)
    span: Span | None = None

    @property
    def workers(self) -> int:
        """Workers of all groups."""
        return self.worker_groups * self.workers_per_group


class Sample(Spanned, frozen=True, kw_only=True):
    """A `sample` section."""

    name: str | None
    net: str
    feed: tuple[str, str]  # data section, field
    draw: str  # layer
    steps: int = 100
    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0
    span: Span


class Job(Spanned, frozen=True):
    """A resolved program. `topology` is the chosen one; `settings` is what was said with `--set`, as written."""

    APART: ClassVar[frozenset[str]] = frozenset({"sources"})
    name: str
    data: Mapping[str, Data]
    nets: Mapping[str, Net]
    trains: tuple[Train, ...]
    topologies: Mapping[str, Topology]
    topology: Topology
    samples: tuple[Sample, ...] = ()
    settings: Mapping[str, str] = msgspec.field(default_factory=dict)
    args: Mapping[str, object] = msgspec.field(default_factory=dict)
    sources: tuple[Source, ...] = ()  # every .singa and .py file read, the main one first
    user_kinds: tuple[Kind, ...] = ()
