"""A run goes on where it stopped, however it stopped, and ends as if it never had."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save_file

from singalang_runtime.execute import ExecRequest, execute
from singalang_runtime.metrics_file import MetricsFile
from singalang_runtime.report.port import Progress
from singalang_runtime.run_folder import read_state
from tests.runtime.conftest import Run, codes
from tests.runtime.recorder import Recorder
from tests.runtime.tiny import Tiny, every

Whole = Callable[[Tiny], dict[str, bytes]]
ACTS = (every("test", 50, batches=2), every("checkpoint", 40), every("log", 25))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Whole:
    """What remains of an uninterrupted run of a plan; each is run once."""

    @cache
    def call(tiny: Tiny) -> dict[str, bytes]:
        folder = tmp_path_factory.mktemp("whole")
        plan = tiny.write(folder / "plan")
        request = ExecRequest(plan=plan, run=folder / "run", data=plan.parent, reporter=Recorder(), cache=compiled)
        assert execute(request).code == 0
        return remains(folder / "run")

    return call


def remains(folder: Path) -> dict[str, bytes]:
    """Metrics, and the tensors of the last checkpoint: what must be equal, byte for byte."""
    last = sorted(path for path in (folder / "checkpoints").iterdir() if path.name.endswith("step-00000200"))[-1]
    return {"metrics": (folder / "metrics.jsonl").read_bytes(), "tensors": (last / "tensors.safetensors").read_bytes()}


@pytest.mark.parametrize("chunk", [1, 4])
@pytest.mark.parametrize("stops", [(100,), (3, 50, 77, 160)])
def test_two_hundred_steps_are_a_hundred_and_a_hundred(
    chunk: int, stops: tuple[int, ...], run: Run, whole: Whole, tmp_path: Path
) -> None:
    tiny = Tiny(acts=ACTS, chunk=chunk)
    for number, stop in enumerate(stops):
        assert run(tiny, "parts", resume=number > 0, until=stop).code == 0
        state = read_state(tmp_path / "parts").value
        assert state is not None and state.status == "stopped" and stop <= state.step < stop + chunk
    assert run(tiny, "parts", resume=True).code == 0
    assert remains(tmp_path / "parts") == whole(tiny)


@pytest.mark.parametrize("at", [("train", 25), ("test", 50), ("train", 50), ("train", 200)])
def test_a_signal_between_the_acts_of_a_step_loses_and_doubles_nothing(
    at: tuple[str, int], run: Run, whole: Whole, tmp_path: Path
) -> None:
    tiny = Tiny(acts=ACTS)
    recorder = Recorder(on_measured=lambda line: os.kill(os.getpid(), signal.SIGINT) if (line.phase, line.step) == at else None)
    assert run(tiny, "parts", reporter=recorder).code == 130
    assert run(tiny, "parts", resume=True).code == 0
    assert remains(tmp_path / "parts") == whole(tiny)


def test_a_signal_in_a_chunk_waits_for_its_end(run: Run, whole: Whole, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.step == 60:
            os.kill(os.getpid(), signal.SIGINT)

    tiny = Tiny(acts=ACTS, chunk=4)
    assert run(tiny, "parts", reporter=Recorder(refresh_s=0.0, on_progress=interrupt)).code == 130
    state = read_state(tmp_path / "parts").value
    assert state is not None and state.step == 60
    assert run(tiny, "parts", resume=True).code == 0
    assert remains(tmp_path / "parts") == whole(tiny)


def test_sections_are_resumed_in_the_second_with_all_that_the_first_learned(run: Run, whole: Whole, tmp_path: Path) -> None:
    tiny = Tiny(acts=ACTS, sections=("first", "second"))

    def stop_second(line: Any) -> None:
        if (line.train, line.step) == ("second", 75):
            os.kill(os.getpid(), signal.SIGINT)

    assert run(tiny, "parts", reporter=Recorder(on_measured=stop_second)).code == 130
    recorder = Recorder()
    assert run(tiny, "parts", resume=True, reporter=recorder).code == 0
    assert [one for one in recorder.told if isinstance(one, tuple) and one[0] == "section"] == [
        ("section", "second", 76)
    ]  # a dispatch more
    assert remains(tmp_path / "parts") == whole(tiny)


class Killed(BaseException):
    """Stands for the death of the process: nobody catches it."""


def dying(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """After so many writes of any kind the process is gone, in the middle of the next one."""
    left = [after]

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return function(*arguments, **more)

        return call

    monkeypatch.setattr(os, "fsync", mortal(os.fsync))
    monkeypatch.setattr(Path, "rename", mortal(Path.rename))
    monkeypatch.setattr(Path, "replace", mortal(Path.replace))
    monkeypatch.setattr("singalang_runtime.checkpoint.write.save_file", mortal(save_file))
    monkeypatch.setattr(MetricsFile, "add", mortal(MetricsFile.add))


@pytest.mark.parametrize("after", [3, 5, 8, 9, 12, 15, 20, 26, 37, 38])
def test_a_run_that_dies_while_it_writes_goes_on_from_what_was_whole(
    after: int, run: Run, whole: Whole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = Tiny(steps=200, acts=(every("checkpoint", 70), every("log", 60)))
    with monkeypatch.context() as patched:
        dying(patched, after)
        with pytest.raises(Killed):
            run(tiny, "parts")
    status = run(tiny, "parts", resume=True)
    assert (status.code, codes(status)) == (0, [])
    assert remains(tmp_path / "parts") == whole(tiny)
    assert not list((tmp_path / "parts").rglob(".*"))


PROGRAM = """
import sys
from pathlib import Path
from singalang_runtime.execute import ExecRequest, execute
from singalang_runtime.report.plain import Plain
plan, run, resume = sys.argv[1:]
request = ExecRequest(plan=Path(plan), run=Path(run), data=Path(plan).parent, resume=resume == "resume", reporter=Plain(sys.stdout),
                      cache=Path(plan).parent / "cache")
