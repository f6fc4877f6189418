"""What a user can do wrong with a plan of several processes: told by a code with figures, and nothing is left of the processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from time import sleep
from uuid import uuid4

import numpy as np
import pytest

from tests.processes.jobs import PROGRAM, compiled, exec_words, left_by, resume_words, singa, surroundings
from tests.processes.present import COORDINATOR, MARK, end_all, gone, present

pytestmark = pytest.mark.slow
FILE = PROGRAM.replace(
    "  train = digits(batch = 64)\n  test  = digits(batch = 100)", '  train = npz("records.npz", batch = 64, stored = f64)'
).replace("  test       = every(EVERY)\n", "")
ENDLESS = 10_000_000


def write_records(folder: Path, seed: int) -> None:
    """Records of equal size and number, with other values for every seed."""
    draw = np.random.default_rng(seed)
    whole = folder / ".records.npz"
    np.savez(whole, image=draw.normal(size=(256, 64)), label=draw.integers(0, 10, 256))
    whole.replace(folder / "records.npz")


def told(words: list[str], folder: Path, code: int, **env: str) -> str:
    """What a command says on its standard error; it ends with `code`, and nothing of it is left."""
    mark = uuid4().hex
    done = subprocess.run(
        words, cwd=folder, env=surroundings(folder, **{MARK: mark}, **env), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr and gone(mark, 5.0) is not None
    return done.stderr


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """The plan of a job that reads a file and does not end by itself."""
    write_records(tmp_path, 1)
    return compiled("inside", tmp_path, steps=ENDLESS, every=200, program=FILE)


class Going:
    """A run that goes on until somebody ends it."""

    def __init__(self, plan: Path) -> None:
        self.folder, self.path, self.mark = plan.parent, plan.parent / "run", uuid4().hex
        env = surroundings(self.folder, **{MARK: self.mark})
        self.process = subprocess.Popen(
            exec_words(plan, self.path), cwd=self.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        while not any(self.path.glob("checkpoints/step-*")):
            assert self.process.poll() is None, self.process.communicate()
            sleep(0.005)

    def strike(self, process: str) -> None:
        """Kills a process of it."""
        [victim] = [one for one in present(self.mark) if one.name == process]
        os.kill(victim.pid, signal.SIGKILL)

    def ended(self) -> str:
        """What it said at its end, with nothing left of it."""
        try:
            said = self.process.communicate(timeout=60)[1]
            assert gone(self.mark, 5.0) is not None
        finally:
            end_all(self.mark)
        return said


def test_data_that_changed_before_a_run_is_resumed(endless: Path) -> None:
    run = Going(endless)
    run.strike(COORDINATOR)
    run.ended()
    before = left_by(run.path)
    write_records(endless.parent, 2)
    said = told(resume_words(run.path), endless.parent, 1)
    assert "error[E0608]: the data of `digits.train` changed since the run began" in said and "`records.npz`" in said
    assert left_by(run.path) == before
    write_records(endless.parent, 1)
    told([*resume_words(run.path), "--until", "1"], endless.parent, 0)


def test_data_that_changed_while_the_run_went_on_are_seen_when_its_group_starts_again(endless: Path) -> None:
    run = Going(endless)
    write_records(endless.parent, 2)
    run.strike("worker-0")
    said = run.ended()
    assert run.process.returncode == 1
    assert "error[E0608]: the data of `digits.train` changed since the run began" in said
    assert json.loads((run.path / "run.json").read_text())["status"] == "failed"


def test_a_run_folder_in_use_names_the_process_that_uses_it(endless: Path) -> None:
    run = Going(endless)
    said = told(resume_words(run.path), endless.parent, 1)
    assert f"error[E0801]: the run folder is in use by process {run.process.pid}" in said
    assert "error[E0803]" in told(exec_words(endless, run.path), endless.parent, 1)
    run.process.terminate()
    run.ended()
    assert run.process.returncode == 143


def test_a_run_folder_that_cannot_be_made(endless: Path) -> None:
    (endless.parent / "file").write_text("")
    said = told(exec_words(endless, endless.parent / "file" / "run"), endless.parent, 1)
    assert "error[E0804]" in said


def test_more_processes_than_cores_are_told_and_change_nothing(tmp_path: Path) -> None:
    plan = compiled("four", tmp_path, steps=60, every=20)
    [core, *_] = sorted(os.sched_getaffinity(0))
    said = told(["taskset", "-c", str(core), *exec_words(plan, tmp_path / "narrow")], tmp_path, 0)
    assert "warning[E0911]: 4 processes share 1 core" in said
    told([*exec_words(plan, tmp_path / "local"), "--local"], tmp_path, 0)
    assert left_by(tmp_path / "narrow") == left_by(tmp_path / "local")


@pytest.mark.parametrize("local", [[], ["--local"]])
def test_a_plan_made_for_another_machine_is_refused_in_one_process_as_in_several(local: list[str], tmp_path: Path) -> None:
    program = tmp_path / "inside.singa"
    compiled("inside", tmp_path, steps=20, every=20)
    plan = tmp_path / "elsewhere.json"
    words = [str(Path(singa()).with_name("singac")), str(program), "--platforms", "cuda", "-o", str(plan)]
    told(words, tmp_path, 0)
    said = told([*exec_words(plan, tmp_path / "run"), *local], tmp_path, 1)
    assert "error[E0708]: the plan is for cuda, and JAX runs on cpu here" in said
