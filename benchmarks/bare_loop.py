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
from dataclasses import dataclass
from math import prod
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np

from benchmarks.job import Job
from benchmarks.timing import Result, paired
from singalang_compiler.plan import kernels_folder
from singalang_runtime.allocator import keep_large_blocks
from singalang_runtime.opening import open_job, open_plan

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


@dataclass(frozen=True)
class Block:
    """Shared memory: flags, each in a line of its own, the parameters, and for each process a box for the other's gradient."""

    flags: memoryview
    parameters: Array
    boxes: tuple[Array, Array]

    @staticmethod
    def of(descriptor: int, size: int, halves: tuple[slice, slice]) -> Block:
        """The views of a block for so many parameters."""
        memory = mmap.mmap(descriptor, _BLOCK_BYTES)
        floats = np.frombuffer(memory, np.float32, offset=_FLAGS_BYTES)
        room = (size + 1023) // 1024 * 1024
        first, second = (floats[(1 + place) * room :][: half.stop - half.start] for place, half in enumerate(halves))
        return Block(memoryview(memory).cast("q"), floats[:size], (first, second))

    def meet(self, place: int, number: int) -> None:
        """Waits for the other process, at a place of the flags that is used once."""
        self.flags[(place + number) * _LINE] = 1
        while not self.flags[(place + 1 - number) * _LINE]:
            pass


class Process:
    """One of two: a worker, and the server of a half of the parameters, on a core of its own. Imports JAX when it is made."""

    def __init__(self, number: int, descriptor: int, path: Path) -> None:
        os.sched_setaffinity(0, {number})
        keep_large_blocks()
        import jax

        from singalang_runtime.kernels import compiled, load, put

        update: Any = jax.config.update
        update("jax_cpu_enable_async_dispatch", False)
        plan = open_plan(path).value
        assert plan is not None
        job, group = open_job(plan, path, path.parent, path.parent).value, plan.sections[0].group
        assert job is not None and group is not None

        def kernel(key: str) -> Any:
            return compiled(load(kernels_folder(path) / f"{key}.stablehlo", plan.kernels[key])).call

        [role] = group.roles
        self._train, self._update = kernel(role.calls["step/0"].kernel), kernel(group.server_calls["update"].kernel)
        self._batches, self._rows = job.feeds[0].phases["train"], slice(number * role.rows, (number + 1) * role.rows)
        size, longest = role.parameters[0].size, group.servers[0].size
        cut = sum(one.size for one in group.segments_of(group.servers[0]))
        halves = slice(0, cut), slice(cut, size)
        block = Block.of(descriptor, size, halves)
        if number == 0:
            block.parameters[:] = np.random.default_rng(0).normal(0, 0.1, size)
        block.meet(4, number)
        self._number, self._block, self._own, self._others = number, block, halves[number], halves[1 - number]
        self._parameters = jax.dlpack.from_dlpack(block.parameters)
        assert self._parameters.unsafe_buffer_pointer() == block.parameters.ctypes.data, "a view, no copy"
        self._gradient = _aligned((longest,))
        self._gradient_given = jax.dlpack.from_dlpack(self._gradient)
        values = _aligned((longest,))
        values[: len(block.boxes[number])] = block.parameters[self._own]
        self._slice = tuple(put(array) for array in (values, _aligned((longest,)), _aligned((longest,))))
        self._metrics = put(np.zeros((2, 2), np.float32))
        self._fed = _aligned((role.rows, 64), np.uint8), _aligned((role.rows,), np.int32), _aligned((), np.int32)
        self._fed_given = tuple(jax.dlpack.from_dlpack(array) for array in self._fed)

    def run(self, first: int, count: int) -> None:
        """Trains for some steps."""
        train, update, batches, rows = self._train, self._update, self._batches, self._rows
        own, others, flags, me, block = self._own, self._others, self._block.flags, self._number, self._block
        inbox, outbox, values = block.boxes[me], block.boxes[1 - me], block.parameters[own]
        length = len(values)
        gradient, given, given_parameters = self._gradient[:length], self._gradient_given, self._parameters
        (image, label, number), (image_given, label_given, number_given) = self._fed, self._fed_given
        metrics, held = self._metrics, self._slice
        pushed, heard = me * _LINE, (1 - me) * _LINE
        published, read = pushed + 2 * _LINE, heard + 2 * _LINE
        for step in range(first, first + count):
            number[()] = step
            image[:], label[:] = batches.table.gather(batches.order.record_numbers(step, 1)[0][rows])
            metrics, gradients = train(given_parameters, metrics, image_given, label_given)
            array = np.asarray(gradients)
            outbox[:] = array[others]
            flags[pushed] = step + 1
            while flags[heard] <= step:
                pass
            np.add(array[own], inbox, out=gradient)
            held = update(*held, given, number_given)
            values[:] = np.asarray(held[0])[:length]
            flags[published] = step + 1
            while flags[read] <= step:
                pass
        self._metrics, self._slice = metrics, held

    def loss(self) -> float:
        """Mean of the own half of all steps."""
        total, weight = np.asarray(self._metrics)[0]
        return float(total / weight)


def _aligned(shape: tuple[int, ...], dtype: Any = np.float32) -> Array:
    """Zeros that JAX takes as they lie."""
    size = prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + 64, np.uint8)
    start = -room.ctypes.data % 64
    array: Array = room[start : start + size].view(dtype).reshape(shape)
    return array


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
