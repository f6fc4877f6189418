"""The records of a plan: the readable, hashed statement of everything that a run will do. Knows no stage that makes it.

Canonical: sorted keys, two-space indent, what is short on one line, what has its default left out, a final newline, no clock, no
host name, no absolute path; equal inputs give equal bytes. Kernels lie beside it (`<plan>.kernels/<sha256>.stablehlo`). A worker
reads it and needs nothing else but the data.
"""

from __future__ import annotations

import hashlib
from inspect import cleandoc
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec

from singalang_compiler.canonical import text_of
from singalang_compiler.plan_group import BufferRecord, GroupRecord, Record

FORMAT = "1.1"
"""Version of the records. Minor: fields added, readers ignore them. Major: readers refuse."""


class SourceFile(Record, frozen=True, kw_only=True):
    """A text that the plan was made from: path as the user wrote it."""

    path: str
    sha256: str


class KindRecord(Record, frozen=True, kw_only=True):
    """A kind with its attributes, for people and for what the runtime opens (sources)."""

    kind: str
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)
    file: str | None = None  # name of the file beside the kernels that holds a user's source kind


class FieldRecord(Record, frozen=True, kw_only=True):
    """A field of a data section. `storage` is the NumPy dtype in which it travels; `mean_file`, `std_file`: one record each."""

    name: str
    shape: tuple[int, ...]
    dtype: Literal["float", "i32"]
    classes: int | None = None
    storage: str
    mean: float = 0.0
    std: float = 1.0
    mean_file: str | None = None
    std_file: str | None = None


class SourceRecord(Record, frozen=True, kw_only=True):
    """Where the records of one phase come from."""

    source: KindRecord
    batch: int
    shuffle: bool
    random_skip: int
    split: Literal["train", "test", "all"]


class DataRecord(Record, frozen=True, kw_only=True):
    """A data section: `sources` by phase."""

    name: str
    fields: tuple[FieldRecord, ...]
    sources: dict[str, SourceRecord]
    records: int | None = None


class ParameterRecord(Record, frozen=True, kw_only=True):
    """A parameter. `name` is `layer.parameter`, with `net.` before it where the job has several nets; unique in the job.

    `init_kernel` makes its first value, flat, from a key folded from seed and name. `layers` are the layers that use it.
    """

    name: str
    shape: tuple[int, ...]
    init: KindRecord
    init_kernel: str
    lr_scale: float = 1.0
    wd_scale: float = 1.0
    layers: tuple[str, ...] = ()


class StateRecord(Record, frozen=True, kw_only=True):
    """Numbers that a layer carries from step to step: `layer.state`."""

    name: str
    shape: tuple[int, ...]
    initial: float


class LayerRecord(Record, frozen=True, kw_only=True):
    """One layer, for people: shapes are those of one record, flops of one record's forward and backward pass."""

    name: str
    kind: str
    attributes: dict[str, Any]
    inputs: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: tuple[str, ...] = ()
    forward_flops: int = 0
    backward_flops: int = 0
    phases: tuple[str, ...] = ()


class Argument(Record, frozen=True, kw_only=True):
    """One argument or result of a kernel: an array of `shape` and NumPy `dtype`. A donated one is overwritten."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    donated: bool = False


class KernelRecord(Record, frozen=True, kw_only=True):
    """A kernel: its file's name is its key in the plan. `inputs` and `outputs` are in calling order."""

    role: str
    inputs: tuple[Argument, ...]
    outputs: tuple[Argument, ...]
    flops: int
    bytes: int  # of the file


class Dispatch(Record, frozen=True, kw_only=True):
    """How steps are handed to the device: `loop` one by one, `scan` or `unroll` `count` of them in one kernel."""

    mode: Literal["loop", "scan", "unroll"]
    count: int
    reason: str


class StepsRecord(Record, frozen=True, kw_only=True):
    """A number of steps, or of epochs where it is known only when the data are opened."""

    steps: int | None = None
    epochs: float | None = None


class Feed(Record, frozen=True, kw_only=True, tag="feed"):
    """Take the next batch of a phase."""

    phase: str


class Run(Record, frozen=True, kw_only=True, tag="run"):
    """Run a kernel of the section: `step`."""

    kernel: str


class Act(Record, frozen=True, kw_only=True, tag="act"):
    """A periodic action, due after step `after`, `after + period`, ... None: at the end of the section alone."""

    action: Literal["val", "test", "checkpoint", "log"]
    period: StepsRecord | None = None
    after: StepsRecord | None = None
    batches: int | None = None


class Program(Record, frozen=True, kw_only=True):
    """What is done in one train section: `step` for every step, then the `acts` that are due, at last `end`. The steps of a group
    stand with its roles, and here there are none."""

    step: tuple[Feed | Run, ...]
    acts: tuple[Act, ...]
    end: tuple[Act, ...]


class PredictRecord(Record, frozen=True, kw_only=True):
    """What `singa predict` writes: `fields` are the fields it must be given, `classes` the number of classes or None."""

    kernel: str
    fields: tuple[str, ...]
    shape: tuple[int, ...]
    classes: int | None = None


