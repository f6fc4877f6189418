"""Chooses how every layer is cut: the cheapest cuts of the cost model. Knows no layer kind and no machine."""

from __future__ import annotations

from collections.abc import Iterator

from singalang_compiler.partition.cut_net import Rejected
from singalang_compiler.partition.frontier import cheapest
from singalang_compiler.partition.problem import Choice, Chosen, Decided, Problem
from singalang_compiler.partition.sums import Sums


def choose(problem: Problem) -> Choice:
    """The cheapest cuts of the layers that are not fixed, never worse than all by batch or all by feature.

    Where not every possibility was weighed (`proven` is then False) no single layer's other cut would be cheaper either.
    """
    sums = Sums(problem)
    found = cheapest(sums)
    cuts = list(found.cuts)
    if not found.proven:
        candidates = [cuts, uniform(problem, "batch"), uniform(problem, "feature")]
        cuts = improved(sums, min(candidates, key=sums.total_s))
    step_s = sums.total_s(cuts)
    layers = tuple(_chosen(sums, cuts, number, step_s) for number in range(len(cuts)))
    return Choice(layers=layers, step_s=step_s, proven=found.proven, memory_bytes=max(sums.memory_bytes(cuts), default=0.0))


def uniform(problem: Problem, name: str) -> list[int]:
    """Every layer that is not fixed cut by one partition; those that do not have it by batch, or else in their first way."""
    return [_alike(layer, name) for layer in problem.layers]


def improved(sums: Sums, cuts: list[int]) -> list[int]:
    """Cuts that no change of a single layer makes cheaper."""
    cuts, better = list(cuts), True
    while better:
        better = False
        for number, layer in enumerate(sums.problem.layers):
            for option in layer.choices:
                if sums.instead_s(cuts, number, option) < -1e-9 * sums.layer_s(number, option):
                    cuts[number], better = option, True
    return cuts


def _alike(layer: Decided, name: str) -> int:
    for wanted in (name, "batch"):
        for option in layer.choices:
            if layer.options[option].cut.name == wanted:
                return option
    return layer.choices[0]


def _chosen(sums: Sums, cuts: list[int], number: int, step_s: float) -> Chosen:
    layer = sums.problem.layers[number]
    rejected = (*_rejected(sums, cuts, number, step_s), *layer.impossible)
    return Chosen(layer=layer.name, cut=layer.options[cuts[number]].cut, rejected=rejected)


def _rejected(sums: Sums, cuts: list[int], number: int, step_s: float) -> Iterator[Rejected]:
    for option, other in enumerate(sums.problem.layers[number].options):
        if option != cuts[number]:
            yield Rejected(other.cut.label, step_s + sums.instead_s(cuts, number, option))
