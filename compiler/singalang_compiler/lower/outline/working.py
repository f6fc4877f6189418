"""How much work a kernel is: what its products, loops and sums do, read off its outline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import prod, sqrt

from jax.extend.core import ClosedJaxpr

from singalang_compiler.lower.outline.fusion import Joined, joined
from singalang_compiler.lower.outline.needed import needed
from singalang_compiler.lower.outline.operations import Operation
from singalang_compiler.lower.outline.reading import read
from singalang_compiler.work import Work

_POWERS = "atan2 cbrt cos digamma erf erf_inv exp exp2 expm1 lgamma log log1p logistic pow rem sin tan tanh"
_ROOTS = "div sqrt rsqrt"
_PLACES = "pad slice concatenate rev column row dynamic_slice"
_FREE = ("bitcast", "broadcast", "iota", "fill", "copy")
_KINDS = {
    **dict.fromkeys(_POWERS.split(), "powers"),
    **dict.fromkeys(_ROOTS.split(), "roots"),
    **dict.fromkeys(_PLACES.split(), "places"),
    "transpose": "transposed",
    "update": "updated",
}
"""What an element of an operation counts as; of those not named here it costs no more than the bytes that the loop moves."""


FAR_BYTES = 4 * 2**20
"""An array of more does not stay in a cache between two routines."""


def work_of(jaxpr: ClosedJaxpr) -> Work:
    """The work of a kernel with these operations."""
    operations, _, results = read(jaxpr)
    left = joined(*needed(operations, results))
    found: Counter[str] = Counter()
    for one in left.operations:
        for kind, amount in _amounts(one, left):
            found[kind] += amount  # type: ignore[assignment]
    return Work(**found)


def _amounts(one: Operation, left: Joined) -> Iterator[tuple[str, float]]:
    if one.kind in ("given", "constant"):
        return
    yield "routines", 1
    match one.name:
        case "product":
            yield from _product(one)
        case "convolution":
            _, kernel = one.operands
            yield "conv_flops", 2.0 * one.size * prod(kernel.shape[:-1])
        case "reduction" | "windows":
            yield from _moved(_read(one, left))
            yield _summed(one), sum(other.size for other in _read(one, left))
        case "draws":
            yield "drawn", one.size
        case _ if one.kind == "opaque" and one.name not in _KINDS and one.name not in ("copy", "fill"):
            yield "unknown", one.size
        case _:
            yield from _moved([*_read(one, left), one])
            yield from _loop(one, left)


def _read(one: Operation, left: Joined) -> list[Operation]:
    numbers = {other.number: other for other in left.operations}
    return [numbers[number] for number in left.reads[one.number] if numbers[number].kind != "constant"]


def _moved(arrays: Iterable[Operation]) -> Iterator[tuple[str, float]]:
    for array in arrays:
        yield "far_bytes" if array.bytes > FAR_BYTES else "near_bytes", array.bytes


def _summed(one: Operation) -> str:
    return "row_summed" if one.detail else "summed"


def _product(one: Operation) -> Iterator[tuple[str, float]]:
    """Each dimension of a product of matrices stands in two of its three shapes; `detail`: how many products it is."""
    sides = [operand.size for operand in one.operands[:2]]
    yield "product_flops", 2.0 * sqrt(sides[0] * sides[1] * one.size / (one.detail or 1))
    yield "product_elements", sum(sides) + one.size


def _loop(one: Operation, left: Joined) -> Iterator[tuple[str, float]]:
    for each in (one, *left.inside[one.number]):
        if each.name in _KINDS:
            yield _KINDS[each.name], each.size
        elif each.name.startswith(("reduce", "arg")):
            yield _summed(each), sum(operand.size for operand in each.operands)
        elif each.name not in _FREE:
            yield "simple", each.size
