"""The cheapest cuts: against all cuts there are, against all by batch and all by feature, and against sums made block by block."""

from __future__ import annotations

from random import Random

import pytest
from msgspec.structs import replace

from singalang_compiler.geometry import BATCH, WHOLE
from singalang_compiler.partition.choose import choose, uniform
from singalang_compiler.partition.cut_net import Rejected
from singalang_compiler.partition.frontier import cheapest
from singalang_compiler.partition.problem import Decided, Group, Option, Problem, Shared
from singalang_compiler.partition.sums import Sums
from tests.compiler.partition.choosing import (
    BY_BATCH,
    BY_FEATURE,
    FEATURE,
    NOT_CUT,
    all_cuts,
    cost_s,
    count_of_cuts,
    places,
    random_problem,
)

_MOST = 2000
"""Cuts of a net that brute force goes through."""


def brute_force_s(problem: Problem) -> float:
    """The least that a step can cost."""
    sums = Sums(problem)
    return min(sums.total_s(cuts) for cuts in all_cuts(problem))


def equals_brute_force(seed: int, wide: bool) -> bool:
    """Whether the choice for a random net of at most 8 layers is as cheap as any; it must say so."""
    random = Random(seed)
    problem = random_problem(random, random.randint(1, 8), wide=wide)
    if count_of_cuts(problem) > _MOST:
        return False
    choice = choose(problem)
    assert choice.reason == "cheapest", seed
    assert choice.step_s == pytest.approx(brute_force_s(problem), rel=1e-9), seed
    assert choice.step_s == pytest.approx(cost_s(problem, places(problem, choice)), rel=1e-9), seed
    return True


@pytest.mark.parametrize("wide", [False, True])
def test_what_is_chosen_is_as_cheap_as_the_cheapest_of_all_cuts(wide: bool) -> None:
    assert sum(equals_brute_force(seed, wide) for seed in range(40)) > 25


@pytest.mark.slow
def test_what_is_chosen_is_as_cheap_as_the_cheapest_of_all_cuts_in_a_thousand_nets() -> None:
    checked = sum(equals_brute_force(seed, wide=seed % 2 == 0) for seed in range(1000, 2400))
    assert checked >= 1000


@pytest.mark.parametrize("seed", range(10))
def test_nothing_is_dearer_than_all_by_batch_or_all_by_feature(seed: int) -> None:
    problem = random_problem(Random(seed), 20, wide=True)
    choice = choose(problem)
    for name in ("batch", "feature"):
        assert choice.step_s <= cost_s(problem, uniform(problem, name)) * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(25))
def test_what_a_step_costs_is_the_sum_over_blocks_whatever_the_cuts(seed: int) -> None:
    random = Random(seed)
    problem = random_problem(random, 12, wide=seed % 2 == 0)
    cuts = [random.choice(range(len(layer.options))) for layer in problem.layers]
    assert Sums(problem).total_s(cuts) == pytest.approx(cost_s(problem, cuts), rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_rejected_cuts_say_what_a_step_costs_with_them_and_the_others_as_they_are(seed: int) -> None:
    problem = random_problem(Random(seed), 9)
    choice = choose(problem)
    cuts = places(problem, choice)
    for number, (layer, chosen) in enumerate(zip(problem.layers, choice.layers, strict=True)):
        others = [place for place in range(len(layer.options)) if place != cuts[number]]
        told = [cost_s(problem, [*cuts[:number], other, *cuts[number + 1 :]]) for other in others]
        assert [one.step_s for one in chosen.rejected] == pytest.approx(told, rel=1e-9)
        assert [one.cut for one in chosen.rejected] == [layer.options[place].cut.label for place in others]


def test_what_is_not_possible_stands_with_the_rejected() -> None:
    impossible = Rejected("feature", why="10 is not divisible by 4")
    layer = Decided(name="fc", options=(Option(cut=BY_BATCH),), impossible=(impossible,))
    assert choose(_problem(layer)).layers[0].rejected == (impossible,)


def test_what_no_change_of_one_layer_makes_cheaper_is_found_where_a_search_keeps_256_states() -> None:
    unproven = 0
    for seed in range(4):
        problem = random_problem(Random(seed), 24, wide=True)
        choice = choose(problem)
        unproven += choice.reason == "cheapest-found"
        cheaper = [
            one for chosen in choice.layers for one in chosen.rejected if one.step_s is not None and one.step_s < choice.step_s
        ]
        allowed = {(layer.name, layer.options[place].cut.label) for layer in problem.layers for place in layer.choices}
        names = [(chosen.layer, one.cut) for chosen in choice.layers for one in chosen.rejected if one in cheaper]
        assert not allowed.intersection(names)
    assert unproven > 1


def test_a_bound_proves_what_a_search_that_drops_states_has_found() -> None:
    proven = 0
    for seed in range(40):
        problem = random_problem(Random(seed), 8, wide=True)
        if not cheapest(Sums(problem)).proven:
            proven += choose(problem).proven
    assert proven > 3


def test_of_equal_costs_the_first_option_is_taken() -> None:
    options = tuple(Option(cut=cut, step_s=1.0) for cut in (BY_FEATURE, BY_BATCH, NOT_CUT))
    layers = [Decided(name=name, options=options) for name in ("a", "b", "c")]
    assert list(choose(_problem(*layers)).cuts.values()) == [BY_FEATURE] * 3


def test_equal_problems_have_equal_answers() -> None:
    assert choose(random_problem(Random(5), 16, wide=True)) == choose(random_problem(Random(5), 16, wide=True))


def test_a_value_that_some_reader_wants_whole_is_brought_whole_once() -> None:
    make = Decided(name="make", options=(Option(cut=BY_BATCH, output=BATCH),), elements=8)
    whole = Decided(name="whole", inputs=("make",), options=(Option(cut=NOT_CUT, inputs=(WHOLE,)),))
    part = Decided(name="part", inputs=("make",), options=(Option(cut=BY_FEATURE, inputs=(FEATURE,), output=FEATURE),))
    alone, both = _problem(make, whole), _problem(make, whole, part, part_two := replace(part, name="part2"))
    assert choose(alone).step_s == choose(both).step_s > 0
    without = choose(_problem(make, part)).step_s
    assert choose(_problem(make, part, part_two)).step_s == without > 0


def test_a_shared_parameter_is_cut_only_where_all_its_uses_agree() -> None:
    def user(name: str, axis: int) -> Decided:
        cut = Option(cut=BY_FEATURE, uses={"w": axis}, step_s=0.1)
        return Decided(name=name, options=(Option(cut=BY_BATCH, uses={"w": None}), cut))

    shared = (Shared(name="w", stages=(0,), cut_s=0.0, whole_s=5.0),)
    agreed = choose(replace(_problem(user("a", 0), user("b", 0)), shared=shared))
    assert list(agreed.cuts.values()) == [BY_FEATURE] * 2 and agreed.step_s == pytest.approx(0.2)
    apart = choose(replace(_problem(user("a", 0), user("b", 1)), shared=shared))
    assert list(apart.cuts.values()) == [BY_BATCH] * 2 and apart.step_s == 5.0
    stages = replace(_problem(user("a", 0), user("b", 0)), shared=(replace(shared[0], stages=(0, 1)),))
    assert choose(replace(stages, group=replace(stages.group, stages=2))).step_s == 5.0


def _problem(*layers: Decided) -> Problem:
    group = Group(rows=(2, 2), link_bytes_s=1e6, link_latency_s=1e-6, dispatch_s=0.0)
    return Problem(group=group, layers=layers)
