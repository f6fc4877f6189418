"""`singa exec` as people run it, each time in fresh processes: a net with a topology, compiled once, and what a run of it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.own import NETS

SINGA, SINGAC = (str(Path(sys.executable).with_name(name)) for name in ("singa", "singac"))


@dataclass(frozen=True)
class Job:
    """A plan in a folder that also holds its data and its runs, one after the other."""

    plan: Path

    @staticmethod
    def compiled(net: str, topology: str | None, folder: Path, settings: Mapping[str, str]) -> Job:
        """A net of the benchmark with a topology of `topologies.singa`, or for one process."""
        plan = folder / f"{net}-{topology or 'alone'}.json"
        command = [SINGAC, str(NETS / f"{net}.singa"), "--output", str(plan)]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        if topology is not None:
            command += ["--topology", f"{NETS / 'topologies.singa'}:{topology}"]
        subprocess.run(command, check=True, capture_output=True)
        return Job(plan)

    @property
    def run(self) -> Path:
        """The folder of its run."""
        return self.plan.with_suffix(".run")

    def command(self, cores: str) -> list[str]:
        """A run bound to some cores. The folder of the one before is gone."""
        shutil.rmtree(self.run, ignore_errors=True)
        bound = ["taskset", "--cpu-list", cores] if cores != all_cores() else []
        return [*bound, SINGA, "exec", str(self.plan), "--run", str(self.run), "--data", str(self.plan.parent)]

    def step_seconds(self, cores: str) -> Callable[[], float]:
        """A measurement: seconds of one step in a whole run, the median over the stretches between two lines of its log."""

        def measure() -> float:
            subprocess.run(self.command(cores), check=True, stdout=subprocess.DEVNULL)
            [section] = json.loads((self.run / "scorecard.json").read_text(encoding="utf-8"))["sections"]
            return float(section["median_step_s"])

        return measure


def all_cores() -> str:
    """The cores that this process may use, as taskset lists them."""
    return ",".join(str(core) for core in sorted(os.sched_getaffinity(0)))
