"""A plan is run as it says: numbers against NumPy, acts in order, exit codes, what a run folder holds."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from singalang_compiler.library.contract import SourceError
from singalang_runtime.device import Device, open_device
from singalang_runtime.execute import ExecRequest, execute
from singalang_runtime.feed.batches import Batches
from singalang_runtime.feed.faults import BrokenData, explain
from singalang_runtime.feed.open import open_feed
from singalang_runtime.kernels import Kernel
from singalang_runtime.metrics_file import read_lines
from singalang_runtime.report.port import Progress
from singalang_runtime.run_folder import read_state
from tests.runtime.conftest import Run, codes
from tests.runtime.recorder import Recorder
from tests.runtime.tiny import BATCH, MOMENTUM, RATE, RECORDS, Tiny, every, records


def tensors(folder: Path, step: int, prefix: str = "") -> dict[str, np.ndarray[Any, Any]]:
    return load_file(folder / "checkpoints" / f"{prefix}step-{step:08d}" / "tensors.safetensors")


def followed(tiny: Tiny, start: dict[str, np.ndarray[Any, Any]], plan_folder: Path) -> tuple[np.ndarray[Any, Any], list[float]]:
    """Parameters (weights, then bias) after all steps and the loss of every step, in float64."""
    plan, _ = tiny.plan()
    feed = open_feed(plan.data, seed=tiny.seed, folder=plan_folder, beside=plan_folder).value
    assert feed is not None
    values = np.append(start["parameters/fc.weight"].astype(np.float64).ravel(), start["parameters/fc.bias"])
    velocity, losses = np.zeros(4), []
    for step in range(tiny.steps):
        x, y = (array.astype(np.float64) for array in feed.take(step))
        error = x @ values[:3] + values[3] - y
        losses.append(0.5 * float((error**2).mean()))
        gradient = np.append(error @ x, error.sum()) / BATCH
        velocity = MOMENTUM * velocity + gradient
        values = values - RATE * velocity
    return values, losses


@pytest.mark.parametrize("chunk", [1, 4])
def test_training_is_what_numpy_computes(chunk: int, run: Run, tmp_path: Path) -> None:
    tiny = Tiny(steps=60, chunk=chunk, noise=0.0, acts=(every("checkpoint", 1000, after=1), every("log", 20)))
    assert run(tiny).code == 0
    first, last = tensors(tmp_path / "whole", 1), tensors(tmp_path / "whole", 60)
    # the first checkpoint is one step in: undo it, since the first step moves by -RATE * gradient = -RATE * velocity
    start = {
        f"parameters/{name}": first[f"parameters/{name}"] + np.float32(RATE) * first[f"slots/velocity/{name}"]
        for name in ("fc.weight", "fc.bias")
    }
    assert np.array_equal(start["parameters/fc.bias"], np.zeros(1, np.float32))
    values, losses = followed(tiny, start, tmp_path / "whole.plan")
    found = np.append(last["parameters/fc.weight"].ravel(), last["parameters/fc.bias"])
    assert np.allclose(found, values, atol=2e-6)
    assert last["state/n.count"] == 61.0
    logged = [line.metrics[0][1] for line in read_lines(tmp_path / "whole" / "metrics.jsonl") if line.phase == "train"]
    assert np.allclose(logged, [np.mean(losses[start : start + 20]) for start in (0, 20, 40)], rtol=1e-5)


def test_a_test_weighs_every_record_once_and_none_that_fills_up(run: Run, tmp_path: Path) -> None:
    assert run(Tiny(steps=10, acts=())).code == 0
    last = tensors(tmp_path / "whole", 10)
    x, y = records()
    error = x @ last["parameters/fc.weight"].ravel() + last["parameters/fc.bias"] - y
    [line] = [line for line in read_lines(tmp_path / "whole" / "metrics.jsonl") if line.phase == "test"]
    assert line.step == 10 and RECORDS % 16 != 0
    assert dict(line.metrics)["loss"] == pytest.approx(0.5 * float((error.astype(np.float64) ** 2).mean()), rel=1e-5)
    assert dict(line.metrics)["near"] == pytest.approx(float((np.abs(error) < 0.5).mean()))


def test_chunks_and_single_steps_give_the_same_metrics_of_long_stretches(run: Run, tmp_path: Path) -> None:
    """More steps than lie on the device at once: the totals are added up on the way."""
    tiny = Tiny(steps=2100, acts=(), noise=0.1)
    assert run(tiny, "single").code == 0
    assert run(Tiny(steps=2100, acts=(), noise=0.1, chunk=4), "chunks").code == 0
    one, other = ([line for line in read_lines(tmp_path / name / "metrics.jsonl")] for name in ("single", "chunks"))
    for left, right in zip(one, other, strict=True):
        assert (left.phase, left.step) == (right.phase, right.step)
        assert [value for _, value in left.metrics] == pytest.approx([value for _, value in right.metrics], rel=1e-4)


def test_acts_happen_in_order_and_the_last_ones_once(run: Run) -> None:
    recorder = Recorder()
    acts = (every("test", 10, batches=1), every("checkpoint", 10), every("log", 5))
    assert run(Tiny(steps=20, acts=acts), reporter=recorder).code == 0
    told = [one for one in recorder.told if one in recorder.lines or (isinstance(one, tuple) and one[0] == "checkpoint")]
    story = [(one.phase, one.step) if one in recorder.lines else one for one in told]
    assert story == [
        ("train", 5),
        ("test", 10),
        ("checkpoint", "step-00000010"),
        ("train", 10),
        ("train", 15),
        ("train", 20),
        ("test", 20),
        ("checkpoint", "step-00000020"),
    ]
    assert recorder.summary.status == "finished" and recorder.closed == 1


def test_a_run_folder_holds_all_that_the_run_was(run: Run, tmp_path: Path) -> None:
    status = run(Tiny(steps=20, acts=()))
    folder = tmp_path / "whole"
    assert status.run == folder
    assert (folder / "plan.json").read_bytes() == (tmp_path / "whole.plan" / "plan.json").read_bytes()
    state = read_state(folder).value
    assert state is not None and (state.status, state.step, state.pid) == ("finished", 20, os.getpid())
    score = json.loads((folder / "scorecard.json").read_text())
    assert score["sections"][0]["steps"] == 20 and score["sections"][0]["step_s"] > 0
    assert score["memory_bytes"]["measured"] > 1e7 and score["checkpoint_bytes"]["measured"] > 0
    assert [json.loads(line)["event"] for line in (folder / "trace.jsonl").read_text().splitlines()] == [
        "JobStarted",
        "Checkpointed",
        "SectionFinished",
    ]
    assert not list(folder.rglob(".*"))


def test_metrics_hold_numbers_in_their_shortest_form(run: Run, tmp_path: Path) -> None:
    run(Tiny(steps=20, acts=()))
    for text in (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines():
        record = json.loads(text)
        assert list(record) == ["train", "phase", "step", "loss", "near"]
        assert json.dumps(record) == text


def test_every_kernel_is_compiled_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments of another kind (committed or not, on the host or not) would make JAX compile a kernel anew."""
    devices: list[Device] = []

    def opened(*arguments: Any) -> Any:
        outcome = open_device(*arguments)
        assert outcome.value is not None
        devices.append(outcome.value)
        return outcome

    monkeypatch.setattr("singalang_runtime.execute.open_device", opened)
    assert run(Tiny(chunk=4)).code == 0
    kernels: list[Kernel] = list(devices[0].kernels.values())
    assert sorted((kernel.record.role, kernel.call._cache_size()) for kernel in kernels) == [
        (role, 1) for role in ("evaluate/test", "init/constant", "init/gaussian", "step", "steps")
    ]


