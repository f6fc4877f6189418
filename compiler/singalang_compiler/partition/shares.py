"""How the rows of a batch are shared among the workers of a stage and the micro-batches of a step. Knows no layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from singalang_compiler.codes.e0501_uneven_batch import UnevenBatch
from singalang_compiler.codes.e0505_batch_list import BatchList
from singalang_compiler.codes.e0506_sync_conflict import SyncConflict
from singalang_compiler.codes.e0510_uneven_micro_batches import UnevenMicroBatches
from singalang_compiler.graph import FieldInput
from singalang_compiler.job import Data, Job, SourceUse, Topology
from singalang_compiler.shaped import ShapedNode
from singalang_grammar.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class Shares:
    """Rows of each worker of a stage in one micro-batch. `even`: layers can be cut by batch.

    `fault`: what is to be said where they cannot, and one should be. `problem`: what is wrong however layers are cut.
    """

    rows: tuple[int, ...]
    micro_batches: int
    even: bool = True
    fault: Diagnostic | None = None
    problem: Diagnostic | None = None


def data_of(job: Job, nodes: Sequence[ShapedNode]) -> Data | None:
    """The data section that says how large the batches of a net are: all that a net reads agree on that."""
    read = {node.node.operation.data for node in nodes if isinstance(node.node.operation, FieldInput)}
    return next((data for name, data in job.data.items() if name in read), None)


def training_shares(data: Data, topology: Topology, stages: int) -> Shares:
    """The shares of the training batch. With exact sums the shards of a worker are its micro-batches."""
    workers, exact = topology.workers_per_group // stages, topology.sync.exact
    use = data.sources["train"]
    if not isinstance(use.batch, int):
        if not exact:
            return _written(use, use.batch, data, topology, workers)
        if len(set(use.batch)) > 1:
            reason, hint = f"the workers' shares differ: {list(use.batch)}", "write one number for `batch`"
            fault = SyncConflict("`exact` needs equal shares of the batch", reason, use.span, hint).diagnostic()
            return Shares(use.batch, 1, problem=fault)
    shards = topology.sync.shards if exact else 0
    parts = -(-shards // workers) if exact else topology.micro_batches
    if use.rows % (shards or parts):
        what, field = (f"{shards} shards", "shards") if exact else (f"{parts} micro-batches", "micro_batches")
        place = topology.places.get(field, topology.span) or use.span
        fault = UnevenMicroBatches(use.rows, shards or parts, what, data.name, place, use.span).diagnostic()
        return Shares(_spread(max(use.rows // parts, 1), workers), parts, False, problem=fault)
    one = use.rows // parts
    if one % workers:
        return Shares(_spread(one, workers), parts, False, fault=_uneven(use, data, topology, stages, parts))
    return Shares((one // workers,) * workers, parts)


def evaluation_rows(use: SourceUse, workers: int) -> tuple[int, ...]:
    """Rows of each worker in an evaluation: the batch, filled up with records of weight 0 to what the workers share evenly."""
    return (-(-use.rows // workers),) * workers


def _written(use: SourceUse, batch: tuple[int, ...], data: Data, topology: Topology, workers: int) -> Shares:
    """The shares that a list gives."""
    parts, place = topology.micro_batches, topology.places.get("workers", topology.span) or use.span
    if len(batch) != workers:
        problem = BatchList(len(batch), workers, place, use.span).diagnostic()
        return Shares(_spread(use.rows, workers), parts, False, problem=problem)
    odd = next((rows for rows in batch if rows % parts), None)
    if odd is not None:
        where = topology.places.get("micro_batches", topology.span) or use.span
        problem = UnevenMicroBatches(odd, parts, f"{parts} micro-batches", data.name, where, use.span).diagnostic()
        return Shares(tuple(max(rows // parts, 1) for rows in batch), parts, False, problem=problem)
    return Shares(tuple(rows // parts for rows in batch), parts)


def _uneven(use: SourceUse, data: Data, topology: Topology, stages: int, parts: int) -> Diagnostic:
    """What is wrong where workers cannot share a micro-batch; where `resolve` says it too, in the same words."""
    workers = topology.workers_per_group // stages
    place = topology.places.get("workers", topology.span) or use.span
    if use.rows % workers:
        default = topology.places.get("partition") if stages == 1 else None
        return UnevenBatch(use.rows, workers, data.name, place, use.span, default, stages).diagnostic()
    what = f"{parts} micro-batches for each of {workers} workers"
    return UnevenMicroBatches(use.rows, parts * workers, what, data.name, place, use.span).diagnostic()


def _spread(rows: int, workers: int) -> tuple[int, ...]:
    """Rows, nearly evenly: of use only where nothing is cut by batch."""
    least, more = divmod(rows, workers)
    return tuple(least + (position < more) for position in range(workers))
