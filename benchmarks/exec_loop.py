"""The exec loop against a loop written by hand in JAX, in one process, block by block.

Run as a program, it measures one net on the cores it is bound to and prints pairs of seconds a step.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.statistics import median_of
from benchmarks.timing import Result

BLOCKS = {"mnist_mlp": (60, 64, (784,)), "cifar_convnet": (30, 100, (3, 32, 32))}
"""Net -> steps of one block, batch, shape of a record."""


def measure(pairs: int) -> list[Result]:
    """Both nets, on one core and on two."""
    found = []
    for net in BLOCKS:
        for cores in ("0", "0,1"):
            command = ["taskset", "--cpu-list", cores, sys.executable, "-m", "benchmarks.exec_loop", net, str(pairs)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            ours, theirs = json.loads(done.stdout.strip().splitlines()[-1])
            ratio = median_of([a / b for a, b in zip(ours, theirs, strict=True)])
            name = f"exec loop / JAX by hand, {net}, {len(cores.split(','))} core(s)"
            found.append(Result(name, ratio, 1.03, True, median_of(ours), median_of(theirs), "s/step"))
    return found


def _block(net: str, pairs: int) -> tuple[list[float], list[float]]:
    from benchmarks.own import Own, batches_of, make_records

    steps, batch, shape = BLOCKS[net]
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_records(folder, net.split("_")[0], 50 * batch, *shape)
        own = Own(net, folder)
        from benchmarks.peers import jax_loop  # after `own`, which sets the allocator before JAX comes in: the peer has that too

        peer = getattr(jax_loop, net)()
        batches = batches_of(folder, net.split("_")[0], batch)
        own.run(5)
        peer.run(batches, 5)
        for pair in range(pairs):
            for side in (0, 1) if pair % 2 == 0 else (1, 0):
                start = perf_counter()
                if side == 0:
                    own.run(steps)
                else:
                    peer.run(batches, steps)
                (ours, theirs)[side].append((perf_counter() - start) / steps)
    return ours, theirs


if __name__ == "__main__":
    print(json.dumps(_block(sys.argv[1], int(sys.argv[2]))))
