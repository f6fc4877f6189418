"""A group in one process trains as one worker does; what it leaves behind is what one worker leaves."""

from __future__ import annotations

import io
import json
import os
import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from singalang_runtime import test as testing
from singalang_runtime.group.loop import Order, Waiting
from singalang_runtime.metrics_file import Line, read_lines
from singalang_runtime.predict import PredictRequest, predict
from singalang_runtime.report.port import Progress
from singalang_runtime.run_folder import read_state
from tests.runtime.conftest import Run, codes
from tests.runtime.group.drive import evaluate, opened, train
from tests.runtime.group.tiny_group import TinyGroup
from tests.runtime.recorder import Recorder
from tests.runtime.tiny import BATCH, MOMENTUM, RATE, Tiny, every

Tensors = dict[str, np.ndarray[Any, Any]]
ACTS = (every("test", 20), every("checkpoint", 20), every("log", 1))
ALONE = Tiny(steps=40, noise=0.0, acts=ACTS)
GROUP = TinyGroup(steps=40, acts=ACTS)
SHAPES = {
    "two": GROUP,
    "micro-batches": replace(GROUP, rows=(2, 2)),
    "uneven": replace(GROUP, rows=(4, 2, 2), servers=3),
    "one": replace(GROUP, rows=(8,), servers=1),
    "apart": replace(GROUP, apart=True, servers=1),
    "many": replace(GROUP, rows=(1, 1, 1, 1), apart=True, servers=3),
    "idle-server": replace(GROUP, rows=(2, 2, 2, 2), servers=3),
    "exact": replace(GROUP, rows=(2, 2), exact=True),
    "clipped": replace(GROUP, clip_norm=0.5, servers=3, apart=True),
}
every_shape = pytest.mark.parametrize("shape", SHAPES)


def tensors(folder: Path, step: int) -> Tensors:
    return load_file(folder / "checkpoints" / f"step-{step:08d}" / "tensors.safetensors")


def learned(found: Tensors) -> Tensors:
    """Without the metrics so far, which each worker has for itself."""
    return {key: tensor for key, tensor in found.items() if not key.startswith("metrics/")}


@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "clipped"])
def test_a_group_trains_as_one_worker_does(shape: str, run: Run, tmp_path: Path) -> None:
    assert run(ALONE, "alone").code == 0 and run(SHAPES[shape], "group").code == 0
    one, other = (list(read_lines(tmp_path / name / "metrics.jsonl")) for name in ("alone", "group"))
    assert len(one) == 42
    for left, right in zip(one, other, strict=True):
        assert (left.phase, left.step) == (right.phase, right.step)
        assert [value for _, value in left.metrics] == pytest.approx([value for _, value in right.metrics], rel=2e-5)
    alone, group = (learned(tensors(tmp_path / name, 40)) for name in ("alone", "group"))
    assert alone.keys() == group.keys()
    for key in alone:
        assert alone[key].shape == group[key].shape
        assert np.allclose(alone[key], group[key], rtol=1e-5, atol=1e-6)


def test_servers_clip_by_the_norm_of_all_slices(compiled: Path, tmp_path: Path) -> None:
    group = opened(SHAPES["clipped"].write(tmp_path), cache=compiled)
    start = group.tensors()
    values = np.append(start["parameters/fc.weight"].ravel(), start["parameters/fc.bias"]).astype(np.float64)
    velocity = np.zeros(4)
    for step in range(3):
        x, y = (array.astype(np.float64) for array in group.setting.feed.take(step))
        error = x @ values[:3] + values[3] - y
        gradient = np.append(error @ x, error.sum()) / BATCH
        norm = np.linalg.norm(gradient)
        assert norm > 0.5
        velocity = MOMENTUM * velocity + gradient * 0.5 / norm
        values = values - RATE * velocity
    train(group, 3)
    found = group.tensors()
    assert np.allclose(np.append(found["parameters/fc.weight"], found["parameters/fc.bias"]), values, atol=1e-6)


