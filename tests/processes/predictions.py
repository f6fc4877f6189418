"""What plans predict beside what real processes need, over many topologies, after a calibration. For a quiet machine.

`python -m tests.processes.predictions [--machine machine.json] [--only mlp digits/batch] [--rounds 3]`

Told are, by topology, seconds of a step (median of all rounds), bytes by link, and the memory of the process that needs most where
that is predicted to be more than 200 MB; whether the order of topologies is the predicted one where they differ by more than a
tenth; and how much less the largest process holds where parameters or updater state are divided.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from singalang_compiler.lower.write import write
from singalang_compiler.machine import Machine, read_machine
from singalang_compiler.pipeline import Request, compile_program
from singalang_compiler.plan import Plan
from tests.processes.predicted_jobs import CASES, Case, topologies, write_programs

MEASURED_S = 4.0
"""For so long the steps of a round take, as predicted."""
STRETCHES = 8
LARGE_BYTES = 200e6
DIFFERENT = 1.1
STEP_LIMITS = 1.15, 1.4
"""What the median of all ratios may be, and every one."""


class Found(NamedTuple):
    """One topology. `scores` are the sections of the rounds' scorecards."""

    case: Case
    plan: Plan
    scores: tuple[dict[str, Any], ...]

    @property
    def predicted_s(self) -> float:
        """Seconds of a step."""
        return self.plan.sections[0].step_s

    @property
    def measured_s(self) -> float:
        """Their median."""
        return float(median(score["median_step_s"] for score in self.scores))

    @property
    def off(self) -> float:
        """Of prediction and measurement the greater in parts of the smaller one."""
        ratio = self.measured_s / self.predicted_s
        return max(ratio, 1 / ratio)

    @property
    def bytes_are_equal(self) -> bool:
        """Whether as much moved as was predicted."""
        links = [one for score in self.scores for one in score["link_step_bytes"].values()]
        return all(one["measured"] is None or one["predicted"] == one["measured"] for one in links)

    @property
    def memory(self) -> tuple[float, float] | None:
        """Predicted and measured of the process that needs most, where that is much; the smallest of the rounds."""
        pairs = [[each["memory_bytes"] for each in score["processes"].values()] for score in self.scores if score["processes"]]
        most = [max(processes, key=lambda one: float(one["predicted"])) for processes in pairs]
        if not most or most[0]["predicted"] < LARGE_BYTES:
            return None
        return float(most[0]["predicted"]), float(min(one["measured"] for one in most))

    def largest(self, what: str) -> float:
        """The largest that a process holds: `parameter_bytes` or `updater_bytes`."""
        return max(float(one[what]["measured"] or 0) for score in self.scores for one in score["processes"].values())


def main() -> int:
    """Tells of every topology, then of all; the exit code says whether all is as it should be."""
    asked = _asked()
    with tempfile.TemporaryDirectory(prefix="singalang-predictions-") as name:
        folder = Path(name)
        machine = _machine(asked.machine, folder)
        write_programs(folder)
        cases = [case for case in CASES if not asked.only or any(case.name.startswith(one) for one in asked.only)]
        os.chdir(folder)
        plans = {case.name: _compiled(case, machine, folder) for case in cases}
        scores: dict[str, list[dict[str, Any]]] = {case.name: [] for case in cases}
        for number in range(asked.rounds):
            for case in cases:
                scores[case.name].append(_score(case, number, folder))
                print(f"round {number + 1}: {case.name} {scores[case.name][-1]['median_step_s'] * 1e3:.3f} ms", file=sys.stderr)
    found = [Found(case, plans[case.name], tuple(scores[case.name])) for case in cases]
    return 0 if all([_times(found), _order(found), _bytes(found), _memory(found), _divided(found)]) else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--machine", help="a machine file; default: one is measured first")
    parser.add_argument("--only", nargs="*", default=[], help="beginnings of the names of topologies")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _machine(path: str | None, folder: Path) -> Machine:
    if path is None:
        path = str(folder / "machine.json")
        subprocess.run([_singa(), "calibrate", "-o", path], check=True)
    machine = read_machine(path).value
    assert machine is not None, f"{path} is no machine"
    return machine


