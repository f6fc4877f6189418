"""Some kills and stops of processes of a running job; `python -m tests.processes.kills` does many, over all topologies."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from pathlib import Path
from random import Random
from time import sleep
from uuid import uuid4

import pytest

from tests.processes.disturbed import Blow, disturbed
from tests.processes.jobs import Job, exec_words, job, left_by, singa, surroundings
from tests.processes.present import MARK, gone, present

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["inside", "apart"])
def quick(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Job:
    return job(request.param, tmp_path_factory.mktemp(request.param), steps=1000, every=100)


@pytest.mark.parametrize("blow", ["kill", "stop"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_disturbed_run_ends_as_if_nothing_had_happened(blow: Blow, seed: int, quick: Job, tmp_path: Path) -> None:
    trial = disturbed(quick, blow, Random(seed), tmp_path / "trial")
    assert not trial.wrong, trial.told


def test_where_no_restart_is_left_the_report_names_the_process_and_the_command_that_goes_on(tmp_path: Path) -> None:
    plain = job("inside", tmp_path, steps=1000, every=100, restarts="0")
    mark, run = uuid4().hex, tmp_path / "run"
    running = subprocess.Popen(
        exec_words(plain.plan, run),
        env=surroundings(tmp_path, **{MARK: mark}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not any(run.glob("checkpoints/step-*")):
        assert running.poll() is None
        sleep(0.002)
    [victim] = [one for one in present(mark) if one.name == "worker-1"]
    os.kill(victim.pid, signal.SIGKILL)
    told = running.communicate(timeout=60)[1]
    assert running.returncode == 3 and gone(mark, 5.0) is not None
    assert "error[E0910]: process `worker-1` was killed by SIGKILL " in told
    words = re.search(r"singa( exec --resume --run .*)", " ".join(told.replace("\n", " ").split()))
    assert words is not None, told
    command = [singa(), *shlex.split(words[1])[:4]]
    assert command == [singa(), "exec", "--resume", "--run", str(run)]
    again = subprocess.run(command, env=surroundings(tmp_path), capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stderr
    assert left_by(run) == plain.left
