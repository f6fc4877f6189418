"""`partition = auto` in random programs of real layer kinds: against all cuts there are."""

from __future__ import annotations

import re
from random import Random

import pytest

from singalang_compiler.partition import deciding
from singalang_compiler.partition.choose import choose, uniform
from singalang_compiler.partition.problem import Choice, Problem
from tests.compiler.partition.choosing import all_cuts, cost_s, count_of_cuts, places
from tests.planner.random_nets import random_program
from tests.programs import compiled

_MOST = 1500
"""Cuts of a net that brute force goes through."""


def chosen(seed: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Problem, Choice] | None:
    """What is to be chosen in a random program whose topology leaves most to the compiler, and the choice; None where the program
    is one that the compiler refuses."""
    seen: list[tuple[Problem, Choice]] = []

    def watched(problem: Problem) -> Choice:
        seen.append((problem, choose(problem)))
        return seen[-1][1]

    link = Random(seed).choice(["", "link = (1Gbps, 1us)", "link = (10Mbps, 10us)", "link = (1Mbps, 1ms)"])
    text, topology = random_program(seed, 9).split("topology random {\n")
    topology = re.sub(r"^  partition = \w+$", f"  partition = auto\n  {link}", topology, flags=re.MULTILINE)
    monkeypatch.setattr(deciding, "choose", watched)
    compiled(f"{text}topology random {{\n{topology}", "partition", topology="random")
    monkeypatch.undo()
    return seen[0] if seen else None


def equals_brute_force(seed: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the choice was compared with all others; it must be as cheap as any."""
    found = chosen(seed, monkeypatch)
    if found is None or len(found[0].layers) > 8 or not 1 < count_of_cuts(found[0]) <= _MOST:
        return False
    problem, choice = found
    least_s = min(cost_s(problem, cuts) for cuts in all_cuts(problem))
    assert choice.reason == "cheapest", seed
    assert choice.step_s == pytest.approx(least_s, rel=1e-9), seed
    assert cost_s(problem, places(problem, choice)) == pytest.approx(least_s, rel=1e-9), seed
    for name in ("batch", "feature"):
        assert choice.step_s <= cost_s(problem, uniform(problem, name)) * (1 + 1e-9), seed
    return True


def test_what_auto_chooses_is_as_cheap_as_the_cheapest_of_all_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(equals_brute_force(seed, monkeypatch) for seed in range(25)) > 8


@pytest.mark.slow
def test_what_auto_chooses_is_as_cheap_as_the_cheapest_of_all_cuts_in_a_thousand_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(equals_brute_force(seed, monkeypatch) for seed in range(1000, 3700)) >= 1000
