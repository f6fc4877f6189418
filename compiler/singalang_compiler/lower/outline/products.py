"""Rules for matrix products and convolutions: routines of their own, which want operands with their axes in a certain order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod

from singalang_compiler.lower.outline.equation import Equation
from singalang_compiler.lower.outline.operations import Operation, Use, moves_nothing


def _matrix_product(equation: Equation) -> list[Operation]:
    (contracted, batch) = equation.params["dimension_numbers"]
    sides = [_side(one, axes) for one, axes in zip(equation.inputs, contracted, strict=True)]
    length = prod(sides[0][0].shape[axis] for axis in sides[0][1])
    if length == 1:
        return [_outer(equation)]
    if batch[0]:
        times = prod(sides[0][0].shape[axis] for axis in batch[0])
        return [equation.add("product", [one for one, _ in sides], [Use.OFTEN] * 2, kind="opaque", detail=times)]
    (left, of_left), (right, of_right) = sides
    if len(left.shape) > 2 or len(right.shape) > 2 or len(of_left) > 1:
        left = _with_axes(equation, left, [*_others(left, of_left), *of_left])
        right = _with_axes(equation, right, [*of_right, *_others(right, of_right)])
    if left.size == length and left.kind != "constant":
        return [_of_one_row(equation, left, right, length)]
    return [_rows_and_columns(equation, left, right)]


def _side(operand: Operation, axes: Sequence[int]) -> tuple[Operation, tuple[int, ...]]:
    """An operand with its contracted axes; a transposed matrix is read as it was before."""
    if operand.name == "transpose" and len(operand.shape) == 2:
        return operand.operands[0], tuple(1 - axis for axis in axes)
    return operand, tuple(axes)


def _others(operand: Operation, axes: Sequence[int]) -> list[int]:
    return [axis for axis in range(len(operand.shape)) if axis not in axes]


def _with_axes(equation: Equation, operand: Operation, axes: Sequence[int]) -> Operation:
    """An operand of more than two axes, in the order wanted."""
    if len(operand.shape) == 2 or moves_nothing(operand.shape, axes):
        return operand
    return equation.operations.transposed(operand, axes)


def _outer(equation: Equation) -> Operation:
    """Columns times rows of length 1: an element for each pair."""
    spread = [
        equation.add("broadcast", (one,), [Use.OFTEN], same=("outer", place, equation.key))
        for place, one in enumerate(equation.inputs)
    ]
    return equation.add("mul", spread)


def _of_one_row(equation: Equation, left: Operation, right: Operation, length: int) -> Operation:
    """A row is copied to a column before and back afterwards."""
    column = equation.operations.add("column", (length, 1), left.item_bytes, (left,), [Use.PLACE])
    made = equation.add("product", (column, right), [Use.OFTEN] * 2, kind="opaque")
    return equation.add("row", (made,), [Use.PLACE])


def _rows_and_columns(equation: Equation, left: Operation, right: Operation) -> Operation:
    """A product of matrices, whatever shapes the sides had."""
    shape = equation.shape
    if len(shape) <= 2:
        return equation.add("product", (left, right), [Use.OFTEN] * 2, kind="opaque")
    free = len(equation.inputs[0].shape) - len(equation.params["dimension_numbers"][0][0])
    matrix = (prod(shape[:free]), prod(shape[free:]))
    made = equation.add("product", (left, right), [Use.OFTEN] * 2, shape=matrix, kind="opaque")
    return equation.operations.reshaped(made, shape)


def _convolution(equation: Equation) -> list[Operation]:
    """Images (batch, height, width, channels), kernels (height, width, in, out); the result is brought back into its order."""
    numbers = equation.params["dimension_numbers"]
    images, kernel = equation.inputs
    images = _written(equation, images, _channels_last(numbers.lhs_spec))
    kernel = _written(equation, kernel, (*numbers.rhs_spec[2:], numbers.rhs_spec[1], numbers.rhs_spec[0]))
    order = _channels_last(numbers.out_spec)
    shape = tuple(equation.shape[axis] for axis in order)
    made = equation.add("convolution", (images, kernel), [Use.OFTEN] * 2, shape=shape, kind="opaque")
    back = [order.index(axis) for axis in range(len(order))]
    if moves_nothing(shape, back):
        return [equation.operations.reshaped(made, equation.shape)]
    return [equation.operations.transposed(made, back)]


def _channels_last(axes: Sequence[int]) -> tuple[int, ...]:
    batch, channels, *places = axes
    return (batch, *places, channels)


def _written(equation: Equation, operand: Operation, axes: Sequence[int]) -> Operation:
    shape = tuple(operand.shape[axis] for axis in axes)
    if moves_nothing(operand.shape, axes) and shape == operand.shape:
        return operand
    return equation.operations.transposed(operand, axes)


RULES: Mapping[str, Callable[[Equation], list[Operation]]] = {
    "conv_general_dilated": _convolution,
    "dot_general": _matrix_product,
}
"""By name of JAX's operation."""
