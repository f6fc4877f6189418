"""Example programs trained in double precision under topologies written here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from singalang_compiler.lower.write import write
from singalang_compiler.pipeline import Request, compile_program
from singalang_compiler.plan import Plan
from singalang_runtime.execute import ExecRequest, execute
from singalang_runtime.metrics_file import Line, read_lines
from singalang_runtime.report.silent import Silent
from tests.commands.shell import installed, process

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
ONE = "topology t { workers = groups(1, size = 1) }"


@dataclass(frozen=True)
class Trained:
    """What a run left: its plan, its measurements, its last checkpoint."""

    plan: Plan
    lines: tuple[Line, ...]
    tensors: dict[str, np.ndarray[Any, Any]]

    @property
    def learned(self) -> dict[str, bytes]:
        """Parameters, slots and state, bit by bit."""
        return {key: tensor.tobytes() for key, tensor in self.tensors.items() if not key.startswith("metrics/")}


def several(
    size: int, *, partition: str = "batch", apart: int = 0, micro_batches: int = 1, rules: str = "", exact: bool = False
) -> str:
    """A topology of one group: servers inside the workers, or so many `apart`; with sums over four shards if `exact`."""
    servers = f"servers = groups(1, size = {apart})," if apart else ""
    sync = "sync { exact = true, shards = 4 }" if exact else ""
    preset = "sandblaster" if apart else "allreduce"
    workers = f"workers = groups(1, size = {size}), partition = {partition}, micro_batches = {micro_batches}"
    return f"topology t {{\n  preset = {preset}, {servers} {workers}\n  {rules}\n  {sync}\n}}"


def trained(example: str, topology: str, steps: int, folder: Path, cache: Path, *, local: bool = True) -> Trained:
    """An example of digits trained under a topology, every step measured: by this process, or by a `singa exec` of its own with
    all the processes of the plan."""
    text = re.sub(r"\ntopology .*", "\n", (EXAMPLES / f"{example}.singa").read_text(), flags=re.DOTALL)
    text = re.sub(r"steps( *)= 2000", f"steps = {steps}, precision = f64", text)
    text = re.sub(r"log( *)= every\(50\)", "log = every(1)", text)
    folder.mkdir()
    path = folder / "main.singa"
    path.write_text(f"{text}\n{topology}\n")
    (folder / "blocks.singa").write_text((EXAMPLES / "blocks.singa").read_text())
    compiled = compile_program(Request(str(path)))
    assert compiled.value is not None, compiled.diagnostics
    write(compiled.value, folder / "plan.json")
    if local:
        request = ExecRequest(
            plan=folder / "plan.json", reporter=Silent(), run=folder / "run", data=folder, local=True, cache=cache
        )
        status = execute(request)
        assert status.code == 0, status.diagnostics
    else:
        done = process(installed("singa"), "exec", "plan.json", "--run", "run", folder=folder)
        assert done.returncode == 0, done.stderr
    last = folder / "run" / "checkpoints" / f"step-{steps:08d}" / "tensors.safetensors"
    lines = tuple(read_lines(folder / "run" / "metrics.jsonl"))
    return Trained(compiled.value.plan, lines, load_file(last))
