"""From the command `singa exec` to the first step told, with two workers and kernels compiled before, against importing JAX."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.job import Job, all_cores
from benchmarks.timing import Result, paired, seconds_of


def measure(pairs: int) -> list[Result]:
    """One ratio of wall times."""
    with tempfile.TemporaryDirectory() as folder:
        job = Job.compiled("digits_mlp", "two", Path(folder), {"train.steps": "1", "train.log": "every(1)"})
        _first_step(job)  # fills the cache of compiled kernels
        theirs = seconds_of([sys.executable, "-c", "import jax"])
        name = "singa exec to the first step, 2 workers / python importing jax"
        return [paired(name, lambda: _first_step(job), theirs, pairs, 3.0, unit="s")]


def _first_step(job: Job) -> float:
    command, surroundings = job.command(all_cores()), {**os.environ, "PYTHONUNBUFFERED": "1"}
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    start = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=surroundings) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("step 1 "):
                took = perf_counter() - start
                running.communicate()
                assert running.returncode == 0
                return took
    raise AssertionError("the run told of no step")
