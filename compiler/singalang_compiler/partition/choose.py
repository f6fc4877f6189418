"""Chooses how every layer is cut: the cheapest cuts of the cost model, or the cheapest found that fit in memory.

Knows no layer kind and no machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import add
from typing import Literal, NamedTuple, TypeAlias

from singalang_compiler.partition.cut_net import Rejected
from singalang_compiler.partition.frontier import cheaper, cheapest
from singalang_compiler.partition.problem import Choice, Chosen, Decided, Problem
from singalang_compiler.partition.sums import Standing, Sums
from singalang_compiler.sizes import size_text

_RAISED, _HALVED = 16, 6
"""How often the price of memory is raised fourfold until everything fits, and how often it is then halved towards the last that was
too low."""

_Reason: TypeAlias = Literal["cheapest", "cheapest-found", "cheapest-that-fits"]


class _Now(NamedTuple):
    """What a step costs, and what a worker of each stage needs, as decided."""

    step_s: float
    memory_bytes: tuple[float, ...]


def choose(problem: Problem) -> Choice:
    """The cheapest cuts of what the topology allows, never worse than all by batch or all by feature that fit as well.

    Where not every possibility was weighed (`cheapest-found`) no other cut of a single layer would be cheaper either. Where the
    cheapest cuts need too much memory, a byte gets a price, which is raised until what is then cheapest fits.
    """
    cuts, reason = _decided(problem)
    standing = Standing(Sums(problem), cuts)
    now = _Now(standing.total_s(), standing.memory_bytes())
    layers = tuple(_chosen(problem, layer, standing, number, now) for number, layer in enumerate(problem.layers))
    return Choice(layers=layers, step_s=now.step_s, reason=reason, memory_bytes=max(now.memory_bytes))


def uniform(problem: Problem, name: str) -> list[int]:
    """Every layer cut by one partition; those that must not be by batch, or else in their first way."""
    return [_alike(layer, name) for layer in problem.layers]


def _alike(layer: Decided, name: str) -> int:
    for wanted in (name, "batch"):
        for option in layer.choices:
            if layer.options[option].cut.name == wanted:
                return option
    return layer.choices[0]


def _decided(problem: Problem) -> tuple[Sequence[int], _Reason]:
    standing, proven = _searched(Sums(problem))
    cuts: Sequence[int] = standing.cuts
    if _too_small(problem, standing) and any(len(layer.choices) > 1 for layer in problem.layers):
        cuts = _fitting(problem, standing)
    if list(cuts) != standing.cuts:
        return cuts, "cheapest-that-fits"
    return cuts, "cheapest" if proven else "cheapest-found"


def _searched(sums: Sums) -> tuple[Standing, bool]:
    """The cheapest cuts found, and whether they are proven to be so."""
    found = cheapest(sums)
    if found.proven:
        return Standing(sums, found.cuts), True
    others = (uniform(sums.problem, name) for name in ("batch", "feature"))
    standing = min((Standing(sums, cuts) for cuts in (found.cuts, *others)), key=Standing.total_s)
    _improve(sums.problem, standing)
    proven = cheaper(sums, standing.total_s())
    return (standing, False) if proven is None else (Standing(sums, proven), True)


def _improve(problem: Problem, standing: Standing) -> None:
    """Changes single layers until that makes nothing cheaper."""
    least_s = 1e-9 * standing.total_s()
    better = True
    while better:
        better = False
        for number, layer in enumerate(problem.layers):
            for option in layer.choices:
                if standing.instead_s(number, option) < -least_s:
                    standing.change(number, option)
                    better = True


def _too_small(problem: Problem, standing: Standing) -> frozenset[int]:
    """The stages whose workers need more memory than there is."""
    limit = problem.group.memory_bytes
    needed = enumerate(standing.memory_bytes())
    return frozenset(stage for stage, size in needed if limit is not None and size > limit)


def _fitting(problem: Problem, dearest: Standing) -> Sequence[int]:
    """The cheapest cuts found that fit; where none do those that need least of all that was tried."""
    sums = Sums(problem)
    tried = [dearest.cuts, uniform(problem, "batch"), uniform(problem, "feature")]
    priced = _too_small(problem, dearest)

    def fits(price: float) -> bool:
        nonlocal priced
        prices = tuple(price if stage in priced else 0.0 for stage in range(problem.group.stages))
        tried.append(_searched(Sums(problem, prices))[0].cuts)
        small = _too_small(problem, Standing(sums, tried[-1]))
        priced |= small
        return not small

    low, high = 0.0, max(dearest.total_s(), 1e-9) / max(*dearest.memory_bytes(), 1.0)
    raised = 0
    while not fits(high) and raised < _RAISED:
        low, high, raised = high, high * 4, raised + 1
    for _ in range(_HALVED):
        middle = (low + high) / 2
        low, high = (low, middle) if fits(middle) else (middle, high)
    fitting = [cuts for cuts in tried if not _too_small(problem, Standing(sums, cuts))]
    return min(fitting, key=sums.total_s) if fitting else min(tried, key=lambda cuts: max(Standing(sums, cuts).memory_bytes()))


def _chosen(problem: Problem, layer: Decided, standing: Standing, number: int, now: _Now) -> Chosen:
    rejected = (*_rejected(problem, layer, standing, number, now), *layer.impossible)
    return Chosen(layer=layer.name, cut=layer.options[standing.cuts[number]].cut, rejected=rejected)


def _rejected(problem: Problem, layer: Decided, standing: Standing, number: int, now: _Now) -> Iterator[Rejected]:
    limit = problem.group.memory_bytes
    for option, other in enumerate(layer.options):
        if option == standing.cuts[number]:
            continue
        more_s = standing.instead_s(number, option)
        needed = 0.0
        if limit is not None and more_s < 0:
            needed = max(map(add, now.memory_bytes, standing.more_bytes(number, option)))
        if limit is not None and needed > limit:
            yield Rejected(other.cut.label, why=f"a worker would need {size_text(needed)}, more than `memory` allows")
        else:
            yield Rejected(other.cut.label, now.step_s + more_s)