def test_sections_hand_on_what_they_learned(run: Run, tmp_path: Path) -> None:
    tiny = Tiny(steps=30, acts=(every("checkpoint", 1000, after=1),), sections=("first", "second"), noise=0.0)
    assert run(tiny).code == 0
    before, after = (tensors(tmp_path / "whole", step, f"{name}-") for name, step in (("first", 30), ("second", 1)))
    for name in ("fc.weight", "fc.bias"):
        moved = after[f"parameters/{name}"] + np.float32(RATE) * after[f"slots/velocity/{name}"]
        assert np.allclose(moved, before[f"parameters/{name}"], atol=1e-7)
    assert after["state/n.count"] == before["state/n.count"] + 1
    trains = [line.train for line in read_lines(tmp_path / "whole" / "metrics.jsonl")]
    assert trains == ["first", "first", "second", "second"]


def test_a_start_gives_the_parameters_that_fit_by_name(run: Run, tmp_path: Path) -> None:
    assert run(Tiny(steps=30, acts=()), "teacher").code == 0
    pupil = Tiny(steps=1, acts=(), noise=0.0, seed=3, start=str(tmp_path / "teacher"))
    assert run(pupil, "pupil").code == 0
    before, after = tensors(tmp_path / "teacher", 30), tensors(tmp_path / "pupil", 1)
    moved = after["parameters/fc.weight"] + np.float32(RATE) * after["slots/velocity/fc.weight"]
    assert np.allclose(moved, before["parameters/fc.weight"], atol=1e-7)


def test_another_seed_gives_other_parameters_and_another_order(run: Run, tmp_path: Path) -> None:
    for seed in (0, 1):
        assert run(Tiny(steps=1, acts=(), seed=seed), f"seed{seed}").code == 0
    one, other = (tensors(tmp_path / f"seed{seed}", 1) for seed in (0, 1))
    assert not np.array_equal(one["parameters/fc.weight"], other["parameters/fc.weight"])
    assert not np.array_equal(one["slots/velocity/fc.weight"], other["slots/velocity/fc.weight"])


def test_a_loss_that_is_no_number_ends_the_job_before_a_checkpoint_is_spoilt(run: Run, tmp_path: Path) -> None:
    status = run(Tiny(poison=45))
    assert (status.code, codes(status)) == (3, ["E0901"])
    assert status.diagnostics[0].title == "`loss` became not a number by step 50"
    assert "after step 40" in str(status.diagnostics[0].where) and "step-00000040" in str(status.diagnostics[0].hint)
    assert [path.name for path in (tmp_path / "whole" / "checkpoints").iterdir()] == ["step-00000040"]
    assert {line.step for line in read_lines(tmp_path / "whole" / "metrics.jsonl")} == {25}
    state = read_state(tmp_path / "whole").value
    assert state is not None and (state.status, state.code) == ("failed", "E0901")


