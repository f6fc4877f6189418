"""Chooses how every layer is cut: the cheapest cuts of the cost model. Knows no layer kind and no machine."""

from __future__ import annotations

from collections.abc import Iterator

from singalang_compiler.partition.cut_net import Rejected
from singalang_compiler.partition.frontier import cheaper, cheapest
from singalang_compiler.partition.problem import Choice, Chosen, Decided, Problem
from singalang_compiler.partition.sums import Standing, Sums


def choose(problem: Problem) -> Choice:
    """The cheapest cuts of what the topology allows, never worse than all by batch or all by feature.

    Where not every possibility was weighed (`proven` is then False) no other cut of a single layer would be cheaper either.
    """
    standing, proven = _searched(Sums(problem))
    step_s = standing.total_s()
    layers = tuple(_chosen(layer, standing, number, step_s) for number, layer in enumerate(problem.layers))
    return Choice(layers=layers, step_s=step_s, proven=proven, memory_bytes=max(standing.memory_bytes(), default=0.0))


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


def uniform(problem: Problem, name: str) -> list[int]:
    """Every layer cut by one partition; those that must not be by batch, or else in their first way."""
    return [_alike(layer, name) for layer in problem.layers]


def _alike(layer: Decided, name: str) -> int:
    for wanted in (name, "batch"):
        for option in layer.choices:
            if layer.options[option].cut.name == wanted:
                return option
    return layer.choices[0]


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


def _chosen(layer: Decided, standing: Standing, number: int, step_s: float) -> Chosen:
    rejected = (*_rejected(layer, standing, number, step_s), *layer.impossible)
    return Chosen(layer=layer.name, cut=layer.options[standing.cuts[number]].cut, rejected=rejected)


def _rejected(layer: Decided, standing: Standing, number: int, step_s: float) -> Iterator[Rejected]:
    for option, other in enumerate(layer.options):
        if option != standing.cuts[number]:
            yield Rejected(other.cut.label, step_s + standing.instead_s(number, option))