def _singa() -> str:
    return str(Path(sys.executable).with_name("singa"))


def _compiled(case: Case, machine: Machine, folder: Path) -> Plan:
    """Compiled until so many steps take so long as they should."""
    steps = 10 * STRETCHES
    path = folder / f"{case.file}.json"
    while True:
        settings = (*case.settings, f"steps={steps}", f"told={steps // STRETCHES}")
        request = Request(case.program, settings, topologies(case), machine=machine)
        made = compile_program(request)
        assert made.value is not None, [one.title for one in made.diagnostics]
        plan: Plan = made.value.plan
        wanted = max(STRETCHES, round(MEASURED_S / plan.sections[0].step_s / STRETCHES) * STRETCHES)
        if wanted == steps:
            write(made.value, path)
            return plan
        steps = wanted


def _score(case: Case, number: int, folder: Path) -> dict[str, Any]:
    run = folder / f"{case.file}-{number}"
    subprocess.run([_singa(), "exec", f"{case.file}.json", "--run", str(run), "-q"], check=True, timeout=300)
    section: dict[str, Any] = json.loads((run / "scorecard.json").read_text())["sections"][0]
    return section


def _times(found: Sequence[Found]) -> bool:
    print(f"\n{'topology':<20}{'predicted':>12}{'measured':>12}{'ratio':>8}  (seconds of a step)")
    for one in found:
        print(f"{one.case.name:<20}{one.predicted_s:12.6f}{one.measured_s:12.6f}{one.measured_s / one.predicted_s:8.2f}")
    offs = [one.off for one in found]
    middle, worst = median(offs), max(offs)
    print(f"off by {middle - 1:.1%} at the median of {len(offs)}, {worst - 1:.1%} at most")
    return middle <= STEP_LIMITS[0] and worst <= STEP_LIMITS[1]


def _order(found: Sequence[Found]) -> bool:
    """Among topologies of one net: the faster one is predicted to be the faster one."""
    wrong = [
        (quick.case.name, slow.case.name)
        for one, other in combinations(found, 2)
        if one.case.net == other.case.net
        for quick, slow in [sorted((one, other), key=lambda each: each.measured_s)]
        if slow.measured_s > DIFFERENT * quick.measured_s and quick.predicted_s >= slow.predicted_s
    ]
    for quick, slow in wrong:
        print(f"{quick} is faster than {slow}, which was not predicted")
    print("every order of two is the predicted one" if not wrong else f"{len(wrong)} orders are not as predicted")
    return not wrong


def _bytes(found: Sequence[Found]) -> bool:
    wrong = [one.case.name for one in found if not one.bytes_are_equal]
    print(f"bytes moved are not those predicted: {', '.join(wrong)}" if wrong else "bytes moved are those predicted, everywhere")
    return not wrong


def _memory(found: Sequence[Found]) -> bool:
    fine = True
    for one in found:
        if one.memory is not None:
            predicted, measured = one.memory
            ratio = measured / predicted
            fine = fine and 1 / 1.15 <= ratio <= 1.15
            print(f"memory of {one.case.name:<20}{predicted / 1e6:8.0f} MB{measured / 1e6:8.0f} MB{ratio:8.2f}")
    return fine


def _divided(found: Sequence[Found]) -> bool:
    """Parameters cut by feature, and updater state divided among servers, by processes that hold half."""
    by_name = {one.case.name: one for one in found}
    fine = True
    for what, whole, half in (
        ("parameter_bytes", "wide/batch", "wide/feature"),
        ("updater_bytes", "wide/one-server", "wide/batch"),
    ):
        if whole in by_name and half in by_name:
            share = by_name[half].largest(what) / by_name[whole].largest(what)
            fine = fine and 0.45 <= share <= 0.55
            print(f"{what} of the largest process: {half} has {share:.3f} of {whole}")
    return fine


if __name__ == "__main__":
    np.seterr(all="raise")
    sys.exit(main())
