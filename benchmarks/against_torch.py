"""The exec loop against eager PyTorch, each in a process of its own, in turn.

Run as a program, `SIDE NET STEPS` trains and prints the seconds of one step.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.timing import Result, paired, reported_by

STEPS = {"cifar_convnet": 60, "digits_mlp": 3000}


def measure(pairs: int) -> list[Result]:
    """The convnet on one and two cores; the digits perceptron on two, in steps a second."""
    found = []
    for net, cores, bar in (("cifar_convnet", "0", 0.7), ("cifar_convnet", "0,1", 0.9)):
        name = f"exec loop / PyTorch eager, {net}, {len(cores.split(','))} core(s)"
        found.append(paired(name, _side("own", net, cores), _side("torch", net, cores), pairs, bar, unit="s/step"))
    name, net = "digits MLP steps/s: exec loop / PyTorch eager, 2 cores", "digits_mlp"
    own, peer = _side("own", net, "0,1"), _side("torch", net, "0,1")
    found.append(paired(name, own, peer, pairs, 4.0, unit="s/step", at_most=False, inverse=True))
    return found


def _side(side: str, net: str, cores: str) -> Any:
    return reported_by("benchmarks.against_torch", side, net, str(STEPS[net]), cores=cores)


def _records(folder: Path, net: str) -> None:
    from benchmarks.own import make_records

    if net == "cifar_convnet":
        make_records(folder, "cifar", 5000, 3, 32, 32)


def _own(folder: Path, net: str) -> Any:
    from benchmarks.own import Own

    return Own(net, folder).run


def _torch(folder: Path, net: str) -> Any:
    import numpy as np
    import torch

    from benchmarks.peers import torch_loop

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    if net == "cifar_convnet":
        from benchmarks.own import batches_of

        batches = batches_of(folder, "cifar", 100)
    else:
        from sklearn.datasets import load_digits

        digits = load_digits()
        images, labels = digits.data.astype(np.uint8), digits.target.astype(np.int32)
        batches = [(images[at : at + 64], labels[at : at + 64]) for at in range(0, 1408, 64)]
    loop = getattr(torch_loop, net)()
    return lambda steps: loop.run(batches, steps)


def _seconds(side: str, net: str, steps: int) -> float:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _records(folder, net)
        run = (_own if side == "own" else _torch)(folder, net)
        run(max(10, steps // 10))
        start = perf_counter()
        run(steps)
        return (perf_counter() - start) / steps


if __name__ == "__main__":
    print(json.dumps(_seconds(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