def test_progress_is_told_while_it_trains_and_finds_a_bad_loss_early(run: Run) -> None:
    recorder = Recorder(refresh_s=0.0)
    assert run(Tiny(steps=20, acts=()), reporter=recorder).code == 0
    progress = [one for one in recorder.told if isinstance(one, Progress)]
    steps = [one.step for one in progress if one.step]
    assert steps == sorted(steps) and set(range(1, 20)) <= set(steps)
    assert all(one.metrics[0][0] == "loss" for one in progress if 0 < one.step < 20)
    status = run(Tiny(steps=20, acts=(), poison=7), "bad", reporter=Recorder(refresh_s=0.0))
    assert codes(status) == ["E0901"]
    assert status.diagnostics[0].title == "`loss` became not a number by step 8"


def test_told_progress_changes_no_number(run: Run, tmp_path: Path) -> None:
    assert run(Tiny(), "quiet").code == 0
    assert run(Tiny(), "talking", reporter=Recorder(refresh_s=0.0)).code == 0
    quiet, talking = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in ("quiet", "talking"))
    assert quiet == talking


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_makes_a_checkpoint_and_leaves(number: int, code: int, run: Run, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.step == 33:
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    recorder = Recorder(refresh_s=0.0, on_progress=interrupt)
    status = run(Tiny(), reporter=recorder)
    assert (status.code, codes(status)) == (code, [])
    assert recorder.summary.status == "interrupted" and recorder.closed == 1
    assert (tmp_path / "whole" / "checkpoints" / "step-00000033").is_dir()
    assert signal.getsignal(number) == before
    state = read_state(tmp_path / "whole").value
    assert state is not None and (state.status, state.step) == ("interrupted", 33)


def test_a_second_signal_leaves_at_once(run: Run, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.step == 33:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    recorder = Recorder(refresh_s=0.0, on_progress=interrupt)
    assert run(Tiny(acts=()), reporter=recorder).code == 130
    assert list((tmp_path / "whole" / "checkpoints").iterdir()) == []
    state = read_state(tmp_path / "whole").value
    assert state is not None and state.status == "interrupted" and recorder.closed == 1


def test_runs_without_a_name_are_numbered(tmp_path: Path) -> None:
    plan = Tiny(steps=1, acts=()).write(tmp_path / "p")
    for _ in range(2):
        request = ExecRequest(plan=plan, reporter=Recorder(), runs=tmp_path / "runs", data=plan.parent)
        assert execute(request).code == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["tiny-1", "tiny-2"]


def test_a_bug_is_not_hidden_and_the_run_does_not_look_alive(run: Run, tmp_path: Path) -> None:
    def burst(line: object) -> None:
        raise ZeroDivisionError

    recorder = Recorder(on_measured=burst)
    with pytest.raises(ZeroDivisionError):
        run(Tiny(), reporter=recorder)
    state = read_state(tmp_path / "whole").value
    assert state is not None and state.status == "failed" and recorder.closed == 1


@pytest.mark.parametrize("bad", [25, 20])
def test_data_that_break_on_the_way_end_the_job_where_they_are_wanted(
    bad: int, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are made ahead; what was trained before the broken one is kept all the same."""
    take = Batches.take

    def broken(self: Batches, first: int, count: int | None = None) -> Any:
        if first == bad:
            raise BrokenData(explain(SourceError("corrupt", "the record is cut short", where="data.npz, record 7")))
        return take(self, first, count)

    monkeypatch.setattr(Batches, "take", broken)
    status = run(Tiny(steps=40, acts=(every("checkpoint", 10),)))
    assert (status.code, codes(status)) == (1, ["E0602"])
    checkpoints = sorted(path.name for path in (tmp_path / "whole" / "checkpoints").iterdir())
    assert checkpoints == ["step-00000010", "step-00000020"]


def test_a_run_that_is_told_to_stop_does_the_acts_due_there(run: Run) -> None:
    recorder = Recorder()
    acts = (every("test", 10), every("log", 10))
    assert run(Tiny(steps=40, acts=acts), reporter=recorder, until=10).code == 0
    assert [(line.phase, line.step) for line in recorder.lines] == [("test", 10), ("train", 10)]
    assert recorder.summary.status == "stopped" and recorder.summary.checkpoint == "step-00000010"


def test_no_folder_is_left_where_it_could_not_be_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Tiny(steps=1, acts=()).write(tmp_path / "p")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copyfile", full)
        status = execute(ExecRequest(plan=plan, run=tmp_path / "run", data=plan.parent, reporter=Recorder()))
    assert codes(status) == ["E0805"] and not (tmp_path / "run").exists()
    assert execute(ExecRequest(plan=plan, run=tmp_path / "run", data=plan.parent, reporter=Recorder())).code == 0
