"""Two processes of `singa exec` against one on one core, one on two cores, and PyTorch's DistributedDataParallel over gloo."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.job import Job
from benchmarks.own import make_records
from benchmarks.peers.torch_ddp import PROCESSES, RECORDS
from benchmarks.timing import Result, in_turn, speed_up

ONE, BOTH = "0", "0,1"


@dataclass(frozen=True)
class Case:
    """A net, the steps of one run and of a stretch of it, and how much faster two workers must be than each peer."""

    net: str
    record: tuple[int, ...]
    steps: int
    stretch: int
    one_core: float
    two_threads: float
    torch: float


CASES = (
    Case("mnist_mlp", (784,), 20, 4, 1.85, 0.97, 2.0),
    Case("cifar_convnet", (3, 32, 32), 100, 20, 1.85, 1.15, 1.4),
)
STAGES, STAGES_BAR = {"2": "stages2", "4": "stages4"}, 1.4
"""Micro-batches -> topology of the perceptron in two stages."""


def measure(rounds: int) -> list[Result]:
    """Three ratios for each net, and that of two stages with the number of micro-batches that does best."""
    found = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            file, batch = RECORDS[case.net]
            make_records(folder, file, 8 * batch, *case.record)
            times = in_turn(_sides(case, folder), rounds)
        found += _results(case, times)
    return found


def _sides(case: Case, folder: Path) -> dict[str, Callable[[], float]]:
    _, batch = RECORDS[case.net]
    settings = {"train.steps": str(case.steps), "train.log": f"every({case.stretch})"}
    if case.net == "mnist_mlp":
        settings["batch"] = str(batch)
    alone = Job.compiled(case.net, None, folder, settings)
    sides = {
        "two": Job.compiled(case.net, "two", folder, settings).step_seconds(BOTH),
        "one core": alone.step_seconds(ONE),
        "two threads": alone.step_seconds(BOTH),
        "torch": _torch(case, folder),
    }
    if case.net == "mnist_mlp":
        sides |= {micro: Job.compiled(case.net, way, folder, settings).step_seconds(BOTH) for micro, way in STAGES.items()}
    return sides


def _results(case: Case, times: dict[str, list[float]]) -> list[Result]:
    net, two = case.net, times["two"]
    found = [
        speed_up(f"{net}: 2 workers / 1 on one core", two, times["one core"], case.one_core),
        speed_up(f"{net}: 2 workers / 1 process, 2 threads", two, times["two threads"], case.two_threads),
        speed_up(f"{net}: 2 workers / PyTorch DDP, gloo", two, times["torch"], case.torch),
    ]
    if case.net == "mnist_mlp":
        micro = min(STAGES, key=lambda one: median(times[one]))
        name = f"{net}: 2 stages, {micro} micro-batches / 1 on one core"
        found.append(speed_up(name, times[micro], times["one core"], STAGES_BAR))
    return found


def _torch(case: Case, folder: Path) -> Callable[[], float]:
    """Both processes may use both cores: gloo's threads starve where each is bound to one."""
    command = ["taskset", "--cpu-list", BOTH, sys.executable, "-m", "benchmarks.peers.torch_ddp"]
    arguments = [str(folder), case.net, str(case.steps), str(case.stretch)]

    def measure() -> float:
        (folder / "store").unlink(missing_ok=True)
        ranks = [
            subprocess.Popen([*command, str(rank), *arguments], stdout=subprocess.PIPE, text=True) for rank in range(PROCESSES)
        ]
        texts = [rank.communicate()[0] for rank in ranks]
        assert not any(rank.returncode for rank in ranks)
        return max(float(json.loads(text.strip().splitlines()[-1])) for text in texts)

    return measure
