"""Rules for what works on each element alone, and for operations on constants."""

from __future__ import annotations

from collections.abc import Hashable
from math import prod

from singalang_compiler.lower.outline.equation import Equation
from singalang_compiler.lower.outline.operations import Operation, Use

_CHEAP = """
    abs add add_any and bitcast_convert_type ceil clamp convert_element_type eq floor ge gt imag integer_pow is_finite le lt max min
    mul ne neg nextafter not or population_count real reduce_precision round select_n shift_left shift_right_arithmetic
    shift_right_logical sign square sub xor
"""
_EXPENSIVE = "atan2 cbrt cos digamma div erf erf_inv exp exp2 expm1 lgamma log log1p logistic pow rem rsqrt sin sqrt tan tanh"
ELEMENTWISE = frozenset((_CHEAP + _EXPENSIVE).split())
_NOT_A_CHANGE = {"mul": 1.0, "div": 1.0, "add": 0.0, "add_any": 0.0, "sub": 0.0}
"""What an operation may have on its right, and the first, third and fourth on either side, without changing anything."""


def elementwise(equation: Equation) -> Operation:
    """One loop; operands of other shapes are read often."""
    unchanged = _unchanged(equation) or _added_in_place(equation)
    if unchanged is not None:
        return unchanged
    name = "convert" if equation.name == "convert_element_type" else equation.name
    by_constant = name == "div" and equation.inputs[1].kind == "constant"  # a product
    return equation.add(
        name, [_spread(equation, one) for one in equation.inputs], expensive=name in _EXPENSIVE.split() and not by_constant
    )


def _spread(equation: Equation, operand: Operation) -> Operation:
    if operand.shape == equation.shape or operand.kind == "constant":
        return operand
    return equation.operations.add("broadcast", equation.shape, operand.item_bytes, (operand,), [Use.OFTEN], dtype=operand.dtype)


def _unchanged(equation: Equation) -> Operation | None:
    """The input that is the result, if one is."""
    if equation.name == "convert_element_type":
        return equation.inputs[0] if equation.inputs[0].dtype == equation.results[0].dtype else None
    if equation.name == "not" and equation.inputs[0].name == "not":
        return equation.inputs[0].operands[0]
    if equation.name not in _NOT_A_CHANGE:
        return None
    left, right = equation.inputs
    sides = [(left, right)] if equation.name in ("div", "sub") else [(left, right), (right, left)]
    for kept, other in sides:
        if other.kind == "constant" and other.value == _NOT_A_CHANGE[equation.name] and kept.shape == equation.shape:
            return kept
    return None


def _added_in_place(equation: Equation) -> Operation | None:
    """The sum of an array with one that is 0 but for a part: that part of the array is updated."""
    if equation.name not in ("add", "add_any"):
        return None
    for part, array in (equation.inputs, equation.inputs[::-1]):
        if part.name == "update" and part.operands[0].name == "fill" and array.kind in ("loop", "opaque", "given"):
            return equation.add("update", (array, *part.operands[1:]), part.uses, expensive=True)
    return None


def folded(equation: Equation, number: int) -> Hashable:
    """The value of a result of constants: a number, or a name for it that equal operations share."""
    values = [one.value for one in equation.inputs]
    if equation.name in (
        "broadcast_in_dim",
        "copy",
        "reshape",
        "slice",
        "squeeze",
        "transpose",
        "convert_element_type",
        "stop_gradient",
    ):
        return values[0]
    if all(isinstance(value, float) for value in values):
        found = _computed(equation, [value for value in values if isinstance(value, float)])
        if found is not None:
            return found
    return (equation.name, number, *values, equation.key)


def _computed(equation: Equation, values: list[float]) -> float | None:
    match equation.name, values:
        case "mul", [a, b]:
            return a * b
        case "div", [a, b] if b:
            return a / b
        case "add" | "add_any", [a, b]:
            return a + b
        case "sub", [a, b]:
            return a - b
        case "neg", [a]:
            return -a
        case "gt", [a, b]:
            return float(a > b)
        case "select_n", [which, a, b]:
            return b if which else a
        case "reduce_sum", [a]:
            return a * (equation.inputs[0].size / max(1, prod(equation.shape)))
    return None
