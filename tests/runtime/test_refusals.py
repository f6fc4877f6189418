"""What a user can do wrong before and while a plan runs: each has its code, and nothing already written is lost."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from singalang_compiler.plan import Plan, ProcessRecord, kernels_folder, to_bytes
from singalang_runtime.checkpoint.manifest import NAME, TENSORS
from singalang_runtime.execute import ExecRequest, ExitStatus, execute
from singalang_runtime.kernels import DeviceFailed
from singalang_runtime.lock import Lock
from singalang_runtime.metrics_file import MetricsFile, read_lines
from singalang_runtime.run_folder import read_state
from singalang_runtime.training import Training
from tests.runtime.conftest import Run, codes
from tests.runtime.recorder import Recorder
from tests.runtime.tiny import Tiny, every

SHORT = Tiny(steps=20, acts=(every("checkpoint", 10),))


def refused(plan: Path, folder: Path, **more: Any) -> ExitStatus:
    """Runs a plan that is refused, which makes no run folder."""
    status = execute(ExecRequest(plan=plan, run=folder / "run", data=plan.parent, reporter=Recorder(), **more))
    assert status.code == 1 and not (folder / "run").exists()
    return status


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """The path of a good plan."""
    return SHORT.write(tmp_path / "plan")


def change(path: Path, **fields: Any) -> None:
    """Another plan that is as whole as the first."""
    old = msgspec.json.decode(path.read_bytes(), type=Plan)
    path.write_bytes(to_bytes(msgspec.structs.replace(old, **fields)))


def test_no_plan(tmp_path: Path) -> None:
    status = refused(tmp_path / "none.json", tmp_path)
    assert codes(status) == ["E0701"] and "no such file" in str(status.diagnostics[0].where)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b'{"format": "1.0"}', b"[1, 2]", b"net n {}"])
def test_a_file_that_is_no_plan(content: bytes, plan: Path, tmp_path: Path) -> None:
    plan.write_bytes(content)
    assert codes(refused(plan, tmp_path)) == ["E0702"]


def test_a_plan_that_is_cut_short(plan: Path, tmp_path: Path) -> None:
    plan.write_bytes(plan.read_bytes()[:-200])
    assert codes(refused(plan, tmp_path)) == ["E0702"]


def test_a_plan_of_another_major_format(plan: Path, tmp_path: Path) -> None:
    change(plan, format="2.0")
    assert codes(refused(plan, tmp_path)) == ["E0703"]


def test_a_plan_of_a_newer_minor_format_is_run(plan: Path, tmp_path: Path) -> None:
    """Fields that this version does not know are passed over, and count for the hash all the same."""
    record = msgspec.json.decode(plan.read_bytes()) | {"format": "1.9", "novelty": {"b": 1, "a": [2.5]}, "sha256": ""}
    record["sha256"] = hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()
    plan.write_bytes(msgspec.json.format(msgspec.json.encode(record, order="sorted"), indent=2) + b"\n")
    status = execute(ExecRequest(plan=plan, run=tmp_path / "run", data=plan.parent, reporter=Recorder()))
    assert (status.code, codes(status)) == (0, [])
    record["novelty"]["b"] = 2
    plan.write_bytes(msgspec.json.encode(record))
    assert codes(execute(ExecRequest(plan=plan, run=tmp_path / "other", reporter=Recorder()))) == ["E0704"]


def test_a_plan_edited_by_hand(plan: Path, tmp_path: Path) -> None:
    text = plan.read_text()
    assert '"steps": 20' in text
    plan.write_text(text.replace('"steps": 20', '"steps": 21'))
    assert codes(refused(plan, tmp_path)) == ["E0704"]


def test_a_kernel_that_is_missing(plan: Path, tmp_path: Path) -> None:
    first, second, *_ = sorted(kernels_folder(plan).iterdir())
    first.unlink()
    assert first.name in str(refused(plan, tmp_path).diagnostics[0].where)
    second.unlink()
    status = refused(plan, tmp_path)
    assert codes(status) == ["E0705"] and status.diagnostics[0].title == "2 of the plan's kernels are missing"


def test_a_kernel_that_was_altered(plan: Path, tmp_path: Path) -> None:
    kernel = sorted(kernels_folder(plan).iterdir())[0]
    content = bytearray(kernel.read_bytes())
    content[len(content) // 2] ^= 1
    kernel.write_bytes(content)
    status = refused(plan, tmp_path)
    assert codes(status) == ["E0706"] and kernel.name in str(status.diagnostics[0].where)


def test_kernels_of_another_jax(plan: Path, tmp_path: Path) -> None:
    change(plan, jax="0.4.30")
    status = execute(ExecRequest(plan=plan, run=tmp_path / "run", data=plan.parent, reporter=Recorder()))
    assert (status.code, codes(status)) == (1, ["E0707"])


def test_a_plan_for_another_platform(plan: Path, tmp_path: Path) -> None:
    change(plan, platforms=("cuda", "tpu"))
    status = execute(ExecRequest(plan=plan, run=tmp_path / "run", data=plan.parent, reporter=Recorder()))
    assert (status.code, codes(status)) == (1, ["E0708"])


def test_a_plan_for_several_processes_on_a_system_that_runs_one(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(plan, processes=tuple(ProcessRecord(name=f"worker{number}", roles=("worker",)) for number in range(2)))
    monkeypatch.setattr(sys, "platform", "win32")
    status = execute(ExecRequest(plan=plan, run=tmp_path / "run", data=plan.parent, reporter=Recorder()))
    monkeypatch.undo()
    assert (status.code, codes(status)) == (2, ["E0709"]) and not (tmp_path / "run").exists()
    status = execute(ExecRequest(plan=plan, run=tmp_path / "run", data=plan.parent, reporter=Recorder(), local=True))
    assert (status.code, codes(status)) == (0, [])


def test_data_that_are_not_there(plan: Path, tmp_path: Path) -> None:
    (plan.parent / "data.npz").unlink()
    assert codes(refused(plan, tmp_path)) == ["E0601"]


def test_a_disk_that_is_too_small(plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: small)
    assert codes(refused(plan, tmp_path)) == ["E0903"]


def test_too_little_memory_is_a_warning(plan: Path, tmp_path: Path) -> None:
    old = msgspec.json.decode(plan.read_bytes(), type=Plan)
    change(plan, estimate=msgspec.structs.replace(old.estimate, memory_bytes={"worker0": 1 << 50}))
    status = execute(ExecRequest(plan=plan, run=tmp_path / "run", data=plan.parent, reporter=Recorder()))
    assert (status.code, codes(status)) == (0, ["E0904"])


def test_a_run_folder_in_use(run: Run, tmp_path: Path) -> None:
    assert run(SHORT, until=10).code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "whole").rglob("*") if path.is_file()}
    lock = Lock.take(tmp_path / "whole" / "lock")
    assert lock is not None
    status = run(SHORT, resume=True)
    assert (status.code, codes(status)) == (1, ["E0801"])
    assert before == {path: path.read_bytes() for path in (tmp_path / "whole").rglob("*") if path.is_file()}
    lock.release()
    assert run(SHORT, resume=True).code == 0


def test_a_run_folder_that_holds_something(run: Run, tmp_path: Path) -> None:
    assert run(SHORT).code == 0
    status = run(SHORT)
    assert codes(status) == ["E0803"] and "a run already" in status.diagnostics[0].title
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    status = run(SHORT, "mine")
    assert codes(status) == ["E0803"] and "other files" in status.diagnostics[0].title
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_a_run_folder_that_cannot_be_made(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status = execute(ExecRequest(plan=plan, run=tmp_path / "file" / "run", data=plan.parent, reporter=Recorder()))
    assert (status.code, codes(status)) == (1, ["E0804"])


def test_nothing_to_resume(plan: Path, tmp_path: Path) -> None:
    request = ExecRequest(plan=plan, runs=tmp_path / "runs", data=plan.parent, reporter=Recorder(), resume=True)
    status = execute(request)
    assert codes(status) == ["E0909"] and "`tiny`" in status.diagnostics[0].title
    assert codes(execute(ExecRequest(plan=None, run=tmp_path / "none", reporter=Recorder(), resume=True))) == ["E0802"]


def test_resume_takes_the_last_run_of_the_job(plan: Path, tmp_path: Path) -> None:
    request = {"plan": plan, "runs": tmp_path / "runs", "data": plan.parent}
    for _ in range(2):
        assert execute(ExecRequest(**request, reporter=Recorder(), until=10)).code == 0  # type: ignore[arg-type]
    status = execute(ExecRequest(**request, reporter=Recorder(), resume=True))  # type: ignore[arg-type]
    assert (status.code, status.run) == (0, tmp_path / "runs" / "tiny-2")


def test_a_run_of_another_plan(run: Run, tmp_path: Path) -> None:
    assert run(SHORT, until=10).code == 0
    other = Tiny(steps=30).write(tmp_path / "other")
    status = execute(ExecRequest(plan=other, run=tmp_path / "whole", data=other.parent, reporter=Recorder(), resume=True))
    assert codes(status) == ["E0809"]
    assert run(SHORT, resume=True).code == 0


@pytest.mark.parametrize("content", [b"", b"{", b'{"job": 3}'])
def test_a_run_whose_state_is_damaged(content: bytes, run: Run, tmp_path: Path) -> None:
    assert run(SHORT, until=10).code == 0
    (tmp_path / "whole" / "run.json").write_bytes(content)
    assert codes(run(SHORT, resume=True)) == ["E0810"]


def test_a_checkpoint_of_another_model_names_the_tensors_that_differ(run: Run, tmp_path: Path) -> None:
    assert run(SHORT, until=10).code == 0
    assert run(Tiny(steps=20, acts=(), width=2), "narrow").code == 0
    folder = tmp_path / "whole" / "checkpoints"
    shutil.copytree(tmp_path / "narrow" / "checkpoints" / "step-00000020", folder / "step-00000020")
    status = run(SHORT, resume=True)
    assert (status.code, codes(status)) == (1, ["E0807"])
    assert "`parameters/fc.weight` has shape [2, 1], not [3, 1]" in str(status.diagnostics[0].where)
    assert "`slots/velocity/fc.weight`" in str(status.diagnostics[0].where)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: flip(folder / TENSORS),
        lambda folder: (folder / TENSORS).unlink(),
        lambda folder: (folder / TENSORS).write_bytes((folder / TENSORS).read_bytes()[:-8]),
        lambda folder: (folder / NAME).unlink(),
        lambda folder: (folder / NAME).write_text("{}"),
        lambda folder: (folder / NAME).write_text((folder / NAME).read_text().replace('"step": 20', '"step": 21')),
    ],
    ids=["flipped", "missing", "short", "no manifest", "empty manifest", "edited manifest"],
)
def test_a_damaged_checkpoint_is_refused_and_the_one_before_it_offered(
    damage: Callable[[Path], object], run: Run, tmp_path: Path
) -> None:
    tiny = Tiny(steps=30, acts=(every("checkpoint", 10),))
    assert run(tiny, "good").code == 0
    assert run(tiny, until=20).code == 0
    folder = tmp_path / "whole" / "checkpoints" / "step-00000020"
    damage(folder)
    status = run(tiny, resume=True)
    assert (status.code, codes(status)) == (1, ["E0806"])
    assert "take `step-00000010`" in str(status.diagnostics[0].hint)
    shutil.rmtree(folder)
    assert run(tiny, resume=True).code == 0
    assert (tmp_path / "whole" / "metrics.jsonl").read_bytes() == (tmp_path / "good" / "metrics.jsonl").read_bytes()


def test_data_that_changed_are_told_of(run: Run, tmp_path: Path) -> None:
    assert run(SHORT, until=10).code == 0
    import numpy as np

    x = np.zeros((50, 3), np.float32)
    np.savez(tmp_path / "whole.plan" / "data.npz", x=x, y=x[:, 0])
    assert "E0608" in codes(run(SHORT, resume=True))


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_fills_up_while_a_checkpoint_is_written(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(SHORT, until=10).code == 0
    with monkeypatch.context() as patched:
        patched.setattr("singalang_runtime.checkpoint.write.save_file", full)
        status = run(SHORT, resume=True)
    assert (status.code, codes(status)) == (3, ["E0805"])
    assert [path.name for path in (tmp_path / "whole" / "checkpoints").iterdir()] == ["step-00000010"]
    state = read_state(tmp_path / "whole").value
    assert state is not None and (state.status, state.code) == ("failed", "E0805")
    assert run(SHORT, resume=True).code == 0


def test_a_disk_that_fills_up_in_a_line_of_metrics_takes_the_line_back(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = Tiny(steps=20, acts=(every("log", 5), every("checkpoint", 10)))
    original = MetricsFile.add

    class Full:
        """A disk with room for half a line."""

        def __init__(self, file: Any) -> None:
            self.file, self.room = file, 60

        def write(self, content: bytes) -> int:
            if self.room <= 0:
                full()
            written = self.file.write(content[: self.room])
            self.room -= written
            return int(written)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

    def add(self: Any, line: Any) -> None:
        if line.step == 15:
            self._file = Full(self._file)
        original(self, line)

    with monkeypatch.context() as patched:
        patched.setattr(MetricsFile, "add", add)
        status = run(tiny)
    assert (status.code, codes(status)) == (3, ["E0805"])
    content = (tmp_path / "whole" / "metrics.jsonl").read_bytes()
    assert content.endswith(b"}\n") and [line.step for line in read_lines(tmp_path / "whole" / "metrics.jsonl")] == [5, 10]
    assert run(tiny, resume=True).code == 0
    assert run(tiny, "good").code == 0
    assert (tmp_path / "whole" / "metrics.jsonl").read_bytes() == (tmp_path / "good" / "metrics.jsonl").read_bytes()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_real_disk_that_fills_up(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        plan = Tiny(steps=2000, acts=(every("checkpoint", 10), every("log", 7))).write(tmp_path / "plan")
        status = execute(ExecRequest(plan=plan, run=disk / "run", data=plan.parent, reporter=Recorder()))
        assert (status.code, codes(status)) == (3, ["E0805"])
        checkpoints = sorted((disk / "run" / "checkpoints").iterdir())
        assert len(checkpoints) > 3 and not list((disk / "run").rglob(".*"))
        lines = list(read_lines(disk / "run" / "metrics.jsonl"))
        assert len(lines) == len((disk / "run" / "metrics.jsonl").read_bytes().splitlines()) > 3
        for old in checkpoints[:-1]:
            shutil.rmtree(old)
        request = ExecRequest(
            plan=None, run=disk / "run", reporter=Recorder(), resume=True, until=int(checkpoints[-1].name[-8:]) + 10
        )
        assert execute(request).code == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_device_that_fails(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> int:
        raise DeviceFailed("RESOURCE_EXHAUSTED: Out of memory allocating 10 bytes.\nmore")

    monkeypatch.setattr(Training, "run", fail)
    status = run(SHORT)
    assert (status.code, codes(status)) == (3, ["E0902"])
    assert status.diagnostics[0].title == "the device failed while training `train`"
    assert status.diagnostics[0].where == "RESOURCE_EXHAUSTED: Out of memory allocating 10 bytes."


@pytest.mark.parametrize(
    ("start", "code"), [("nowhere", "E0802"), ("bare", "E0808"), ("damaged/checkpoints/step-00000001", "E0806"), ("other", "E0908")]
)
def test_a_start_that_is_of_no_use(start: str, code: str, run: Run, tmp_path: Path) -> None:
    for name, width in (("bare", 3), ("damaged", 3), ("other", 2)):
        assert run(Tiny(steps=1, acts=(), width=width), name).code == 0
    shutil.rmtree(tmp_path / "bare" / "checkpoints" / "step-00000001")
    (tmp_path / "damaged" / "checkpoints" / "step-00000001" / NAME).write_text("{}")
    if start == "other":  # the bias fits: take it away, so that nothing does
        folder = tmp_path / "other" / "checkpoints" / "step-00000001"
        manifest = msgspec.json.decode((folder / NAME).read_bytes())
        from singalang_runtime.checkpoint.manifest import Manifest, to_bytes

        record = msgspec.convert(manifest, Manifest)
        kept = {key: tensor for key, tensor in record.tensors.items() if "bias" not in key}
        (folder / NAME).write_bytes(to_bytes(msgspec.structs.replace(record, tensors=kept)))
    status = run(Tiny(steps=1, acts=(), start=str(tmp_path / start)), "pupil")
    assert (status.code, codes(status)) == (1, [code])
    assert not (tmp_path / "pupil").exists()
