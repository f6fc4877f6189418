"""Our side of a measurement: a program compiled, its plan opened as `singa exec` opens it, its loop run for some steps."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from singalang_compiler.pipeline import Request, compile_program
from singalang_runtime.allocator import keep_large_blocks
from singalang_runtime.attention import Attention
from singalang_runtime.device import open_device
from singalang_runtime.opening import open_job, open_plan, training_kernels

NETS = Path(__file__).parent / "nets"


def make_records(folder: Path, name: str, count: int, *shape: int) -> None:
    """A file of records of bytes with labels, made from a fixed seed."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, *shape), np.uint8)
    np.savez(folder / f"{name}.npz", image=images, label=random.integers(0, 10, count).astype(np.int32))


def batches_of(folder: Path, name: str, batch: int) -> list[tuple[Any, Any]]:
    """The same records as batches, for a loop written by hand."""
    records = np.load(folder / f"{name}.npz")
    images, labels = records["image"], records["label"]
    starts = range(0, len(labels) - batch + 1, batch)
    return [(np.ascontiguousarray(images[at : at + batch]), labels[at : at + batch]) for at in starts]


class Own:
    """The loop of `singa exec` for the first train section of a program, without its periodic actions."""

    def __init__(self, program: str, folder: Path, cache: Path | None = None) -> None:
        assert "jax" not in sys.modules, "the allocator is set before JAX comes in"
        keep_large_blocks()  # `singa exec` does it too; here compiling brings JAX in first
        from singalang_compiler.lower.write import write
        from singalang_runtime.training import Training

        plan_path = folder / f"{program}.json"
        compiled = compile_program(Request(str(NETS / f"{program}.singa")))
        assert compiled.value is not None, compiled.diagnostics
        write(compiled.value, plan_path)
        plan = open_plan(plan_path).value
        assert plan is not None
        job = open_job(plan, plan_path, folder, folder).value
        section = plan.sections[0]
        wanted = {*training_kernels(section), *(one.init_kernel for one in plan.parameters)}
        device = open_device(plan, plan_path, wanted, cache).value
        assert job is not None and device is not None
        self.dispatch = section.dispatch
        self._attention = Attention()
        self._training = Training(plan, section, job.feeds[0], job.schedules[0], device.load)
        self._training.warm_up()
        self._training.initialise({})

    def run(self, steps: int) -> float:
        """Trains for some steps; reads the loss once, at the end."""
        self._training.run(self._training.step + steps, self._attention)
        self._training.gather()
        return float(self._training.read()[0].value)
