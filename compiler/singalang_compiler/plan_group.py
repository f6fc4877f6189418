"""The records of a plan that concern groups of workers: connections, slices, the programs of workers and servers, their buffers.

Size grows with layers and processes, never with their product: workers that do the same share a role.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from math import prod
from typing import Literal, TypeAlias

import msgspec

from singalang_compiler.geometry import Distribution, Extent


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all records: frozen, every field by name, those that have their defaults left out of the text."""

    def __post_init__(self) -> None:
        """Makes a number or text that equals its default the default itself: only that does msgspec leave out."""
        for name, default in _plain_defaults(type(self)):
            if getattr(self, name) == default:
                msgspec.structs.force_setattr(self, name, default)


@cache
def _plain_defaults(record: type[Record]) -> tuple[tuple[str, float | str], ...]:
    """The fields of a record that have a number or a text as default, with it."""
    found = ((one.name, one.default) for one in msgspec.structs.fields(record))
    return tuple((name, default) for name, default in found if isinstance(default, float | int | str))


class Segment(Record, frozen=True, kw_only=True):
    """Where one tensor lies in a flat buffer: elements `offset` to `offset + size`."""

    name: str
    offset: int
    size: int


class BufferRecord(Record, frozen=True, kw_only=True):
    """A flat array of the job's precision that kernels take whole. Large tensors have one of their own, small ones share."""

    name: str
    size: int
    segments: tuple[Segment, ...]


class ConnectionRecord(Record, frozen=True, kw_only=True):
    """A value that moves between workers in each micro-batch: from a view in one stage to one in the same or a later stage.

    A worker that sends has the array `<value>@<source>`, one that receives gets `<value>@<target>`; which blocks go where says
    `geometry.blocks`. With `returns` the gradient comes back by the transposed map: from `gradient/<value>@<target>` of the
    receivers to `gradient/<value>@<source>/<name>` of the senders. `step_bytes` is what all workers together move to other
    workers in one step, both ways.
    """

    name: str
    kind: Literal["all_to_all", "all_gather", "reduce_scatter", "all_reduce", "send"]
    phase: str
    value: str
    source: Distribution
    target: Distribution
    source_stage: int
    target_stage: int
    extent: Extent
    dtype: str  # NumPy's
    returns: bool
    consumers: tuple[str, ...]
    step_bytes: int


class StoredRecord(Record, frozen=True, kw_only=True):
    """How a parameter is kept: whole by every worker of its stages (`axis` None), or cut evenly along an axis of its shape among
    the workers of its one stage. A cut parameter's pieces are called `<name>[<position>]`, and each lies flat, row after row.

    `at_home`: so many first elements of every piece are in the slice of the server that lives in the process of the piece's
    holder, as far as one lives there. The scales are those of this train section.
    """

    name: str
    shape: tuple[int, ...]
    axis: int | None
    stages: tuple[int, ...]
    reason: Literal["uses-agree", "uses-differ", "not-cut"]
    at_home: int = 0
    lr_scale: float = 1.0
    wd_scale: float = 1.0


class SliceSegment(Record, frozen=True, kw_only=True):
    """Elements `offset` to `offset + size` of a stored parameter, or of one of its pieces, each taken flat.

    In a `ServerRecord` one may go on into the pieces after `position`, each from its beginning; `by_piece` breaks it up.
    """

    parameter: str
    position: int | None = None  # of the piece, for a cut parameter
    offset: int
    size: int


class ServerRecord(Record, frozen=True, kw_only=True):
    """One server of the group: the process it lives in, and its slice. `size` is that of its buffers, which are as long as the
    longest slice (the same kernel serves all servers); the rest is 0. `segments` leaves out what is `at_home`, so that records
    grow with parameters and servers but not with their product: the slice is what `GroupRecord.segments_of` says."""

    name: str
    process: str
    segments: tuple[SliceSegment, ...]
    size: int


class FeedStep(Record, frozen=True, kw_only=True, tag="feed"):
    """Take the fields of one micro-batch."""

    micro: int = 0


class RunStep(Record, frozen=True, kw_only=True, tag="run"):
    """Run a call of the role for one micro-batch."""

    call: str
    micro: int = 0


