"""Operators and built-in functions on plain values: every one is total, and says why it has no result. Knows no syntax."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from singalang_compiler.job import Epochs
from singalang_compiler.resolve.numbers import LARGEST_INT
from singalang_compiler.resolve.session import ELEMENTS
from singalang_compiler.resolve.values import ParameterValue, Quantity, Value, Word, is_number


class Undefined(Exception):
    """The operation has no result for these numbers; the text says why, for a label."""


class Unsuited(Exception):
    """The operation does not take values of these types; the text, where there is one, is a hint."""


def binary(operator: str, left: Value, right: Value) -> Value:
    """`left operator right` for an arithmetic operator or a comparison.

    Raises:
        Undefined: the numbers have no result.
        Unsuited: the types have no such operator.
    """
    if operator in _COMPARISONS:
        return _compared(operator, left, right)
    if isinstance(left, str) and isinstance(right, str) and operator == "+":
        return _joined(left, right)
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return _with_units(operator, left, right)
    if is_number(left) and is_number(right):
        return _calculated(operator, left, right)
    raise Unsuited("strings are joined with `+`; `+` makes no string of a number" if isinstance(left, str) else "")


def negative(value: Value) -> Value:
    """`-value`. Raises Unsuited."""
    if isinstance(value, Quantity):
        return Quantity(-value.value, value.unit)
    if is_number(value):
        return -value  # type: ignore[operator]
    raise Unsuited


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}


def _compared(operator: str, left: Value, right: Value) -> bool:
    if isinstance(left, Quantity) and isinstance(right, Quantity) and left.unit == right.unit:
        return _COMPARISONS[operator](left.value, right.value)
    if is_number(left) and is_number(right):
        return _COMPARISONS[operator](left, right)
    if operator not in ("==", "!="):
        raise Unsuited("order is for numbers")
    for kind in (str, bool, tuple, Word):
        if isinstance(left, kind) and isinstance(right, kind):
            return _COMPARISONS[operator](left, right)
    if left is None or right is None:
        return (left is right) == (operator == "==")
    raise Unsuited("only values of one type can be compared")


def _joined(left: str, right: str) -> str:
    if len(left) + len(right) > ELEMENTS:
        raise Undefined("the string has more than a million characters")
    return left + right


def _with_units(operator: str, left: Value, right: Value) -> Value:
    match left, right:
        case Quantity(), Quantity() if left.unit == right.unit and operator in ("+", "-", "/"):
            result: Any = _calculated(operator, left.value, right.value)
            return result if operator == "/" else Quantity(result, left.unit)
        case Quantity(), (int() | float()) if is_number(right) and operator in ("*", "/"):
            return Quantity(_calculated(operator, left.value, right), left.unit)
        case ((int() | float()), Quantity()) if is_number(left) and operator == "*":
            return Quantity(_calculated(operator, left, right.value), right.unit)
    raise Unsuited("both need the same unit")


def _calculated(operator: str, left: Any, right: Any) -> Any:
    if operator in ("/", "//", "%") and right == 0:
        raise Undefined("this divides by zero")
    match operator:
        case "+":
            result = left + right
        case "-":
            result = left - right
        case "*":
            result = left * right
        case "/":
            result = left / right
        case "//":
            result = left // right
        case "%":
            result = left % right
        case _:
            raise Unsuited
    return checked(result)


def checked(result: int | float) -> int | float:
    """The number itself. Raises Undefined where it is outside the range of numbers."""
    if isinstance(result, int):
        if abs(result) > LARGEST_INT:
            raise Undefined("the result is too large")
    elif not math.isfinite(result):
        raise Undefined("the result is too large")
    return result


def _least(values: tuple[Any, ...]) -> Value:
    return min(_numbers(_spread(values)))


def _greatest(values: tuple[Any, ...]) -> Value:
    return max(_numbers(_spread(values)))


def _spread(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return values[0] if len(values) == 1 and isinstance(values[0], tuple) else values


def _numbers(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise Undefined("the list is empty")
    if not all(is_number(value) for value in values):
        raise Unsuited("it takes numbers")
    return values


def _real(function: Callable[[float], float], domain: Callable[[float], bool], why: str) -> Callable[[tuple[Any, ...]], Value]:
    def call(values: tuple[Any, ...]) -> Value:
        (number,) = _numbers(values)
        if not domain(number):
            raise Undefined(why)
        try:
            return checked(function(number))
        except OverflowError:
            raise Undefined("the result is too large") from None

    return call


def _whole(function: Callable[[Any], int]) -> Callable[[tuple[Any, ...]], Value]:
    def call(values: tuple[Any, ...]) -> Value:
        (number,) = _numbers(values)
        return checked(function(number))

    return call


def _length(values: tuple[Any, ...]) -> Value:
    return len(_items(values[0]))


def _sum(values: tuple[Any, ...]) -> Value:
    total: int | float = 0
    for number in _items(values[0]):
        if not is_number(number):
            raise Unsuited("it takes a list of numbers")
        total = checked(total + number)
    return total


def _reversed(values: tuple[Any, ...]) -> Value:
    return tuple(reversed(_items(values[0])))


def _zip(values: tuple[Any, ...]) -> Value:
    lists = [_items(value) for value in values]
    if len({len(items) for items in lists}) > 1:
        raise Undefined("the lists differ in length: " + ", ".join(str(len(items)) for items in lists))
    return tuple(zip(*lists, strict=True))


def _items(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise Unsuited("it takes a list")
    return value


def _epochs(values: tuple[Any, ...]) -> Value:
    (count,) = _numbers(values)
    if count <= 0:
        raise Undefined("a number of epochs is above 0")
    return Epochs(float(count))


def _transpose(values: tuple[Any, ...]) -> Value:
    value = values[0]
    if not isinstance(value, ParameterValue):
        raise Unsuited("it takes a parameter, as in `transpose(embed.weight)`")
    return ParameterValue(value.net, value.layer, value.name, not value.transposed)


def _anything(number: float) -> bool:
    return True


FUNCTIONS: dict[str, tuple[int, int | None, Callable[[tuple[Any, ...]], Value]]] = {
    "min": (1, None, _least),
    "max": (1, None, _greatest),
    "abs": (1, 1, _whole(abs)),
    "round": (1, 1, _whole(round)),
    "floor": (1, 1, _whole(math.floor)),
    "ceil": (1, 1, _whole(math.ceil)),
    "sqrt": (1, 1, _real(math.sqrt, lambda x: x >= 0, "a negative number has no square root")),
    "log": (1, 1, _real(math.log, lambda x: x > 0, "only numbers above 0 have a logarithm")),
    "exp": (1, 1, _real(math.exp, _anything, "")),
    "len": (1, 1, _length),
    "sum": (1, 1, _sum),
    "reversed": (1, 1, _reversed),
    "zip": (1, None, _zip),
    "epochs": (1, 1, _epochs),
    "transpose": (1, 1, _transpose),
}
"""Built-in functions: least and greatest number of arguments, and the function. They raise Undefined and Unsuited."""