sys.exit(execute(request).code)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_at_random_ends_as_if_it_never_was(tmp_path: Path) -> None:
    """SIGKILL, several times; the checkpoints come so close together that some kills hit one being written."""
    tiny = Tiny(steps=20_000, acts=(every("checkpoint", 50), every("log", 70), every("test", 110)))
    plan = tiny.write(tmp_path / "p")
    draw = random.Random(7)

    def process(name: str, resume: bool) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, str(plan), str(tmp_path / name), "resume" if resume else "new"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    whole = process("whole", False)
    whole.communicate()
    assert whole.returncode == 0
    for attempt in range(5):
        running = process("parts", attempt > 0)
        assert running.stdout is not None
        if attempt < 4:
            for _ in range(draw.randint(10, 60)):
                assert running.stdout.readline()
            running.kill()
        running.communicate()
        assert running.returncode == (-signal.SIGKILL if attempt < 4 else 0)
    shown = [(folder / "metrics.jsonl").read_bytes() for folder in (tmp_path / "whole", tmp_path / "parts")]
    assert shown[0] == shown[1]
    last = [folder / "checkpoints" / "step-00020000" / "tensors.safetensors" for folder in (tmp_path / "whole", tmp_path / "parts")]
    assert last[0].read_bytes() == last[1].read_bytes()
    assert any((tmp_path / "p" / "cache").iterdir()), "compiled kernels are kept"


def test_a_run_without_a_checkpoint_begins_anew(run: Run, whole: Whole, tmp_path: Path) -> None:
    tiny = Tiny(acts=(every("log", 25),))
    assert run(tiny, "parts", until=60).code == 0
    shutil.rmtree(tmp_path / "parts" / "checkpoints" / "step-00000060")
    assert run(tiny, "parts", resume=True).code == 0
    assert remains(tmp_path / "parts") == whole(tiny)


def test_a_finished_run_has_nothing_to_go_on_with(run: Run, tmp_path: Path) -> None:
    tiny = Tiny(steps=10, acts=())
    assert run(tiny).code == 0
    before = (tmp_path / "whole" / "run.json").read_bytes()
    recorder = Recorder()
    assert run(tiny, resume=True, reporter=recorder).code == 0
    assert recorder.told == [("note", f"the run in {tmp_path / 'whole'} has finished already")]
    assert (tmp_path / "whole" / "run.json").read_bytes() == before


def test_a_folder_put_aside_while_it_was_replaced_is_put_back(run: Run, whole: Whole, tmp_path: Path) -> None:
    tiny = Tiny(acts=ACTS)
    assert run(tiny, "parts", until=100).code == 0
    checkpoints = tmp_path / "parts" / "checkpoints"
    (checkpoints / "step-00000100").rename(checkpoints / ".step-00000100.old")
    assert run(tiny, "parts", resume=True).code == 0
    assert remains(tmp_path / "parts") == whole(tiny)


def test_metrics_that_were_lost_are_told_of(run: Run, tmp_path: Path) -> None:
    tiny = Tiny(acts=ACTS)
    assert run(tiny, until=100).code == 0
    (tmp_path / "whole" / "metrics.jsonl").write_text("")
    status = run(tiny, resume=True)
    assert (status.code, codes(status)) == (0, ["E0811"])
