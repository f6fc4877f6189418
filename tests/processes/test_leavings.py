"""What a job of several processes leaves behind, counted: no process, no descriptor, no block of memory, however it ended."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from uuid import uuid4

import pytest

from singalang_runtime.execute import ExecRequest, execute
from singalang_runtime.report.silent import Silent
from tests.processes.jobs import PROGRAM, compiled, exec_words, left_by, resume_words, surroundings
from tests.processes.present import COORDINATOR, MARK, end_all, gone, named_memory, present

pytestmark = pytest.mark.slow
ENDLESS = 10_000_000
GONE_S = 5.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("leavings")


@pytest.fixture(scope="module")
def short(folder: Path) -> Path:
    return compiled("inside", folder / "short", steps=60, every=20)


@pytest.fixture(scope="module")
def endless(folder: Path) -> Path:
    return compiled("inside", folder / "endless", steps=ENDLESS, every=500)


@pytest.fixture(scope="module")
def spoilt(folder: Path) -> Path:
    """A plan whose loss becomes infinite."""
    program = PROGRAM.replace("lr = 0.002", "lr = 1e30").replace("log        = every(EVERY)", "log = every(1)")
    return compiled("inside", folder / "spoilt", steps=60, every=20, program=program)


def held() -> tuple[Counter[str], int, int, set[str]]:
    """What this process holds: descriptors by what they are, children, threads, and what has a name in shared memory; blocks of
    shared memory without a name are descriptors or maps."""
    gc.collect()
    found: Counter[str] = Counter()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[os.readlink(entry).split(":")[0].split("/")[-1][:20]] += 1
        except OSError:
            continue
    found["maps"] = Path("/proc/self/maps").read_text().count("/memfd:singalang")
    children = (Path("/proc/self/task") / str(os.getpid()) / "children").read_text().split()
    return found, len(children), threading.active_count(), named_memory()


def run_here(plan: Path, run: Path, code: int) -> None:
    status = execute(ExecRequest(plan=plan, reporter=Silent(), run=run, data=plan.parent, cache=plan.parent / "compiled"))
    assert status.code == code, status.diagnostics


def test_a_coordinator_that_goes_on_living_keeps_nothing_of_a_run(short: Path, spoilt: Path, tmp_path: Path) -> None:
    run_here(short, tmp_path / "first", 0)  # modules are imported, caches filled
    before = held()
    run_here(short, tmp_path / "good", 0)
    assert held() == before
    run_here(spoilt, tmp_path / "bad", 3)
    assert held() == before
    assert left_by(tmp_path / "first") == left_by(tmp_path / "good")


class Running:
    """A run in a session of its own, as in a terminal."""

    def __init__(self, plan: Path, run: Path, env: dict[str, str], mark: str) -> None:
        self.path, self.mark = run, mark
        self.process = subprocess.Popen(
            exec_words(plan, run), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def trains(self) -> None:
        """Waits until it has trained for a while."""
        deadline = monotonic() + 120
        while not any(self.path.glob("checkpoints/step-*")):
            assert self.process.poll() is None and monotonic() < deadline, self.process.communicate()
            sleep(0.01)
        assert len(present(self.mark)) == 3

    def ended(self, code: int) -> str:
        """Waits for its end, and counts what is left of it."""
        told = self.process.communicate(timeout=60)[0]
        assert self.process.returncode == code, told
        assert gone(self.mark, GONE_S) is not None, present(self.mark)
        return told


@contextmanager
def running(plan: Path, folder: Path) -> Iterator[Running]:
    mark = uuid4().hex
    before = named_memory()
    temporary = folder / "temporary"
    temporary.mkdir()
    one = Running(plan, folder / "run", surroundings(plan.parent, TMPDIR=str(temporary), **{MARK: mark}), mark)
    try:
        yield one
    finally:
        end_all(mark)
        one.process.wait(10)
        assert one.process.stdout is not None
        one.process.stdout.close()
    assert named_memory() <= before and not any(temporary.iterdir())
    assert not [path for path in (folder / "run").rglob(".*") if not path.name.startswith(".step")]


def test_nothing_is_left_of_a_run_that_ended_well(short: Path, tmp_path: Path) -> None:
    with running(short, tmp_path) as run:
        run.ended(0)


def test_nothing_is_left_of_a_run_that_failed(spoilt: Path, tmp_path: Path) -> None:
    with running(spoilt, tmp_path) as run:
        assert "E0901" in run.ended(3)


def test_nothing_is_left_after_ctrl_c_which_reaches_all_processes(endless: Path, tmp_path: Path) -> None:
    with running(endless, tmp_path) as run:
        run.trains()
        os.killpg(run.process.pid, signal.SIGINT)
        assert "to go on: singa exec --resume" in run.ended(130)


def test_nothing_is_left_after_ctrl_c_twice(endless: Path, tmp_path: Path) -> None:
    with running(endless, tmp_path) as run:
        run.trains()
        os.killpg(run.process.pid, signal.SIGINT)
        os.killpg(run.process.pid, signal.SIGINT)
        run.ended(130)


def test_nothing_is_left_after_ctrl_c_while_processes_start(endless: Path, tmp_path: Path) -> None:
    with running(endless, tmp_path) as run:
        while len(present(run.mark)) < 2:
            sleep(0.005)
        os.killpg(run.process.pid, signal.SIGINT)
        run.ended(130)


def test_nothing_is_left_after_a_signal_to_terminate(endless: Path, tmp_path: Path) -> None:
    with running(endless, tmp_path) as run:
        run.trains()
        run.process.terminate()
        run.ended(143)


@pytest.mark.parametrize("stopped", [False, True])
def test_processes_die_with_their_coordinator_even_when_they_are_stopped(stopped: bool, endless: Path, tmp_path: Path) -> None:
    with running(endless, tmp_path) as run:
        run.trains()
        if stopped:
            for one in present(run.mark):
                os.kill(one.pid, signal.SIGSTOP)
        run.process.kill()
        run.ended(-signal.SIGKILL)
        told = subprocess.run(
            [*resume_words(run.path), "--until", "1"],
            env=surroundings(endless.parent),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert told.returncode == 0, told.stderr  # the run folder is not locked by anybody


def test_the_harness_sees_a_process_that_is_left(tmp_path: Path) -> None:
    mark = uuid4().hex
    with subprocess.Popen(["sleep", "60"], env=os.environ | {MARK: mark}) as one:
        while not present(mark):
            sleep(0.005)
        assert [found.name for found in present(mark)] == [COORDINATOR]
        assert gone(mark, 0.05) is None
        end_all(mark)
        one.wait()
    assert gone(mark, 1.0) is not None
