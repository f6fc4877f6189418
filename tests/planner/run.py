"""Proves the planner on many random nets: `python -m tests.planner.run --nets 2000 --seed 0`. Prints what is worst of each kind.

XLA is told to optimise little, since each kernel runs once: numbers and memory are not changed by that.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.planner.proof import Proof

TOGETHER = 100
"""Nets after which processes are started anew: compiled kernels stay in memory."""
QUICKLY = (
    "--xla_backend_optimization_level=0",
    "--xla_llvm_disable_expensive_passes=true",
    "--xla_cpu_use_fusion_emitters=false",
)
"""How XLA is told to compile soon rather than well."""


def _one(wanted: tuple[int, int]) -> Proof | str | None:
    from tests.planner.proof import prove

    seed, layers = wanted
    try:
        with tempfile.TemporaryDirectory() as folder:
            return prove(seed, layers, Path(folder))
    except Exception as failure:  # told, and the others go on
        return f"seed {seed}: {type(failure).__name__}: {failure}"[:600]


def main(arguments: list[str]) -> int:
    """Runs the nets on two processes; the exit code says whether all is as claimed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nets", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layers", type=int, default=30, help="the most layers of a net")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(arguments)
    os.environ["XLA_FLAGS"] = " ".join(QUICKLY)
    begun = perf_counter()
    proofs: list[Proof] = []
    broken: list[str] = []
    alone = 0
    for first in range(0, asked.nets, TOGETHER):
        seeds = range(asked.seed + first, asked.seed + min(first + TOGETHER, asked.nets))
        with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
            for found in pool.map(_one, [(seed, asked.layers) for seed in seeds]):
                if isinstance(found, str):
                    broken.append(found)
                    print(found, flush=True)
                elif found is None:
                    alone += 1
                else:
                    proofs.append(found)
                    tell(found, perf_counter() - begun)
        print(f"{perf_counter() - begun:6.0f} s  {len(proofs) + alone + len(broken)} of {asked.nets}", flush=True)
    return conclude(proofs, broken, alone)


def tell(proof: Proof, seconds: float) -> None:
    """One line for a net of which something is not as claimed."""
    wrong = [name for name, (predicted, measured) in proof.bytes.items() if predicted != measured]
    if proof.far > 1e-9 or not proof.covered or wrong or abs(proof.memory_off) > 0.15:
        memory = f"memory {proof.memory_off:+.1%} of {proof.memory[1]}"
        print(
            f"{seconds:6.0f} s  seed {proof.seed}: far {proof.far:.1e}, covered {proof.covered}, bytes {wrong}, {memory}",
            flush=True,
        )


def conclude(proofs: list[Proof], broken: list[str], alone: int) -> int:
    """What all nets together show."""
    far = max((proof.far for proof in proofs), default=0.0)
    uncovered = sum(not proof.covered for proof in proofs)
    bytes_wrong = sum(any(predicted != measured for predicted, measured in proof.bytes.values()) for proof in proofs)
    memory = sorted(abs(proof.memory_off) for proof in proofs)
    within = sum(off <= 0.15 for off in memory)
    moved = sum(measured for proof in proofs for _, measured in proof.bytes.values())
    shapes = Counter(f"{proof.workers}x{proof.stages}" for proof in proofs)
    print(
        f"{len(proofs)} nets run, {alone} more had one worker, {len(broken)} broke; workers x stages {dict(sorted(shapes.items()))}"
    )
    print(f"layers: up to {max(proof.layers for proof in proofs)}, pieces: up to {max(proof.pieces for proof in proofs)}")
    print(f"gradients: worst difference {far:.1e} of the largest entry")
    print(f"slices: {uncovered} nets not covered exactly once; bytes: {bytes_wrong} nets differ, {moved} bytes moved in all")
    print(f"memory: {within} of {len(memory)} within 15 %, median off {memory[len(memory) // 2]:.1%}, worst {memory[-1]:.1%}")
    fine = far <= 1e-9 and not uncovered and not bytes_wrong and not broken and within == len(memory)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
