"""The digits perceptron with two workers: `singa exec` against a bare loop of the same kernels and copies.

Run as a program, `PROCESS BLOCK PLAN STEPS` is one of the loop's two processes: it prints the seconds of one step.
"""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from benchmarks.job import Job
from benchmarks.timing import Result, paired

Array: TypeAlias = np.ndarray[Any, Any]
STEPS, STRETCH = 20_000, 2_000
_BLOCK_BYTES, _LINE, _FLAGS_BYTES = 1 << 20, 8, 4096
"""Bytes of the block, 64-bit numbers of a line of cache, bytes of the flags at the block's beginning."""


def measure(pairs: int) -> list[Result]:
    """One ratio of steps; each process of both has a core of its own."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"train.steps": str(STEPS), "train.log": f"every({STRETCH})"}
        job = Job.compiled("digits_mlp", "two", Path(folder), settings)
        name = "digits MLP, 2 workers: singa exec / bare loop"
        return [paired(name, job.step_seconds("0,1"), _bare(job.plan), pairs, 1.6, unit="s/step")]


def _bare(plan: Path) -> Callable[[], float]:
    def run() -> float:
        block = os.memfd_create("bare")
        os.ftruncate(block, _BLOCK_BYTES)
        command = [sys.executable, "-m", "benchmarks.bare_loop"]
        processes = [
            subprocess.Popen([*command, str(number), str(block), str(plan), str(STEPS)], pass_fds=(block,), stdout=subprocess.PIPE)
            for number in (0, 1)
        ]
        texts = [one.communicate()[0] for one in processes]
        os.close(block)
        assert not any(one.returncode for one in processes)
        return max(float(json.loads(text.splitlines()[-1])) for text in texts)

    return run


class Process:
    """One of two: a worker, and the server of a half of the parameters.

    The block holds four flags, each in a line of its own, the parameters, and for each process the other's gradient of its half.
    """

    def __init__(self, number: int, block: int, path: Path) -> None:
        self.number = number
        os.sched_setaffinity(0, {number})
        from singalang_runtime.allocator import keep_large_blocks

        keep_large_blocks()
        import jax

        from singalang_compiler.plan import kernels_folder
        from singalang_runtime.kernels import compiled, load, put
        from singalang_runtime.opening import open_job, open_plan

        update: Any = jax.config.update
        update("jax_cpu_enable_async_dispatch", False)
        plan = open_plan(path).value
        assert plan is not None
        job = open_job(plan, path, path.parent, path.parent).value
        group = plan.sections[0].group
        assert job is not None and group is not None

        def kernel(key: str) -> Any:
            return compiled(load(kernels_folder(path) / f"{key}.stablehlo", plan.kernels[key])).call

        self._batches = job.feeds[0].phases["train"]
        [role] = group.roles
        self._gradient_of, self._update = kernel(role.calls["step/0"].kernel), kernel(group.server_calls["update"].kernel)
        size, longest = role.parameters[0].size, group.servers[0].size
        lengths = [sum(one.size for one in group.segments_of(server)) for server in group.servers]
        halves = slice(0, lengths[0]), slice(lengths[0], size)
        self._own, self._others = halves[number], halves[1 - number]
        memory = mmap.mmap(block, _BLOCK_BYTES)
        self._flags = memoryview(memory).cast("q")
        floats = np.frombuffer(memory, np.float32, offset=_FLAGS_BYTES)
        room = (size + 1023) // 1024 * 1024
        parameters = floats[:size]
        inboxes = [floats[(1 + place) * room :][: lengths[place]] for place in (0, 1)]
        self._inbox, self._outbox = inboxes[number], inboxes[1 - number]
        if number == 0:
            parameters[:] = np.random.default_rng(0).normal(0, 0.1, size)
        self._meet(2)
        self._parameters = jax.dlpack.from_dlpack(parameters)
        assert self._parameters.unsafe_buffer_pointer() == parameters.ctypes.data, "a view, no copy"
        aligned = np.zeros(longest + 16, np.float32)
        start = -aligned.ctypes.data % 64 // 4
        gradient = aligned[start : start + longest]
        self._gradient, self._gradient_given = gradient[: lengths[number]], jax.dlpack.from_dlpack(gradient)
        self._values = parameters[self._own]
        first = np.zeros(longest, np.float32)
        first[: lengths[number]] = self._values
        self._slice = tuple(put(array) for array in (first, np.zeros(longest, np.float32), np.zeros(longest, np.float32)))
        self._metrics = put(np.zeros((2, 2), np.float32))
        self._rows = slice(number * role.rows, (number + 1) * role.rows)

    def run(self, first: int, count: int) -> None:
        """Trains for some steps."""
        own, others, inbox, outbox, values, gradient = (
            *(self._own, self._others, self._inbox, self._outbox),
            *(self._values, self._gradient),
        )
        flags, length, rows, batches = self._flags, len(self._values), self._rows, self._batches
        pushed, heard = self.number * _LINE, (1 - self.number) * _LINE
        published, read = pushed + 2 * _LINE, heard + 2 * _LINE
        metrics, held, given = self._metrics, self._slice, self._gradient_given
        for step in range(first, first + count):
            image, label = batches.table.gather(batches.order.record_numbers(step, 1)[0][rows])
            metrics, gradients = self._gradient_of(self._parameters, metrics, image, label)
            array = np.asarray(gradients)
            outbox[:] = array[others]
            flags[pushed] = step + 1
            while flags[heard] <= step:
                pass
            np.add(array[own], inbox, out=gradient)
            held = self._update(*held, given, np.int32(step))
            values[:] = np.asarray(held[0])[:length]
            flags[published] = step + 1
            while flags[read] <= step:
                pass
        self._metrics, self._slice = metrics, held

    def loss(self) -> float:
        """Mean of the own half of all steps."""
        total, weight = np.asarray(self._metrics)[0]
        return float(total / weight)

    def _meet(self, pair: int) -> None:
        """Waits for the other."""
        place = 2 * pair * _LINE
        self._flags[place + self.number * _LINE] = 1
        while not self._flags[place + (1 - self.number) * _LINE]:
            pass


def _seconds(process: Process, steps: int) -> float:
    found = []
    for first in range(0, steps, STRETCH):
        start = perf_counter()
        process.run(first, STRETCH)
        found.append((perf_counter() - start) / STRETCH)
    assert process.loss() < 1.0, "it learns"
    return median(found)


if __name__ == "__main__":
    print(json.dumps(_seconds(Process(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])), int(sys.argv[4]))))