def test_an_evaluation_is_made_with_the_state_of_the_first_worker(compiled: Path, tmp_path: Path) -> None:
    group = opened(GROUP.write(tmp_path), cache=compiled)
    train(group, 5)
    counts = [float(member.shelf.read(("state/small", 0))[0]) for member in group.members]
    assert counts == [6, 11] and group.tensors()["state/n.count"] == 6
    evaluate(group)
    assert [float(member.shelf.read(("state/small", 0))[0]) for member in group.members] == [6, 6]


@every_shape
def test_bytes_between_processes_are_those_of_the_plan(shape: str, compiled: Path, tmp_path: Path) -> None:
    group = opened(SHAPES[shape].write(tmp_path), cache=compiled)
    train(group, 7)
    evaluate(group)
    for link in group.setting.group.links:
        assert group.plane.links["train", link.what] == 7 * link.step_bytes
    assert group.plane.empty


@every_shape
def test_what_is_not_read_again_is_freed(shape: str, compiled: Path, tmp_path: Path) -> None:
    """Between steps a process holds no more than before the first one."""
    group = opened(SHAPES[shape].write(tmp_path), cache=compiled)
    before = {process: ledger.held_bytes for process, ledger in group.ledgers.items()}
    train(group, 1)
    evaluate(group)
    train(group, 5)
    after = {process: ledger.held_bytes for process, ledger in group.ledgers.items()}
    assert before == after
    busy = {one.process for one in group.setting.group.servers if one.segments} | {member.name for member in group.members}
    assert all(group.ledgers[process].peaks["train"] > before[process] for process in busy)


def test_the_ledger_counts_what_stands_at_once(compiled: Path, tmp_path: Path) -> None:
    """Worker: 4 parameters, 1 state, 4 metrics, 4 gradients, 4 rows of 3 + 1; server: twice 4 and the gradient."""
    group = opened(SHAPES["apart"].write(tmp_path), cache=compiled)
    train(group, 2)
    worker, server = group.ledgers["worker-0"], group.ledgers["server-0"]
    step = next(kernel for kernel in group.setting.kernels.values() if kernel.record.role == "step/4")
    update = next(kernel for kernel in group.setting.kernels.values() if kernel.record.role == "update")
    assert worker.peaks["train"] == 4 * (4 + 1 + 4 + 4 + 16) + step.temporary_bytes
    assert server.peaks["train"] == 4 * (4 + 4 + 4) + update.temporary_bytes


def in_any_order(seed: int) -> Callable[[Sequence[Waiting]], int]:
    draw = random.Random(seed)
    return lambda waiting: draw.randrange(len(waiting))


@every_shape
@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_in_which_messages_arrive_changes_no_bit(shape: str, seed: int, compiled: Path, tmp_path: Path) -> None:
    path = SHAPES[shape].write(tmp_path)
    straight, mixed = (
        opened(path, cache=compiled),
        opened(path, cache=compiled, order=Order(in_any_order(seed), stretch=seed * 3, ahead=seed * 3)),
    )
    for group in (straight, mixed):
        train(group, 10)
    assert evaluate(straight) == evaluate(mixed)
    for group in (straight, mixed):
        train(group, 20)
    left, right = straight.tensors(), mixed.tensors()
    assert left.keys() == right.keys()
    assert all(left[key].tobytes() == right[key].tobytes() for key in left)


