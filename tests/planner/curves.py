"""Loss curves of real nets under every topology against the same net on one worker: `python -m tests.planner.curves
[--processes]`.

For each of the digits programs (perceptron, convnet, residual net with statistics of the whole batch, autoencoder with tied
weights) and each of batch, feature, hybrid and two-stage topologies, 2 and 4 workers, 1 and 4 micro-batches, servers in the
workers and apart: 200 steps in 64 bits on the local host, or in processes of their own. Reads `metrics.jsonl` alone: what a user
would see.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from singalang_compiler.lower.write import write
from singalang_compiler.pipeline import Request, compile_program
from singalang_grammar.diagnostics import Outcome
from singalang_grammar.read import read_source
from singalang_grammar.source import Source
from singalang_runtime.execute import ExecRequest, execute
from singalang_runtime.report.silent import Silent

EXAMPLES = Path(__file__).parents[2] / "examples"
STEPS = 200
HYBRID = {
    "digits_mlp": "on fc1 { partition = feature }",
    "digits_cnn": "on fc { partition = feature }",
    "digits_resnet": "on stem, res3 { partition = feature }",
    "digits_autoencoder": "on enc1, draw { partition = feature }",
}
"""What of each net is cut by feature while the rest is cut by batch."""
HALVES = {
    "digits_mlp": ("on fc1 { stage = 0 }", "on fc2..loss { stage = 1 }"),
    "digits_cnn": ("on conv1 { stage = 0 }", "on conv2..loss { stage = 1 }"),
    "digits_resnet": ("on stem..res1 { stage = 0 }", "on res2..loss { stage = 1 }"),
    "digits_autoencoder": ("on enc1..code { stage = 0 }", "on dec2..loss { stage = 1 }"),
}
"""Where each net is cut into two stages."""


@dataclass(frozen=True)
class Case:
    """One way to train one of the programs."""

    program: str
    way: str  # batch, feature, hybrid, stages
    workers: int
    micro_batches: int
    apart: bool

    @property
    def name(self) -> str:
        """All of it in a word."""
        servers = "apart" if self.apart else "inside"
        return f"{self.program.removeprefix('digits_')}-{self.way}-{self.workers}-micro{self.micro_batches}-{servers}"

    @property
    def topology(self) -> str:
        """The topology section, called `curve`."""
        rules = {"hybrid": (HYBRID[self.program],), "stages": HALVES[self.program]}.get(self.way, ())
        lines = [
            f"workers = groups(1, size = {self.workers})",
            f"servers = groups(1, size = {2 if self.apart else self.workers})",
            f"separate = {'true' if self.apart else 'false'}",
            f"partition = {'feature' if self.way == 'feature' else 'batch'}",
            f"micro_batches = {self.micro_batches}",
            *rules,
        ]
        return "topology curve {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


def cases() -> Iterator[Case]:
    """Every legal one. Statistics of the whole batch and several micro-batches exclude each other, except where the residual
    net is cut by feature alone."""
    for program in HYBRID:
        for way in ("batch", "feature", "hybrid", "stages"):
            for workers in (2, 4):
                for micro in (1, 4):
                    if program != "digits_resnet" or micro == 1:
                        yield from (Case(program, way, workers, micro, apart) for apart in (False, True))


ALONE = "topology curve { workers = groups(1, size = 1) }\n"


def text_of(program: str, topology: str) -> str:
    """The example in 64 bits, every step logged, with this topology alone."""
    text = (EXAMPLES / f"{program}.singa").read_text()
    text = re.sub(r"^topology \w+ \{.*?^\}\n|^topology \w+ \{[^\n]*\}\n", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(
        r"^train \{.*?^\}\n", f"train {{ steps = {STEPS}, log = every(1), precision = f64 }}\n", text, flags=re.DOTALL | re.M
    )
    return text + topology


def curve(program: str, topology: str, folder: Path, local: bool = True) -> list[float]:
    """The loss of every step, as the run's metrics tell it."""
    text = text_of(program, topology)

    def read(path: str) -> Outcome[Source]:
        return Outcome(Source(path, text)) if path == "main.singa" else read_source(str(EXAMPLES / path))

    compiled = compile_program(Request("main.singa", topology="curve", read=read))
    assert compiled.value is not None, [(one.code, one.title) for one in compiled.diagnostics]
    plan = folder / "plan.json"
    write(compiled.value, plan)
    run = folder / "run"
    ended = execute(ExecRequest(plan=plan, reporter=Silent(), run=run, local=local, cache=folder.parent / "cache"))
    assert ended.code == 0, [(one.code, one.title) for one in ended.diagnostics]
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if line["phase"] == "train"]


def distance(first: list[float], second: list[float]) -> float:
    """Largest difference of two curves."""
    assert len(first) == len(second) == STEPS, (len(first), len(second))
    return max(abs(a - b) for a, b in zip(first, second, strict=True))


def main(arguments: list[str]) -> int:
    """Prints the distance of each case; the exit code says whether all are within 1e-9."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a part of the names of the cases to run")
    parser.add_argument("--processes", action="store_true", help="every process of a plan is one of its own")
    asked = parser.parse_args(arguments)
    wanted = [case for case in cases() if asked.only in case.name]
    worst = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        alone: dict[str, list[float]] = {}
        for number, case in enumerate(wanted, start=1):
            for name, topology in ((case.program, ALONE), (case.name, case.topology)):
                folder = Path(scratch) / name
                if name not in alone:
                    folder.mkdir()
                    alone[name] = curve(case.program, topology, folder, not asked.processes)
            far = distance(alone[case.program], alone.pop(case.name))
            worst = max(worst, far)
            print(f"{number:3}/{len(wanted)}  {far:.1e}  {case.name}", flush=True)
    print(f"{len(wanted)} topologies, worst distance of {STEPS} steps: {worst:.1e}")
    return 0 if worst <= 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