class SendStep(Record, frozen=True, kw_only=True, tag="send"):
    """Give the blocks of a connection to those who need them; with `back` the gradient's."""

    connection: str
    micro: int = 0
    back: bool = False


class ReceiveStep(Record, frozen=True, kw_only=True, tag="receive"):
    """Wait for the blocks of a connection and put them together; with `back` the gradient's."""

    connection: str
    micro: int = 0
    back: bool = False


class ClearStep(Record, frozen=True, kw_only=True, tag="clear"):
    """Set the gradients to 0, to which the micro-batches add theirs. With one micro-batch, and with exact sums, whose shards are
    pushed one by one, there is none: kernels then write gradients instead of adding to them."""


class PushStep(Record, frozen=True, kw_only=True, tag="push"):
    """Give the servers the gradients; with exact sums those of one shard, `micro`, else of the whole step."""

    micro: int | None = None


class PullStep(Record, frozen=True, kw_only=True, tag="pull"):
    """Wait for the servers' new values and take them over."""


class CollectStep(Record, frozen=True, kw_only=True, tag="collect"):
    """Server: wait for the gradients of every holder of the slice's segments, and add them, in the order of workers; with exact
    sums those of the shards in a binary tree."""


class NormStep(Record, frozen=True, kw_only=True, tag="norm"):
    """Server: give all servers the square sum of the slice's gradients, wait for theirs, and add them in the order of servers."""


class PublishStep(Record, frozen=True, kw_only=True, tag="publish"):
    """Server: give the new values to every holder of the slice's segments."""


WorkerStep: TypeAlias = FeedStep | RunStep | SendStep | ReceiveStep | ClearStep | PushStep | PullStep
ServerStep: TypeAlias = CollectStep | NormStep | RunStep | PublishStep


