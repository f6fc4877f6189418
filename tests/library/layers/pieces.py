"""A layer run in two pieces, as a partition says, and the pieces put together again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from singalang_compiler.library.tensors import Partition
from tests.library.layers.case import Call, Numbers
from tests.library.layers.run import evaluated

Cut: TypeAlias = Callable[[Numbers, int | None], Numbers]
"""Takes a piece of an array along an axis; all of it where that is None."""


def cut_and_joined(call: Call, partition: Partition) -> Numbers | None:
    """The output made of two pieces; None where what is to be cut has length 1."""
    length = _lengths(call, partition)[0]
    if length == 1:
        return None
    made = [evaluated(_piece(call, partition, cut)) for cut in _cuts(length)]
    if partition.partial:
        return made[0] + made[1]
    assert partition.output is not None
    return np.concatenate(made, axis=partition.output)


def _lengths(call: Call, partition: Partition) -> list[int]:
    """Lengths of the axes that are cut, those of inputs first."""
    inputs = [x.shape[axis] for x, axis in zip(call.inputs, partition.inputs, strict=True) if axis is not None]
    return inputs + [call.parameters[name].shape[axis] for name, axis in partition.parameters.items() if name in call.parameters]


def _cuts(length: int) -> tuple[Cut, Cut]:
    """The two pieces, the first of them half of the length, rounded down; other axes are cut in the same proportion."""

    def first(x: Numbers, axis: int | None) -> Numbers:
        return x if axis is None else np.split(x, [x.shape[axis] * (length // 2) // length], axis)[0]

    def second(x: Numbers, axis: int | None) -> Numbers:
        return x if axis is None else np.split(x, [x.shape[axis] * (length // 2) // length], axis)[1]

    return first, second


def _piece(call: Call, partition: Partition, cut: Cut) -> Call:
    by_batch = 0 if partition.name == "batch" else None
    return replace(
        call,
        inputs=tuple(cut(x, axis) for x, axis in zip(call.inputs, partition.inputs, strict=True)),
        parameters=_each(call.parameters, partition.parameters, cut),
        state=_each(call.state, partition.state, cut),
        weights=cut(call.weights, by_batch),
        draws=lambda name: cut(call.draws(name), partition.inputs[0]),
    )


def _each(arrays: Mapping[str, Numbers], axes: Mapping[str, int], cut: Cut) -> dict[str, Numbers]:
    return {name: cut(x, axes.get(name)) for name, x in arrays.items()}
