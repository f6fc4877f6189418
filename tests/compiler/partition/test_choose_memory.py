"""Choices where a process may not need more than so much memory."""

from __future__ import annotations

from random import Random

import pytest
from msgspec.structs import replace

from singalang_compiler.partition.choose import choose
from singalang_compiler.partition.problem import Decided, Group, Option, Problem
from singalang_compiler.partition.sums import Standing, Sums
from tests.compiler.partition.choosing import BY_BATCH, BY_FEATURE, all_cuts, count_of_cuts, places, random_problem


def two_ways(memory_bytes: int | None) -> Problem:
    """Two layers that are each cheap and large by batch, dear and small by feature; the second saves more for its price."""
    group = Group(rows=(1, 1), link_bytes_s=1.0, link_latency_s=0.0, dispatch_s=0.0, memory_bytes=memory_bytes)
    options = (Option(cut=BY_BATCH, step_s=1.0, memory_bytes=100), Option(cut=BY_FEATURE, step_s=5.0, memory_bytes=40))
    dear = (options[0], replace(options[1], step_s=9.0))
    return Problem(group=group, layers=(Decided(name="a", options=dear), Decided(name="b", options=options)), standing_bytes=10)


@pytest.mark.parametrize(
    ("memory", "cuts", "reason"),
    [
        (None, [BY_BATCH, BY_BATCH], "cheapest"),
        (210, [BY_BATCH, BY_BATCH], "cheapest"),
        (209, [BY_BATCH, BY_FEATURE], "cheapest-that-fits"),
        (149, [BY_FEATURE, BY_FEATURE], "cheapest-that-fits"),
    ],
)
def test_the_cheapest_that_fits_is_taken(memory: int | None, cuts: list[object], reason: str) -> None:
    choice = choose(two_ways(memory))
    assert list(choice.cuts.values()) == cuts and choice.reason == reason
    assert memory is None or choice.memory_bytes <= memory


def test_what_would_be_cheaper_is_rejected_with_what_it_would_need() -> None:
    choice = choose(two_ways(209))
    first, second = choice.layers
    assert second.rejected[0].step_s is None
    assert second.rejected[0].why == "a worker would need 210 B, more than `memory` allows"
    assert first.rejected[0].step_s == choice.step_s + 8


def test_where_nothing_fits_what_needs_least_is_taken() -> None:
    choice = choose(two_ways(50))
    assert choice.memory_bytes == 90 and list(choice.cuts.values()) == [BY_FEATURE, BY_FEATURE]


def test_what_is_fixed_stays_even_where_it_does_not_fit() -> None:
    problem = two_ways(50)
    fixed = replace(problem, layers=tuple(replace(layer, allowed=(0,)) for layer in problem.layers))
    choice = choose(fixed)
    assert choice.memory_bytes == 210 and choice.reason == "cheapest"


@pytest.mark.parametrize("seed", range(30))
def test_whatever_fits_is_found_to_fit_and_costs_little_more_than_the_cheapest_that_does(seed: int) -> None:
    random = Random(seed)
    problem = random_problem(random, random.randint(3, 6))
    if not 10 < count_of_cuts(problem) < 1000:
        return
    sums = Sums(problem)
    needed = {cuts: max(Standing(sums, cuts).memory_bytes()) for cuts in all_cuts(problem)}
    limit = sorted(needed.values())[len(needed) // 3] + 1
    choice = choose(replace(problem, group=replace(problem.group, memory_bytes=int(limit))))
    assert choice.memory_bytes <= limit
    cheapest = min(sums.total_s(cuts) for cuts, size in needed.items() if size <= limit)
    assert cheapest * (1 - 1e-9) <= choice.step_s <= 1.6 * cheapest


@pytest.mark.parametrize("seed", range(10))
def test_how_much_more_a_change_needs_is_the_difference_of_the_sums(seed: int) -> None:
    random = Random(seed)
    problem = random_problem(random, 10)
    sums = Sums(problem)
    cuts = list(places(problem, choose(problem)))
    for number, layer in enumerate(problem.layers):
        for option in range(len(layer.options)):
            after = Standing(sums, [*cuts[:number], option, *cuts[number + 1 :]]).memory_bytes()
            standing = Standing(sums, cuts)
            sizes = zip(standing.memory_bytes(), standing.more_bytes(number, option), strict=True)
            assert [size + more for size, more in sizes] == pytest.approx(after)
