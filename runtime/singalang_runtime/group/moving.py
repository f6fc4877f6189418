"""What a worker gives and gets over a connection: parts of its arrays, worked out once. Knows no message and no kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.geometry import Region, incoming, outgoing
from singalang_compiler.plan_group import ConnectionRecord
from singalang_runtime.group.collecting import add_into

Array: TypeAlias = np.ndarray[Any, Any]
Part: TypeAlias = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class Giving:
    """The array that a worker gives parts of, and the part for each position of the stage that gets them."""

    array: str
    parts: Mapping[int, Part]


@dataclass(frozen=True, slots=True)
class Getting:
    """The array that a worker puts together, and where in it the part from each position of the giving stage goes.

    `own`: its own part is taken from this array, (name, part). `parts` go by position, ascending; they either tile the array, or
    are `summands` that may leave zeros between them and are added in this order.
    """

    array: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    parts: Mapping[int, Part]
    own: tuple[str, Part] | None
    summands: bool

    def joining(self, array: Array) -> Callable[[Sequence[Array]], None]:
        """What puts together in `array`, of this shape and dtype, what was given, in the order of `parts`."""
        targets = [array[part] for part in self.parts.values()]

        def tile(given: Sequence[Array]) -> None:
            for target, one in zip(targets, given, strict=True):
                target[...] = one

        def add(given: Sequence[Array]) -> None:
            array[...] = 0
            for target, one in zip(targets, given, strict=True):
                target += one

        def add_wholes(given: Sequence[Array]) -> None:
            add_into(given, array)

        if not self.summands:
            return tile
        return add_wholes if all(target.size == array.size for target in targets) else add


def giving(connection: ConnectionRecord, position: int, back: bool) -> Giving:
    """What the worker at `position` gives: of the source's stage forward, of the target's with `back`."""
    extent, source, target = connection.extent, connection.source, connection.target
    if back:
        parts = {block.source: _part(block.put) for block in incoming(extent, source, target, position)}
        return Giving(f"gradient/{connection.value}@{target}", parts)
    parts = {block.target: _part(block.taken) for block in outgoing(extent, source, target, position)}
    return Giving(f"{connection.value}@{source}", parts)


def getting(connection: ConnectionRecord, position: int, back: bool) -> Getting:
    """What the worker at `position` gets: of the target's stage forward, of the source's with `back`."""
    extent, source, target = connection.extent, connection.source, connection.target
    if back:
        name = f"gradient/{connection.value}@{source}/{connection.name}"
        shape = extent.piece(source, position)
        regions = {block.target: block.taken for block in outgoing(extent, source, target, position)}
    else:
        name, shape = f"{connection.value}@{target}", extent.piece(target, position)
        regions = {block.source: block.put for block in incoming(extent, source, target, position)}
    given = giving(connection, position, back)
    within = connection.source_stage == connection.target_stage and position in regions
    return Getting(
        array=name,
        shape=shape,
        dtype=np.dtype(connection.dtype),
        parts={other: _part(regions[other]) for other in sorted(regions)},
        own=(given.array, given.parts[position]) if within else None,
        summands=sum(_size(region) for region in regions.values()) != prod(shape),
    )


def _part(region: Region) -> Part:
    return tuple(slice(first, end) for first, end in region)


def _size(region: Region) -> int:
    return prod(end - first for first, end in region)
