"""The trainings of `torch_loop` by two processes with PyTorch's DistributedDataParallel over gloo: each takes half of every batch.

Run as a program, `RANK FOLDER NET STEPS STRETCH` trains on the records in the folder and prints the seconds of one step: the median
over stretches of steps, at whose ends the loss is read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

PROCESSES = 2
RECORDS = {"mnist_mlp": ("mnist", 1000), "cifar_convnet": ("cifar", 100)}
"""Net -> name of its file, batch."""


def main(rank: int, folder: Path, net: str, steps: int, stretch: int) -> float:
    """One process: one thread computes, gloo's own threads talk, and the system places both."""
    import torch
    from torch.distributed import destroy_process_group, init_process_group
    from torch.nn.parallel import DistributedDataParallel

    from benchmarks.own import batches_of
    from benchmarks.peers import torch_loop

    torch.set_num_threads(1)
    init_process_group("gloo", init_method=f"file://{folder.absolute() / 'store'}", rank=rank, world_size=PROCESSES)
    loop = getattr(torch_loop, net)()
    loop.net = DistributedDataParallel(loop.net, gradient_as_bucket_view=True)
    name, batch = RECORDS[net]
    own = [_part(images, labels, rank) for images, labels in batches_of(folder, name, batch)]
    loop.run(own, stretch)
    found = []
    for _ in range(steps // stretch):
        start = perf_counter()
        loop.run(own, stretch)
        found.append((perf_counter() - start) / stretch)
    destroy_process_group()
    return median(found)


def _part(images: Any, labels: Any, rank: int) -> tuple[Any, Any]:
    size = len(labels) // PROCESSES
    return images[rank * size : (rank + 1) * size], labels[rank * size : (rank + 1) * size]


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))))
