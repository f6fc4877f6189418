"""Rules for what only moves elements: reshaping, slices, padding, joining; and for drawing random numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from singalang_compiler.lower.outline.equation import Equation
from singalang_compiler.lower.outline.operations import Operation, Use, moves_nothing

_MOST_JOINED = 8  # joining more arrays is no loop
_LONG_ROW = 128  # nor is joining rows to rows of at least this length


def _same(equation: Equation) -> list[Operation]:
    return list(equation.inputs)


def _reshape(equation: Equation) -> list[Operation]:
    return [equation.operations.reshaped(equation.inputs[0], equation.shape)]


def _broadcast(equation: Equation) -> list[Operation]:
    source = equation.inputs[0]
    made = equation.shape
    if source.size == _size(equation):
        return [equation.operations.reshaped(source, made)]
    return [equation.add("broadcast", uses=[Use.OFTEN])]


def _size(equation: Equation) -> int:
    size = 1
    for length in equation.shape:
        size *= length
    return size


def _transpose(equation: Equation) -> list[Operation]:
    source, axes = equation.inputs[0], tuple(equation.params["permutation"])
    if source.name == "transpose":
        source, axes = source.operands[0], tuple(source.detail[axis] for axis in axes)
    if moves_nothing(source.shape, axes):
        if source.kind == "view":
            source = source.operands[0]
        # marked, for as a result it is copied all the same
        return [equation.add("view", (source,), same="transposed", kind="view", detail="transposed")]
    return [equation.operations.transposed(source, axes)]


def _slice(equation: Equation) -> list[Operation]:
    source = equation.inputs[0]
    if equation.shape == source.shape:
        return [source]
    if source.name == "pad" and not equation.params["strides"] and all(inner == 0 for _, _, inner in source.detail):
        return [_slice_of_padded(equation, source)]
    return [equation.add("slice", uses=[Use.PLACE])]


def _slice_of_padded(equation: Equation, padded: Operation) -> Operation:
    """Part of the padding, part of what was padded, or both."""
    array, number = padded.operands
    low = [start - before for start, (before, _, _) in zip(equation.params["start_indices"], padded.detail, strict=True)]
    high = [end - before for end, (before, _, _) in zip(equation.params["limit_indices"], padded.detail, strict=True)]
    if any(last <= 0 or first >= length for first, last, length in zip(low, high, array.shape, strict=True)):
        return equation.operations.constant(number.value, equation.shape, padded.item_bytes)
    if any(first < 0 or last > length for first, last, length in zip(low, high, array.shape, strict=True)):
        return equation.add("slice", uses=[Use.PLACE])
    if equation.shape == array.shape:
        return array
    return equation.add("slice", (array,), [Use.PLACE], same=("slice", str((low, high))))


def _reverse(equation: Equation) -> list[Operation]:
    source = equation.inputs[0]
    if all(source.shape[axis] == 1 for axis in equation.params["dimensions"]):
        return [source]
    return [equation.add(uses=[Use.PLACE])]


def _pad(equation: Equation) -> list[Operation]:
    if equation.shape == equation.inputs[0].shape:
        return [equation.inputs[0]]
    sides = tuple((int(low), int(high), int(inner)) for low, high, inner in equation.params["padding_config"])
    return [equation.add(uses=[Use.PLACE, Use.OFTEN], expensive=True, detail=sides)]


def _split(equation: Equation) -> list[Operation]:
    return [
        equation.operations.add(
            "slice", one.shape, one.item_bytes, equation.inputs, [Use.PLACE], same=("split", number, equation.key)
        )
        for number, one in enumerate(equation.results)
    ]


def _join(equation: Equation) -> list[Operation]:
    if len(equation.inputs) == 1:
        return [equation.operations.reshaped(equation.inputs[0], equation.shape)]
    axis = equation.params["dimension" if equation.name == "concatenate" else "axis"]
    shape = equation.shape
    rows = len(shape) > 1 and axis == len(shape) - 1 and shape[axis] >= _LONG_ROW
    loop = len(equation.inputs) <= _MOST_JOINED and not rows
    return [equation.add("concatenate", uses=[Use.PLACE] * len(equation.inputs), kind="loop" if loop else "opaque")]


def _dynamic_slice(equation: Equation) -> list[Operation]:
    return [equation.add(uses=[Use.OFTEN] * len(equation.inputs))]


def _dynamic_update(equation: Equation) -> list[Operation]:
    """In place of what it updates; zeros to be updated are written first."""
    target, *others = equation.inputs
    if target.kind == "constant":
        target = equation.add("fill", (), same=("fill", target.value))
    uses = [Use.ELEMENT, Use.PLACE, *(Use.OFTEN for _ in others[1:])]
    return [equation.add("update", (target, *others), uses, expensive=True)]


def _draws(equation: Equation) -> list[Operation]:
    """Two words for each number, which a loop overwrites with two more meanwhile."""
    word = 4 * _size(equation)
    often = [Use.OFTEN] * len(equation.inputs)
    made = equation.operations.add(
        "draws", equation.shape, 8, equation.inputs, often, same=equation.key, kind="opaque", scratch=(word, word), parts=2
    )
    return [made]


def _key(equation: Equation) -> list[Operation]:
    return [
        equation.operations.add(equation.name, one.shape, one.item_bytes, equation.inputs, same=(number, equation.key))
        for number, one in enumerate(equation.results)
    ]


RULES: Mapping[str, Callable[[Equation], list[Operation]]] = {
    "broadcast_in_dim": _broadcast,
    "concatenate": _join,
    "copy": _same,
    "copy_p": _same,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update,
    "expand_dims": _reshape,
    "iota": lambda equation: [equation.add()],
    "name": _same,
    "optimization_barrier": _same,
    "pad": _pad,
    "random_bits": _draws,
    "random_fold_in": _key,
    "random_seed": _key,
    "random_split": _key,
    "random_unwrap": _key,
    "random_wrap": _key,
    "reshape": _reshape,
    "rev": _reverse,
    "slice": _slice,
    "split": _split,
    "squeeze": _reshape,
    "stack": _join,
    "stop_gradient": _same,
    "transpose": _transpose,
}
"""By name of JAX's operation."""
