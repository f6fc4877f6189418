"""What a step costs and what workers hold where every layer's cut is given: sums over layers, values and shared parameters.

Knows nothing of how cuts are chosen. A cut is named by its place among a layer's options.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from math import fsum
from typing import TypeVar

from singalang_compiler.partition.problem import Decided, Problem, Shared
from singalang_compiler.partition.traffic import Reader, value_bytes, value_s


class Sums:
    """The sums of one problem. `prices`: for each stage seconds that a byte of a worker's memory counts, on top of time."""

    def __init__(self, problem: Problem, prices: Sequence[float] = ()) -> None:
        self.problem = problem
        self.prices = tuple(prices) or (0.0,) * problem.group.stages

    @cached_property
    def place(self) -> dict[str, int]:
        """Where each layer stands."""
        return {layer.name: number for number, layer in enumerate(self.problem.layers)}

    @cached_property
    def readers(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each layer who reads its value: (place of the reader, place among its inputs)."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.problem.layers]
        for number, layer in enumerate(self.problem.layers):
            for slot, name in enumerate(layer.inputs):
                found[self.place[name]].append((number, slot))
        return tuple(tuple(readers) for readers in found)

    @cached_property
    def users(self) -> dict[str, tuple[int, ...]]:
        """For each shared parameter the layers that use it."""
        found: dict[str, list[int]] = {shared.name: [] for shared in self.problem.shared}
        for number, layer in enumerate(self.problem.layers):
            for name in sorted({name for option in layer.options for name in option.uses}):
                found[name].append(number)
        return {name: tuple(numbers) for name, numbers in found.items()}

    @cached_property
    def shared(self) -> dict[str, Shared]:
        """The shared parameters, by name."""
        return {shared.name: shared for shared in self.problem.shared}

    def reader(self, producer: Decided, reader: Decided, option: int, slot: int) -> Reader:
        """How a layer reads one of its inputs."""
        return Reader(reader.stage, reader.options[option].inputs[slot], producer.learns and reader.learns)

    def layer_s(self, number: int, option: int) -> float:
        """What a layer costs by itself."""
        layer = self.problem.layers[number]
        chosen = layer.options[option]
        return chosen.step_s + self.prices[layer.stage] * chosen.memory_bytes

    def value_s(self, number: int, option: int, readers: tuple[Reader, ...]) -> float:
        """What a value costs that is read so."""
        group, layer = self.problem.group, self.problem.layers[number]
        output = layer.options[option].output
        time_s = value_s(group, layer.elements, output, layer.stage, readers)
        if not any(self.prices):
            return time_s
        held = value_bytes(group, layer.elements, output, layer.stage, readers)
        return time_s + sum(self.prices[stage] * size for stage, size in held.items())

    def shared_s(self, shared: Shared, axis: int | None) -> float:
        """What a shared parameter costs if its uses agree on an axis, or on none."""
        cut = axis is not None and len(shared.stages) == 1
        held = shared.cut_bytes if cut else shared.whole_bytes
        return (shared.cut_s if cut else shared.whole_s) + sum(self.prices[stage] * held for stage in shared.stages)

    def total_s(self, cuts: Sequence[int]) -> float:
        """What a step costs."""
        return Standing(self, cuts).total_s()


class Standing:
    """Cuts of all layers, with who reads each value how, so that what a change costs is soon known."""

    def __init__(self, sums: Sums, cuts: Sequence[int]) -> None:
        self._sums = sums
        self._layers = sums.problem.layers
        self.cuts = list(cuts)
        self._readers: list[Counter[Reader]] = [Counter() for _ in cuts]
        self._axes: dict[str, Counter[int | None]] = {shared.name: Counter() for shared in sums.problem.shared}
        for number in range(len(self.cuts)):
            self._count(number, self.cuts[number], 1)

    def total_s(self) -> float:
        """What a step costs."""
        layers_s = (self._sums.layer_s(number, option) for number, option in enumerate(self.cuts))
        values_s = (self._value_s(number) for number in range(len(self.cuts)))
        return fsum((*layers_s, *values_s, *(self._shared_s(shared) for shared in self._sums.problem.shared)))

    def instead_s(self, number: int, option: int) -> float:
        """How much more a step costs with another cut of one layer, the others as they are."""
        before_s, own = self._around_s(number), self.cuts[number]
        self.change(number, option)
        after_s = self._around_s(number)
        self.change(number, own)
        return after_s - before_s

    def change(self, number: int, option: int) -> None:
        """Cuts a layer in another way."""
        self._count(number, self.cuts[number], -1)
        self.cuts[number] = option
        self._count(number, option, 1)

    def memory_bytes(self) -> tuple[float, ...]:
        """For each stage what the process of one of its workers needs."""
        held = [self._sums.problem.standing_bytes] * self._sums.problem.group.stages
        for number in range(len(self.cuts)):
            self._add_own(held, number, 1)
            self._add_brought(held, number, 1)
        for shared in self._sums.problem.shared:
            self._add_shared(held, shared, 1)
        return tuple(held)

    def more_bytes(self, number: int, option: int) -> tuple[float, ...]:
        """For each stage how much more it would need with another cut of one layer, the others as they are."""
        held = [0.0] * self._sums.problem.group.stages
        own = self.cuts[number]
        self._add_around(held, number, -1)
        self.change(number, option)
        self._add_around(held, number, 1)
        self.change(number, own)
        return tuple(held)

    def _add_around(self, held: list[float], number: int, by: int) -> None:
        layer = self._layers[number]
        self._add_own(held, number, by)
        for value in dict.fromkeys((number, *(self._sums.place[name] for name in layer.inputs))):
            self._add_brought(held, value, by)
        for name in layer.options[self.cuts[number]].uses:
            self._add_shared(held, self._sums.shared[name], by)

    def _add_own(self, held: list[float], number: int, by: int) -> None:
        layer = self._layers[number]
        held[layer.stage] += by * layer.options[self.cuts[number]].memory_bytes

    def _add_brought(self, held: list[float], number: int, by: int) -> None:
        layer, readers = self._layers[number], tuple(self._readers[number])
        output = layer.options[self.cuts[number]].output
        for stage, size in value_bytes(self._sums.problem.group, layer.elements, output, layer.stage, readers).items():
            held[stage] += by * size

    def _add_shared(self, held: list[float], shared: Shared, by: int) -> None:
        size = shared.whole_bytes if self._axis(shared) is None or len(shared.stages) > 1 else shared.cut_bytes
        for stage in shared.stages:
            held[stage] += by * size

    def _count(self, number: int, option: int, by: int) -> None:
        layer = self._layers[number]
        for slot, name in enumerate(layer.inputs):
            source = self._sums.place[name]
            _add(self._readers[source], self._sums.reader(self._layers[source], layer, option, slot), by)
        for name, axis in layer.options[option].uses.items():
            _add(self._axes[name], axis, by)

    def _around_s(self, number: int) -> float:
        """All that depends on the cut of a layer."""
        layer = self._layers[number]
        values = dict.fromkeys((number, *(self._sums.place[name] for name in layer.inputs)))
        used = (self._shared_s(self._sums.shared[name]) for name in layer.options[self.cuts[number]].uses)
        return fsum((self._sums.layer_s(number, self.cuts[number]), *(self._value_s(value) for value in values), *used))

    def _value_s(self, number: int) -> float:
        return self._sums.value_s(number, self.cuts[number], tuple(self._readers[number]))

    def _shared_s(self, shared: Shared) -> float:
        return self._sums.shared_s(shared, self._axis(shared))

    def _axis(self, shared: Shared) -> int | None:
        axes = self._axes[shared.name]
        return next(iter(axes)) if len(axes) == 1 else None


Counted = TypeVar("Counted")


def _add(counts: Counter[Counted], what: Counted, by: int) -> None:
    counts[what] += by
    if not counts[what]:
        del counts[what]
