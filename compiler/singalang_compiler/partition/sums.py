"""What a step costs and what workers hold where every layer's cut is given: sums over layers, values and shared parameters.

Knows nothing of how cuts are chosen. A cut is named by its place among a layer's options.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import fsum

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
        return fsum(
            (
                *(self.layer_s(number, option) for number, option in enumerate(cuts)),
                *(self._read_s(number, cuts) for number in range(len(cuts))),
                *(self._used_s(shared, cuts) for shared in self.problem.shared),
            )
        )

    def instead_s(self, cuts: Sequence[int], number: int, option: int) -> float:
        """How much more a step costs with another cut of one layer, the others as they are."""
        layers = self.problem.layers
        values = dict.fromkeys((number, *(self.place[name] for name in layers[number].inputs)))
        names = {name for one in layers[number].options for name in one.uses}
        shared = [one for one in self.problem.shared if one.name in names]
        other = _Instead(cuts, number, option)

        def around(given: Sequence[int]) -> float:
            reads = (self._read_s(value, given) for value in values)
            return fsum((self.layer_s(number, given[number]), *reads, *(self._used_s(one, given) for one in shared)))

        return around(other) - around(cuts)

    def memory_bytes(self, cuts: Sequence[int]) -> tuple[float, ...]:
        """For each stage what one of its workers holds."""
        group, layers = self.problem.group, self.problem.layers
        held = [0.0] * group.stages
        for number, (layer, option) in enumerate(zip(layers, cuts, strict=True)):
            held[layer.stage] += layer.options[option].memory_bytes
            output, readers = layer.options[option].output, self._readers(number, cuts)
            for stage, size in value_bytes(group, layer.elements, output, layer.stage, readers).items():
                held[stage] += size
        for shared in self.problem.shared:
            cut = self._axis(shared, cuts) is not None and len(shared.stages) == 1
            for stage in shared.stages:
                held[stage] += shared.cut_bytes if cut else shared.whole_bytes
        return tuple(held)

    def _read_s(self, number: int, cuts: Sequence[int]) -> float:
        return self.value_s(number, cuts[number], self._readers(number, cuts))

    def _readers(self, number: int, cuts: Sequence[int]) -> tuple[Reader, ...]:
        layers = self.problem.layers
        return tuple(self.reader(layers[number], layers[one], cuts[one], slot) for one, slot in self.readers[number])

    def _used_s(self, shared: Shared, cuts: Sequence[int]) -> float:
        return self.shared_s(shared, self._axis(shared, cuts))

    def _axis(self, shared: Shared, cuts: Sequence[int]) -> int | None:
        axes = {self.problem.layers[user].options[cuts[user]].uses.get(shared.name) for user in self.users[shared.name]}
        return axes.pop() if len(axes) == 1 else None


class _Instead(Sequence[int]):
    """A list of cuts with one of them changed, without copying it."""

    def __init__(self, cuts: Sequence[int], number: int, option: int) -> None:
        self._cuts, self._number, self._option = cuts, number, option

    def __getitem__(self, place: int) -> int:  # type: ignore[override]
        return self._option if place == self._number else self._cuts[place]

    def __len__(self) -> int:
        return len(self._cuts)
