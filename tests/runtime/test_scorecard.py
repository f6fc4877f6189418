"""Predictions beside measurements, of a run whose processes were real."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from msgspec import structs
from rich.console import Console

from singalang_compiler.plan import SectionRecord
from singalang_compiler.plan_group import MemoryRecord, TimesRecord
from singalang_runtime.processes.wire import Needed
from singalang_runtime.report.plain import Plain
from singalang_runtime.report.terminal import Terminal
from singalang_runtime.scorecard import Score, SectionScore, score_of_processes
from tests.runtime.group.tiny_group import TinyGroup

MIB = 2**20


@pytest.fixture(scope="module")
def section() -> SectionRecord:
    """Two workers that each have a server; what is predicted of them is set by hand."""
    section = TinyGroup().plan()[0].sections[0]
    group = section.group
    assert group is not None
    sizes = {"parameters": 8, "gradients": 8, "server": 0, "arrays": 0, "temporary": 0}
    memory = MemoryRecord(process="worker-0", count=2, others=("worker-1",), total=100 * MIB, **sizes)
    times = TimesRecord(process="worker-0", others=("worker-1",), compute_s=1e-3, moving_s=1e-4, waiting_s=0.0)
    return structs.replace(section, step_s=2e-3, group=structs.replace(group, memory=(memory,), times=(times,)))


def needed(process: str) -> Needed:
    """100 steps in two stretches, the second slower."""
    return Needed(
        process=process,
        timed=((50, 0.1), (50, 0.2)),
        compute_s=0.2,
        waiting_s=0.05,
        moving_s=0.01,
        moved_bytes={"gradients": 800},
        moved_steps=100,
        memory_bytes=180 * MIB,
        idle_bytes=90 * MIB,
        named_bytes=50 * MIB,
        parameter_bytes=8,
        updater_bytes=None,
    )


@pytest.fixture
def score(section: SectionRecord) -> SectionScore:
    return score_of_processes(section, [needed("worker-0"), needed("worker-1")], 1.0)


def test_seconds_and_bytes_are_those_of_one_step(score: SectionScore) -> None:
    assert score.steps == 100 and score.step_s == pytest.approx(3e-3) and score.median_step_s == pytest.approx(3e-3)
    assert score.processes["worker-1"].compute_s == Score(predicted=1e-3, measured=2e-3, ratio=2.0)
    assert score.link_step_bytes["gradients"].measured == 16.0


def test_memory_is_what_a_process_needed_above_what_it_needed_idle(score: SectionScore) -> None:
    assert score.processes["worker-0"].memory_bytes == Score(predicted=100 * MIB, measured=90 * MIB, ratio=0.9)
    assert score.process_memory_bytes["worker-1"].measured == 50 * MIB


def test_what_was_not_measured_has_no_ratio(score: SectionScore) -> None:
    found = score.processes["worker-0"]
    assert found.parameter_bytes.ratio == 1.0 and found.updater_bytes.measured is found.updater_bytes.ratio is None


def test_a_process_that_measured_no_step_leaves_no_seconds(section: SectionRecord) -> None:
    early = [replace(needed(name), timed=(), moved_steps=0) for name in ("worker-0", "worker-1")]
    score = score_of_processes(section, early, 1.0)
    assert score.step_s is score.processes["worker-0"].compute_s.measured is score.link_step_bytes["gradients"].measured is None


@pytest.mark.parametrize("count", [2, 12])
def test_the_tables_fit_into_80_columns_and_tell_every_ratio(score: SectionScore, count: int) -> None:
    processes = {f"worker-{number}": score.processes["worker-0"] for number in range(count)}
    console = Console(file=io.StringIO(), width=80, force_terminal=False, color_system=None)
    Terminal(console).scored(structs.replace(score, processes=processes))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert all(len(line) <= 80 for line in lines)
    [worker] = [line for line in lines if line.startswith("worker-1 ")]
    assert worker.split() == ["worker-1", "90", "MiB", "(0.90)", "2", "ms", "(2.00)", "100", "us", "(1.00)", "500", "us"]
    assert (f"and {count - 8} more" in lines[-1]) == (count > 8)


def test_a_log_has_a_line_for_the_step_and_for_every_process(score: SectionScore) -> None:
    stream = io.StringIO()
    Plain(stream).scored(score)
    first, *processes = stream.getvalue().splitlines()
    assert "step 3 ms (1.50)" in first and [line.partition(":")[0] for line in processes] == ["worker-0", "worker-1"]
