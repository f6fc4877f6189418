"""Interleaved measurements: first one side, then the other, pair by pair, so that a drifting machine drifts for both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from benchmarks.statistics import Median, median_of


@dataclass(frozen=True, slots=True)
class Result:
    """One ratio and the bar that it is held to. `at_most` says on which side of the bar it must lie."""

    name: str
    ratio: Median
    bar: float
    at_most: bool
    ours: Median
    theirs: Median
    unit: str

    @property
    def met(self) -> bool:
        """Whether the median meets the bar."""
        return self.ratio.value <= self.bar if self.at_most else self.ratio.value >= self.bar

    def __str__(self) -> str:
        sign = "<=" if self.at_most else ">="
        verdict = "met" if self.met else "NOT MET"
        return (
            f"{self.name:58} {self.ratio!s:28} {sign} {self.bar:<5g} {verdict:8} ours {self.ours} theirs {self.theirs} {self.unit}"
        )


def paired(
    name: str,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    pairs: int,
    bar: float,
    *,
    unit: str,
    at_most: bool = True,
    inverse: bool = False,
) -> Result:
    """Measures both sides `pairs` times in turn. The ratio is ours / theirs, or theirs / ours where `inverse`."""
    mine: list[float] = []
    others: list[float] = []
    for pair in range(pairs):
        first, second = (ours, theirs) if pair % 2 == 0 else (theirs, ours)
        a, b = first(), second()
        mine.append(a if pair % 2 == 0 else b)
        others.append(b if pair % 2 == 0 else a)
    ratios = [b / a if inverse else a / b for a, b in zip(mine, others, strict=True)]
    return Result(name, median_of(ratios), bar, at_most, median_of(mine), median_of(others), unit)


def in_turn(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measures all sides once in each round, in an order that goes round with the rounds; figures of one round make pairs."""
    names = list(sides)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        begin = number % len(names)
        for name in (*names[begin:], *names[:begin]):
            found[name].append(sides[name]())
    return found


def speed_up(name: str, ours: list[float], theirs: list[float], bar: float) -> Result:
    """How many times as fast ours is, from the seconds of both in each round: at least `bar`."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return Result(name, median_of(ratios), bar, False, median_of(ours), median_of(theirs), "s/step")


def seconds_of(command: Sequence[str]) -> Callable[[], float]:
    """A measurement: wall seconds of a whole process. Python may keep byte code, as it does for people; one run before makes it."""
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def measure() -> float:
        start = perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=surroundings)
        return perf_counter() - start

    measure()
    return measure


def reported_by(module: str, *arguments: str, cores: str) -> Callable[[], float]:
    """A measurement that a process bound to some cores makes of itself, and prints as its last line."""

    def measure() -> float:
        command = ["taskset", "--cpu-list", cores, sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(json.loads(done.stdout.strip().splitlines()[-1]))

    return measure
