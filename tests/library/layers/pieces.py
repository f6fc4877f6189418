"""A layer run in two pieces, as a partition says, by two workers that exchange what it wants exchanged, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import jax
import numpy as np

from singalang_compiler.library.context import Array
from singalang_compiler.library.layers.concat import LAST_OF_IMAGE
from singalang_compiler.library.ops_jax.context import FeaturePiece
from singalang_compiler.library.tensors import Partition
from tests.library.layers.case import Call, Case, Numbers
from tests.library.layers.run import F64, DrawingContext, Outcome, arriving, context_of, forward, layouts, precision

Cut: TypeAlias = Callable[[Any, int | None], Any]
"""Takes a piece of an array along an axis; all of it where that is None."""


def can_be_cut(call: Call, partition: Partition) -> bool:
    """Whether what is to be cut is longer than 1."""
    return _length(call, partition) > 1


def cut_and_joined(case: Case, call: Call, partition: Partition, g: Numbers) -> tuple[Outcome, list[dict[str, Numbers]]]:
    """The output made of two pieces, the gradients of the sum of g times it, and the new state of each piece.

    `metrics` stay empty.
    """
    with precision(F64):
        floats = {place: F64.cast(x) for place, x in enumerate(call.inputs) if x.dtype.kind == "f"}

        def all_of(floats: Any, parameters: Any) -> Any:
            inputs = tuple(floats.get(place, x) for place, x in enumerate(call.inputs))
            return jax.vjp(lambda *given: _joined(case, call, partition, *given), inputs, parameters, has_aux=True)

        parameters = {name: F64.cast(x) for name, x in call.parameters.items()}
        value, pull, states = all_of(floats, parameters)
        dinputs, dparameters = pull(F64.cast(g))
        gradients = tuple(np.asarray(dx) if place in floats else None for place, dx in enumerate(dinputs))
        made = Outcome(np.asarray(value), gradients, {name: np.asarray(x) for name, x in dparameters.items()})
        return made, [{name: np.asarray(x) for name, x in state.items()} for state in states]


def _joined(case: Case, call: Call, partition: Partition, inputs: tuple[Array, ...], parameters: Mapping[str, Array]) -> Any:
    """The whole output, and the new state of each piece."""
    cuts = _cuts(_length(call, partition))
    layout = layouts(call)[0]
    pieces = [_piece(call, partition, cut) for cut in cuts]
    own = [tuple(cut(x, axis) for x, axis in zip(inputs, partition.inputs, strict=True)) for cut in cuts]
    contexts = [
        context_of(piece, F64, layout, _each(parameters, partition.parameters, cut))
        for piece, cut in zip(pieces, cuts, strict=True)
    ]
    if partition.name == "feature":
        _tell_pieces(contexts, [piece.inputs for piece in pieces], call, partition)
    elif call.training and call.layer.exchange(case.given):
        told = [call.layer.statistic(arriving(x, layout), context) for x, context in zip(own, contexts, strict=True)]
        assert {row.shape for row in told} == {(call.layer.exchange(case.given),)}
        for context in contexts:
            context.statistics = F64.np.stack(told)
    made = [forward(call.layer, x, context, layout) for x, context in zip(own, contexts, strict=True)]
    states = [context.new_state for context in contexts]
    return (made[0] + made[1] if partition.partial else F64.np.concatenate(made, axis=partition.output)), states


def _tell_pieces(contexts: list[DrawingContext], inputs: list[tuple[Numbers, ...]], call: Call, partition: Partition) -> None:
    """Sets which part of a record each piece has of the first input, which is what the formulas draw for."""
    declared = partition.inputs[0]
    if declared is None:
        return
    last = layouts(call)[0] == "channels_last" and call.inputs[0].ndim == 4
    offset = 0
    for context, (x, *_) in zip(contexts, inputs, strict=True):
        own = x.shape[declared]
        context.piece = FeaturePiece(LAST_OF_IMAGE[declared] if last else declared, call.inputs[0].shape[declared], own, offset)
        offset += own


def _length(call: Call, partition: Partition) -> int:
    """Length of the axis that is cut, that of inputs first."""
    cut: list[int] = [x.shape[axis] for x, axis in zip(call.inputs, partition.inputs, strict=True) if axis is not None]
    cut += [call.parameters[name].shape[axis] for name, axis in partition.parameters.items() if name in call.parameters]
    return cut[0]


def _cuts(length: int) -> tuple[Cut, Cut]:
    """The two pieces, the first of them half of the length, rounded down; other axes are cut in the same proportion."""

    def first(x: Any, axis: int | None) -> Any:
        return x if axis is None else F64.np.split(x, [x.shape[axis] * (length // 2) // length], axis)[0]

    def second(x: Any, axis: int | None) -> Any:
        return x if axis is None else F64.np.split(x, [x.shape[axis] * (length // 2) // length], axis)[1]

    return first, second


def _piece(call: Call, partition: Partition, cut: Cut) -> Call:
    """What a worker has; what is drawn is cut by batch alone, for by feature the layer's context does it."""
    by_batch = 0 if partition.name == "batch" else None
    return replace(
        call,
        inputs=tuple(cut(x, axis) for x, axis in zip(call.inputs, partition.inputs, strict=True)),
        parameters=_each(call.parameters, partition.parameters, cut),
        state=_each(call.state, partition.state, cut),
        weights=cut(call.weights, by_batch),
        draws=lambda name: cut(call.draws(name), by_batch),
    )


def _each(arrays: Mapping[str, Any], axes: Mapping[str, int], cut: Cut) -> dict[str, Any]:
    return {name: cut(x, axes.get(name)) for name, x in arrays.items()}