class SectionRecord(Record, frozen=True, kw_only=True):
    """One train section. `kernels`: by role (`step`, `steps`, `evaluate/test`, `evaluate/val`), the kernel's key.

    `parameters`, `slots` and `state` are the buffers that the kernels take, in this order. `metrics` are the rows that they add
    up, the objective first; a metric that a phase does not report keeps weight 0 there. `step_s` is the predicted time of a step.
    `scales` holds (lr_scale, wd_scale) of the parameters of which the section's own rules say something.
    """

    name: str
    net: str
    algorithm: KindRecord
    updater: KindRecord
    rate: KindRecord
    weight_decay: float
    clip: tuple[float, float] | None
    clip_norm: float | None
    steps: StepsRecord
    seed: int
    precision: Literal["f32", "f64", "bf16"]
    data: tuple[str, ...]
    batch: int
    layers: tuple[LayerRecord, ...]
    parameter_names: tuple[str, ...]
    parameters: tuple[BufferRecord, ...]
    slots: tuple[BufferRecord, ...]
    state: tuple[BufferRecord, ...]
    states: tuple[StateRecord, ...]
    metrics: tuple[str, ...]
    metric_better: dict[str, Literal["higher", "lower"]]
    metric_percent: tuple[str, ...]
    kernels: dict[str, str]
    dispatch: Dispatch
    program: str
    step_s: float
    start: str | None = None
    predict: PredictRecord | None = None
    scales: dict[str, tuple[float, float]] = msgspec.field(default_factory=dict)
    group: GroupRecord | None = None  # None: one worker and one server in one process, whose kernel `step` does all


class ProcessRecord(Record, frozen=True, kw_only=True):
    """One process of the job and the roles in it."""

    name: str
    roles: tuple[str, ...]


Reason: TypeAlias = Literal[
    "only-worker",
    "written",
    "default",
    "tiny-steps",
    "convolutions-on-cpu",
    "large-steps",
    "backend-cpu",
    "backend-any",
    "group-steps",
    "topology-default",
    "cheapest",
    "cheapest-found",
    "cheapest-that-fits",
    "no-such-cut",
    "not-divisible",
    "follows-inputs",
    "only-stage",
    "uses-agree",
    "uses-differ",
    "not-cut",
    "balanced",
    "only-server",
    "where-it-is-held",
]
"""Why something was chosen: a closed list."""


class RejectedRecord(Record, frozen=True, kw_only=True):
    """What might have been chosen instead: the predicted time of a step with it, or why it was not possible."""

    choice: str
    step_s: float | None = None
    why: str | None = None


class Decision(Record, frozen=True, kw_only=True):
    """Something the compiler chose, with its reason from a closed list. `step_s` is comparable with that of `rejected`."""

    about: str
    chosen: str
    reason: Reason
    step_s: float | None = None
    rejected: tuple[RejectedRecord, ...] = ()


class Estimate(Record, frozen=True, kw_only=True):
    """What the run is predicted to need. Memory per process: parameters, gradients, updater state, residuals, batches."""

    step_s: float
    total_s: float | None
    flops_per_step: int
    memory_bytes: dict[str, int]
    parameter_bytes: int
    slot_bytes: int
    gradient_bytes: int
    residual_bytes: int
    link_bytes_per_step: int = 0


class TopologyRecord(Record, frozen=True, kw_only=True):
    """The chosen topology. `restarts`: how often a group that lost a process is started again, None for without end;
    `heartbeat_s`: time between two signs of life of a process."""

    name: str
    worker_groups: int
    workers_per_group: int
    server_groups: int
    servers_per_group: int
    restarts: int | None = 3
    heartbeat_s: float = 1.0


class Plan(Record, frozen=True, kw_only=True, omit_defaults=False):
    """A whole plan. `sha256` is that of the plan as JSON without blanks, keys sorted, `sha256` left out."""

    format: str = FORMAT
    singalang: str
    jax: str
    name: str
    sources: tuple[SourceFile, ...]
    settings: dict[str, str]
    machine: str
    machine_sha256: str
    platforms: tuple[str, ...]
    semantics: Literal["bitwise", "synchronous", "asynchronous"]
    topology: TopologyRecord
    data: tuple[DataRecord, ...]
    parameters: tuple[ParameterRecord, ...]
    sections: tuple[SectionRecord, ...]
    processes: tuple[ProcessRecord, ...]
    programs: dict[str, Program]
    kernels: dict[str, KernelRecord]
    decisions: tuple[Decision, ...]
    approximations: tuple[str, ...]
    estimate: Estimate
    sha256: str = ""


def kernels_folder(plan: Path) -> Path:
    """Where the kernels of a plan lie: those of `model.json` in `model.kernels`."""
    return plan.with_suffix(".kernels")


def to_bytes(plan: Plan) -> bytes:
    """The canonical bytes of a plan, its hash filled in."""
    bare = msgspec.structs.replace(plan, sha256="")
    return text_of(msgspec.to_builtins(msgspec.structs.replace(plan, sha256=_sha256(bare)), order="sorted")).encode()


def _sha256(record: Plan | dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()


def has_own_hash(content: bytes) -> bool:
    """Whether the hash in the bytes of a plan is that of all that stands in it, fields of newer versions included: False for one
    edited by hand."""
    record = msgspec.json.decode(content)
    stated = record.get("sha256")
    return stated is not None and bool(_sha256(record | {"sha256": ""}) == stated)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of plan.json."""
    schema = _dedented(msgspec.json.schema(Plan))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"singalang plan, format {FORMAT}", **schema}


def _dedented(schema: Any) -> Any:
    """The schema with its descriptions, which are docstrings, as every version of Python should have them."""
    match schema:
        case dict():
            return {key: cleandoc(value) if key == "description" else _dedented(value) for key, value in schema.items()}
        case list():
            return [_dedented(value) for value in schema]
        case _:
            return schema


def json_schema_text() -> str:
    """The schema as it is published in `docs/plan.schema.json`."""
    return msgspec.json.format(msgspec.json.encode(json_schema(), order="sorted"), indent=2).decode() + "\n"