class ArrayRecord(Record, frozen=True, kw_only=True):
    """An array that a role holds by name: a view, a gradient, what a backward pass keeps, a field, a constant input.

    `slots`: how many micro-batches of it exist at once; that of micro-batch m lies in slot m mod slots.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    slots: int = 1


class CallRecord(Record, frozen=True, kw_only=True):
    """A kernel with the names of the buffers and arrays that it reads and writes, in calling order.

    Names are those of the role's buffers and arrays, and of what a host gives: `step` (int32), `key` (uint32[2]), `position`
    (int32, of the worker in its stage), `first` (int32, place of the first record in the group's batch), `weights` (evaluation
    only), `mean/..`, `std/..`. `temporary_bytes`: what it is predicted to need while it runs besides arguments and results.

    Those of a server are arrays of its slice, `value`, `gradient`, `slots/<slot>`, `lr_scale` and `wd_scale` (the scales of
    `StoredRecord`, element by element; only where the call takes them), `step`, and `squares`: the square sum that the call
    `square_sum` gives, and after the exchange that of all servers, which `update` takes.
    """

    kernel: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    flops: int
    temporary_bytes: int
    compute_s: float


class RoleRecord(Record, frozen=True, kw_only=True):
    """What workers with the same program hold and do. `workers`: their numbers in the group.

    Parameter buffers hold stored parameters by name, pieces of cut ones under the parameter's plain name. `trained` names those of
    the buffers that learn; the gradient of the buffer `parameters/x` is the array `gradients/x`. `step` is the program of one step;
    `evaluate` that of one batch of a phase, every call of which is for micro-batch 0.
    """

    name: str
    stage: int
    workers: tuple[int, ...]
    rows: int  # of one micro-batch
    parameters: tuple[BufferRecord, ...]
    trained: tuple[str, ...]
    state: tuple[BufferRecord, ...]
    arrays: tuple[ArrayRecord, ...]
    calls: dict[str, CallRecord]
    step: tuple[WorkerStep, ...]
    evaluate: dict[str, tuple[WorkerStep, ...]]


class LinkRecord(Record, frozen=True, kw_only=True):
    """Bytes that the workers and servers of a group send one another between different processes in one training step, by what
    they are. All four are always told.

    What counts: of each message whose sender and receiver live in different processes the elements that it stands for, times
    their size (that of the job's precision, 4 or 8 bytes; 4 for class labels). Names, headers and padding do not count.

    `connections`: the blocks of all connections of the net in the phase `train`, there and, for gradients, back, of all
    micro-batches; every worker has a process of its own. `gradients`: for each pair of worker and server the learned elements of
    the server's slice that the worker holds, whole or as its piece; with exact sums once for each of the worker's shards.
    `values`: the same elements back, once. `norms`: where gradients are clipped by norm, one element from every server to every
    other. Checkpoints, metrics and evaluations do not count.
    """

    what: Literal["connections", "gradients", "values", "norms"]
    step_bytes: int


class MemoryRecord(Record, frozen=True, kw_only=True):
    """Peak memory of one process in bytes, by what it is for, at the moment of the step when most is held."""

    process: str
    count: int = 1  # processes of which the same is said
    others: tuple[str, ...] = ()  # the names of those besides `process`
    total: int
    parameters: int
    gradients: int
    server: int  # slices, their updater state and gradients
    arrays: int  # views, gradients of views, what backward passes keep, fields
    temporary: int
    lanes: int = 0  # where processes are real: messages under way, what is kept for them, parameters that it writes for others


class TimesRecord(Record, frozen=True, kw_only=True):
    """How one process spends a step, in seconds: in kernels and sums, in copying what it sends and gets, in waiting for others."""

    process: str
    others: tuple[str, ...] = ()  # processes of which the same is said
    compute_s: float
    moving_s: float
    waiting_s: float


class GroupRecord(Record, frozen=True, kw_only=True):
    """How the workers and servers of one group do a train section together. Worker i of stage s is s * (workers / stages) + i.

    `evaluate_rows`: by phase the rows of the group's batch in an evaluation, padded with weight 0 to a number that all workers
    of a stage share evenly. `states`: how layers' state is kept; where each worker of a stage has all of it, that of the first one
    counts. `slots`: the updater's slots. `server_calls`: `update`, and `square_sum` where gradients are clipped by norm.
    `shards` is 0 unless sums are exact.
    """

    workers: int
    stages: int
    micro_batches: int
    shards: int
    rows: tuple[int, ...]  # of each worker of a stage in one micro-batch
    evaluate_rows: dict[str, int]
    stored: tuple[StoredRecord, ...]
    states: tuple[StoredRecord, ...] = ()
    connections: tuple[ConnectionRecord, ...]
    roles: tuple[RoleRecord, ...]
    servers: tuple[ServerRecord, ...]
    server_step: tuple[ServerStep, ...]
    server_calls: dict[str, CallRecord]
    slots: tuple[str, ...]
    processes: dict[str, str]  # of each worker `worker-3` and server `server-1`
    links: tuple[LinkRecord, ...]
    memory: tuple[MemoryRecord, ...]
    times: tuple[TimesRecord, ...] = ()
    step_s: float

    def role_of(self, worker: int) -> RoleRecord:
        """The role of a worker."""
        return next(role for role in self.roles if worker in role.workers)

    def segments_of(self, server: ServerRecord) -> tuple[SliceSegment, ...]:
        """The slice of a server, in order: none of its segments goes beyond one piece, those of one parameter stand together."""
        return slice_of(server, self.stored, self.workers // self.stages)


def slice_of(server: ServerRecord, stored: tuple[StoredRecord, ...], workers: int) -> tuple[SliceSegment, ...]:
    """The slice of a server, piece by piece; `workers` are those of a stage."""
    order = {one.name: number for number, one in enumerate(stored)}
    found = [part for one in server.segments for part in by_piece(one, stored[order[one.parameter]], workers)]
    if server.process.startswith("worker-"):
        stage, position = divmod(int(server.process.removeprefix("worker-")), workers)
        found += [
            SliceSegment(parameter=one.name, position=position, offset=0, size=one.at_home)
            for one in stored
            if one.at_home and stage in one.stages
        ]
    return tuple(sorted(found, key=lambda one: (order[one.parameter], one.position or 0, one.offset)))


def by_piece(segment: SliceSegment, stored: StoredRecord, workers: int) -> Iterator[SliceSegment]:
    """A segment broken up so that no part of it goes beyond one piece of its parameter."""
    if segment.position is None:
        yield segment
        return
    piece = prod(stored.shape) // workers
    position, offset, rest = segment.position, segment.offset, segment.size
    while rest:
        size = min(rest, piece - offset)
        yield SliceSegment(parameter=segment.parameter, position=position, offset=offset, size=size)
        position, offset, rest = position + 1, 0, rest - size