@every_shape
def test_a_run_that_goes_on_ends_as_the_undisturbed_one(shape: str, run: Run, tmp_path: Path) -> None:
    assert run(SHAPES[shape], "whole").code == 0
    for number, stop in enumerate((10, 13)):
        assert run(SHAPES[shape], "parts", resume=number > 0, until=stop).code == 0
        state = read_state(tmp_path / "parts").value
        assert state is not None and (state.status, state.step) == ("stopped", stop)
    assert run(SHAPES[shape], "parts", resume=True).code == 0
    for name in ("metrics.jsonl", "checkpoints/step-00000040/tensors.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


@pytest.mark.parametrize("at", [("train", 7), ("test", 20), ("train", 20)])
def test_a_signal_ends_a_group_with_a_checkpoint(at: tuple[str, int], run: Run, tmp_path: Path) -> None:
    assert run(GROUP, "whole").code == 0
    recorder = Recorder(on_measured=lambda line: os.kill(os.getpid(), signal.SIGINT) if (line.phase, line.step) == at else None)
    assert run(GROUP, "parts", reporter=recorder).code == 130
    assert run(GROUP, "parts", resume=True).code == 0
    for name in ("metrics.jsonl", "checkpoints/step-00000040/tensors.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


@pytest.mark.parametrize("shape", ["two", "uneven", "many", "exact"])
def test_a_signal_between_acts_ends_all_workers_at_one_step(shape: str, run: Run, tmp_path: Path) -> None:
    group = replace(SHAPES[shape], acts=(every("test", 40), every("log", 20)))
    assert run(group, "whole").code == 0
    heard: list[int] = []

    def interrupt(progress: Progress) -> None:
        if progress.step >= 7 and not heard:
            heard.append(progress.step)
            os.kill(os.getpid(), signal.SIGINT)

    assert run(group, "parts", reporter=Recorder(refresh_s=0.0, on_progress=interrupt)).code == 130
    state = read_state(tmp_path / "parts").value
    assert state is not None and heard[0] <= state.step <= heard[0] + 2
    assert run(group, "parts", resume=True).code == 0
    for name in ("metrics.jsonl", "checkpoints/step-00000040/tensors.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()


def test_asked_twice_a_group_leaves_at_once(run: Run, tmp_path: Path) -> None:
    def insist(line: Line) -> None:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)

    assert run(GROUP, "parts", reporter=Recorder(on_measured=insist)).code == 130
    state = read_state(tmp_path / "parts").value
    assert state is not None and (state.status, state.step) == ("interrupted", 1)
    assert run(GROUP, "parts", resume=True).code == 0


def test_a_loss_that_is_no_number_ends_the_run(run: Run, tmp_path: Path) -> None:
    status = run(replace(GROUP, poison=25), "group")
    assert (status.code, codes(status)) == (3, ["E0901"])
    assert [line.step for line in read_lines(tmp_path / "group" / "metrics.jsonl")][-1] == 25
    shown = status.diagnostics[0]
    assert "by step 26" in shown.title and "after step 25" in str(shown.where)


def test_trained_nets_of_groups_are_tested_and_asked_as_others(run: Run, tmp_path: Path) -> None:
    assert run(GROUP, "group").code == 0
    line = [line for line in read_lines(tmp_path / "group" / "metrics.jsonl") if line.phase == "test"][-1]
    report = testing.test(testing.TestRequest(run=str(tmp_path / "group"))).value
    assert report is not None and dict(report.line.metrics) == pytest.approx(dict(line.metrics))
    told = io.StringIO()
    predicted = predict(PredictRequest(run=str(tmp_path / "group"), out=told)).value
    assert predicted is not None and len(told.getvalue().splitlines()) == 1 + predicted.records


@pytest.mark.parametrize("single", [(), ("first",), ("second",)])
def test_sections_hand_on_what_they_learned(single: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    """Also from one worker to a group, and from a group to one worker."""
    sections = ("first", "second")
    assert run(replace(GROUP, steps=10, sections=sections, acts=(), alone=single), "group").code == 0
    assert run(replace(ALONE, steps=10, sections=sections, acts=()), "alone").code == 0
    name = "checkpoints/second-step-00000010/tensors.safetensors"
    alone, group = (load_file(tmp_path / run / name) for run in ("alone", "group"))
    assert all(np.allclose(alone[key], group[key], rtol=1e-5, atol=1e-6) for key in learned(alone))


def test_the_scorecard_holds_bytes_and_memory_of_every_process(run: Run, tmp_path: Path) -> None:
    assert run(GROUP, "group").code == 0
    [section] = json.loads((tmp_path / "group" / "scorecard.json").read_text())["sections"]
    assert section["link_step_bytes"]["gradients"] == {"predicted": 16.0, "measured": 16.0, "ratio": 1.0}
    assert section["link_step_bytes"]["norms"] == {"predicted": 0.0, "measured": 0.0, "ratio": None}
    assert section["step_s"] > 0 and section["steps"] == 40


def test_a_group_of_one_process_starts_no_other(run: Run) -> None:
    assert run(SHAPES["one"], "one", local=False).code == 0
