"""`singa predict`: what a trained net says of records, as CSV. Changes no run."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Literal, TextIO

import msgspec
import numpy as np

from singalang_compiler.plan import DataRecord, KindRecord, PredictRecord, kernels_folder
from singalang_grammar.diagnostics import Outcome
from singalang_runtime.chosen import Chosen, choose
from singalang_runtime.codes.e0902_kernel_failed import KernelFailed
from singalang_runtime.codes.e0905_no_source import NoSource
from singalang_runtime.codes.e0907_nothing_predicted import NothingPredicted
from singalang_runtime.device import Device, open_device
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.feed import Feed
from singalang_runtime.feed.open import open_feed
from singalang_runtime.layout import Array, Layout
from singalang_runtime.opening import data_of, names_of_files


@dataclass(frozen=True, kw_only=True)
class PredictRequest:
    """What to predict with: a run (path, or name in `runs`) or the path of a checkpoint; `checkpoint`: a name, `best`, the latest.

    `phase`: whose records. `source`: records from elsewhere instead; fields that the net does not need may be missing there.
    `top_k`: so many classes a row. `out`: where the CSV goes. `data`: the folder of the data, else that of the run.
    """

    run: str
    out: TextIO
    runs: Path = Path("runs")
    checkpoint: str | None = None
    phase: Literal["train", "val", "test"] = "test"
    source: KindRecord | None = None
    top_k: int = 1
    data: Path | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class PredictReport:
    """What was done: `records` rows were written."""

    checkpoint: Path
    records: int


def predict(request: PredictRequest) -> Outcome[PredictReport]:
    """Writes a row for each record, in file order, with a heading: its number, counted from 1, then what is predicted.

    For classes: the `top_k` likeliest, each with its probability (`class1,probability1,...`). Else all values, flat (`value1,...`).
    """
    chosen = choose(request.run, request.runs, request.checkpoint)
    if chosen.value is None:
        return Outcome(None, chosen.diagnostics)
    plan, path = chosen.value.plan, chosen.value.plan_path
    wanted = chosen.value.section.predict
    if wanted is None:
        return Outcome(None, (NothingPredicted(str(path), chosen.value.section.name).diagnostic(),))
    feed = _feed(request, chosen.value, wanted)
    if feed.value is None:
        return Outcome(None, feed.diagnostics)
    device = open_device(plan, path, {wanted.kernel}, request.cache)
    if device.value is None:
        return Outcome(None, device.diagnostics)
    return _written(request, chosen.value, wanted, feed.value, device.value)


def _feed(request: PredictRequest, chosen: Chosen, wanted: PredictRecord) -> Outcome[Feed]:
    data = [record for record in data_of(chosen.plan, chosen.section) if _is_read(record, wanted)]
    known = [phase for phase in ("train", "val", "test") if all(phase in record.sources for record in data)]
    phase = request.phase if request.phase in known or request.source is None else known[0]
    if phase not in known:
        return Outcome(None, (NoSource(str(chosen.plan_path), phase, tuple(known)).diagnostic(),))
    batch = chosen.plan.kernels[wanted.kernel].outputs[0].shape[0]
    return open_feed(
        tuple(_as_read(record, phase, request.source, batch) for record in data),
        seed=chosen.section.seed,
        folder=request.data or chosen.data,
        beside=kernels_folder(chosen.plan_path),
        fields=wanted.fields,
        phases=(phase,),
        written=names_of_files(chosen.plan),
    )


def _is_read(record: DataRecord, wanted: PredictRecord) -> bool:
    return any(f"{record.name}.{field.name}" in wanted.fields for field in record.fields)


def _as_read(record: DataRecord, phase: str, source: KindRecord | None, batch: int) -> DataRecord:
    """The data section with its records in file order, in batches of the kernel's size, from another source if one is given."""
    use = msgspec.structs.replace(record.sources[phase], batch=batch, shuffle=False, random_skip=0)
    if source is not None:
        use = msgspec.structs.replace(use, source=source, split="all")
    return msgspec.structs.replace(record, sources={phase: use}, records=None)


def _written(request: PredictRequest, chosen: Chosen, wanted: PredictRecord, feed: Feed, device: Device) -> Outcome[PredictReport]:
    from singalang_runtime.kernels import DeviceFailed

    rows = csv.writer(request.out, lineterminator="\n")
    top_k = min(request.top_k, wanted.classes) if wanted.classes else 0
    names = ("class", "probability") if top_k else ("value",)
    rows.writerow(["record", *(f"{name}{place}" for place in range(1, (top_k or prod(wanted.shape)) + 1) for name in names)])
    number = 0
    try:
        for values in _predicted(chosen, wanted, feed, device):
            for row in values.reshape(len(values), -1):
                number += 1
                rows.writerow([number, *(_likeliest(row, top_k) if top_k else map(_shortest, row))])
    except BrokenData as fault:
        return Outcome(None, (fault.diagnostic,))
    except (DeviceFailed, MemoryError) as fault:
        return Outcome(None, (KernelFailed("predicting", (str(fault).splitlines() or ["no memory left"])[0]).diagnostic(),))
    return Outcome(PredictReport(chosen.checkpoint.path, number))


def _predicted(chosen: Chosen, wanted: PredictRecord, feed: Feed, device: Device) -> Iterator[Array]:
    """Predictions batch by batch, without the rows that only fill the last one up."""
    from singalang_runtime.binding import bind
    from singalang_runtime.evaluator import without_slots
    from singalang_runtime.kernels import put

    bound = bind(chosen.plan, wanted.kernel, (), feed, device.load)
    arrays = Layout.of(chosen.plan, chosen.section).join(chosen.checkpoint.tensors)
    buffers = tuple(put(array) for array in without_slots(chosen.section, arrays))
    [batches] = feed.phases.values()
    for batch in batches.evaluate():
        (values,) = bound.kernel(*buffers, *bound.pick(batch.arrays), *bound.fixed)
        yield np.asarray(values)[: batch.rows]


def _likeliest(row: Array, count: int) -> list[Any]:
    """The likeliest classes, each with its probability; of equal ones the lower number first."""
    places = np.argsort(-row, kind="stable")[:count]
    return [item for place in places for item in (int(place), _shortest(row[place]))]


def _shortest(value: Any) -> str:
    """A number in the shortest form that reads back the same in its own precision."""
    return str(np.format_float_positional(value, trim="0")) if 1e-4 <= abs(value) < 1e16 or value == 0 else str(value)
