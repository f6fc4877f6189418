"""`singa test`: measures a checkpoint on the data of a phase. Changes no run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from singalang_compiler.plan import SectionRecord, kernels_folder
from singalang_grammar.diagnostics import Outcome
from singalang_runtime.attention import Attention
from singalang_runtime.chosen import Chosen, choose
from singalang_runtime.codes.e0902_kernel_failed import KernelFailed
from singalang_runtime.codes.e0905_no_source import NoSource
from singalang_runtime.device import Device, open_device
from singalang_runtime.feed.faults import BrokenData
from singalang_runtime.feed.feed import Feed
from singalang_runtime.feed.open import open_feed
from singalang_runtime.metrics_file import Line
from singalang_runtime.opening import data_of, fields_of, names_of_files


@dataclass(frozen=True, kw_only=True)
class TestRequest:
    """What to measure: a run (path, or name in `runs`) or the path of a checkpoint; `checkpoint`: a name, `best`, or the latest.

    `data`: the folder of the data, else that of the run.
    """

    __test__ = False  # no test of pytest's

    run: str
    runs: Path = Path("runs")
    checkpoint: str | None = None
    phase: Literal["val", "test"] = "test"
    batches: int | None = None
    data: Path | None = None
    cache: Path | None = None


@dataclass(frozen=True)
class TestReport:
    """What was measured: `line`, of `records` records, with the section's record for how to read it."""

    __test__ = False

    section: SectionRecord
    checkpoint: Path
    line: Line
    records: int


def test(request: TestRequest) -> Outcome[TestReport]:
    """Measures a checkpoint on the test or validation data of its plan."""
    chosen = choose(request.run, request.runs, request.checkpoint)
    if chosen.value is None:
        return Outcome(None, chosen.diagnostics)
    plan, section = chosen.value.plan, chosen.value.section
    role = f"evaluate/{request.phase}"
    if role not in section.kernels:
        known = tuple(own.removeprefix("evaluate/") for own in section.kernels if own.startswith("evaluate/"))
        return Outcome(None, (NoSource(str(chosen.value.plan_path), request.phase, known).diagnostic(),))
    feed = _feed(request, chosen.value)
    if feed.value is None:
        return Outcome(None, feed.diagnostics)
    device = open_device(plan, chosen.value.plan_path, {section.kernels[role]}, request.cache)
    if device.value is None:
        return Outcome(None, device.diagnostics)
    return _measured(request, chosen.value, feed.value, device.value)


test.__test__ = False  # type: ignore[attr-defined]


def _feed(request: TestRequest, chosen: Chosen) -> Outcome[Feed]:
    return open_feed(
        data_of(chosen.plan, chosen.section),
        seed=chosen.section.seed,
        folder=request.data or chosen.data,
        beside=kernels_folder(chosen.plan_path),
        fields=fields_of(chosen.plan, [chosen.section.kernels[f"evaluate/{request.phase}"]]),
        phases=(request.phase,),
        written=names_of_files(chosen.plan),
    )


def _measured(request: TestRequest, chosen: Chosen, feed: Feed, device: Device) -> Outcome[TestReport]:
    from singalang_runtime.evaluator import Evaluator
    from singalang_runtime.kernels import DeviceFailed

    section, manifest = chosen.section, chosen.checkpoint.manifest
    try:
        evaluator = Evaluator(chosen.plan, section, request.phase, feed, device.load)
        measures = evaluator.measure_tensors(chosen.checkpoint.tensors, request.batches, Attention())
    except BrokenData as fault:
        return Outcome(None, (fault.diagnostic,))
    except (DeviceFailed, MemoryError) as fault:
        return Outcome(None, (KernelFailed("testing", (str(fault).splitlines() or ["no memory left"])[0]).diagnostic(),))
    assert measures is not None, "nobody asks to stop"
    values = tuple((measure.name, measure.value) for measure in measures if measure.weight)
    batches = feed.phases[request.phase]
    records = min(batches.records, (request.batches or batches.records) * batches.batch)
    line = Line(section.name, request.phase, manifest.step, values)
    return Outcome(TestReport(section, chosen.checkpoint.path, line, records))
