"""A quick job on digits under several topologies of real processes, compiled once, and what its undisturbed run leaves."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic

from singalang_compiler.lower.write import write
from singalang_compiler.pipeline import Request, compile_program

HEARTBEAT_S = 0.5
PROGRAM = """\
data digits {
  image: f32[64]
  label: class(10)
  std   = 16
  train = digits(batch = 64)
  test  = digits(batch = 100)
}

net mlp {
  on all dense { weight = he_normal() }

  logits = digits.image -> fc1: dense(128) -> relu1: relu -> fc2: dense(64) -> relu2: relu -> out: dense(10)
  loss   = (logits, digits.label) -> softmax_loss
}

updater adam { lr = 0.002 }

train {
  steps      = STEPS
  test       = every(EVERY)
  log        = every(EVERY)
  checkpoint = every(EVERY)
}

topology t {
  BODY
  heartbeat = 500ms
  restarts  = RESTARTS
}
"""
BODIES = {
    "inside": "preset = allreduce, workers = groups(1, size = 2), partition = batch",
    "apart": "preset = sandblaster, servers = groups(1, size = 2), workers = groups(1, size = 2), partition = batch",
    "feature": "preset = allreduce, workers = groups(1, size = 2), partition = feature",
    "stages": "workers = groups(1, size = 2), partition = batch, micro_batches = 4\n"
    "  on fc1, relu1 { stage = 0 }\n  on fc2, relu2, out, loss { stage = 1 }",
    "four": "preset = allreduce, workers = groups(1, size = 4), partition = batch",
}
"""Topologies by name: a plan of each has several processes."""


@dataclass(frozen=True)
class Job:
    """A compiled job. `starts_s` and `trains_s`: how long an undisturbed run takes until its processes are ready, and from there to
    its end; `left`: the hashes of the files of that run, by path."""

    name: str
    plan: Path
    starts_s: float
    trains_s: float
    left: dict[str, str]

    @property
    def last(self) -> str:
        """The last checkpoint."""
        return max(path.split("/")[1] for path in self.left if path.startswith("checkpoints/"))


def compiled(name: str, folder: Path, steps: int = 1000, every: int = 100, restarts: str = "none", program: str = PROGRAM) -> Path:
    """The plan of a topology, written into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    text = program.replace("STEPS", str(steps)).replace("EVERY", str(every))
    path = folder / f"{name}.singa"
    path.write_text(text.replace("BODY", BODIES[name]).replace("RESTARTS", restarts))
    found = compile_program(Request(str(path)))
    assert found.value is not None, found.diagnostics
    write(found.value, folder / f"{name}.json")
    assert len(found.value.plan.processes) > 1
    return folder / f"{name}.json"


def job(name: str, folder: Path, steps: int = 1000, every: int = 100, restarts: str = "none") -> Job:
    """A compiled job with what its undisturbed run leaves; that is run twice, the second time with all kernels in the cache."""
    plan = compiled(name, folder, steps, every, restarts)
    runs, seconds = [folder / f"{name}-undisturbed-{number}" for number in (1, 2)], 0.0
    for run in runs:
        begun = monotonic()
        told = subprocess.run(
            exec_words(plan, run), env=surroundings(folder), capture_output=True, text=True, timeout=300, check=False
        )
        seconds = monotonic() - begun
        assert told.returncode == 0, told.stdout + told.stderr
    first, second = map(left_by, runs)
    assert first == second, "two undisturbed runs differ"
    trace = [json.loads(line) for line in (runs[1] / "trace.jsonl").read_text().splitlines()]
    ready_s = next(one["s"] for one in trace if one["event"] == "ProcessesReady")
    trains_s: float = trace[-1]["s"] - ready_s
    return Job(name, plan, seconds - trains_s, trains_s, first)


def exec_words(plan: Path, run: Path) -> list[str]:
    """The command that runs a plan from its beginning."""
    return [singa(), "exec", str(plan), "--run", str(run)]


def resume_words(run: Path) -> list[str]:
    """The command that goes on with a run, as its report says it."""
    return [singa(), "exec", "--resume", "--run", str(run)]


@cache
def singa() -> str:
    """The path of `singa` beside this Python."""
    return str(Path(sys.executable).with_name("singa"))


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a run: caches and temporary files under a folder."""
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    return os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "TMPDIR": str(temporary), **more}


def left_by(run: Path) -> dict[str, str]:
    """What must be equal to the last byte: metrics, and the tensors of all checkpoints."""
    files = [run / "metrics.jsonl", *sorted(run.glob("checkpoints/step-*/tensors.safetensors"))]
    return {file.relative_to(run).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
