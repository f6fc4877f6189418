"""Rules for sums and maxima over axes: loops when they are small, in two rounds when an axis is long, routines when they are large.

Large ones take in the arithmetic whose result they alone read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from math import prod

from singalang_compiler.lower.outline.equation import Equation
from singalang_compiler.lower.outline.operations import Operation, Operations, Shape, Use

_NAMES = "argmax argmin reduce_and reduce_max reduce_min reduce_or reduce_prod reduce_sum reduce_xor"
REDUCTIONS = frozenset(_NAMES.split())
_LARGE = 4096  # elements from which a routine does it
_LONG = 32  # places of an axis that are added in one round
_TAKEN_IN = """
    abs add add_any broadcast convert div erf exp floor integer_pow log logistic max min mul neg pad pow rsqrt sign sqrt square sub
    tanh transpose
"""
_Constant = tuple[Hashable, Shape, int]


def reduction(equation: Equation) -> Operation:
    """A reduction of one array; `detail`: whether each row becomes one element."""
    source = equation.inputs[0]
    if equation.name == "reduce_sum" and source.name == "neg":
        source = source.operands[0]  # the sum is negated instead
    axes = tuple(equation.params.get("axes", equation.params.get("dimensions", ())))
    if source.size == prod(equation.shape):
        return equation.operations.reshaped(source, equation.shape)
    rows = len(source.shape) - 1 in axes
    if source.size >= _LARGE and equation.results[0].dtype.startswith("float"):
        return equation.add("reduction", (source,), [Use.OFTEN], same=(equation.name, equation.key), kind="opaque", detail=rows)
    if any(source.shape[axis] > _LONG for axis in axes):
        windows = [-(-length // _LONG) if axis in axes else length for axis, length in enumerate(source.shape)]
        source = equation.add(
            "windows", (source,), [Use.OFTEN], shape=tuple(windows), same=(equation.name, equation.key), kind="opaque", detail=rows
        )
        if source.size == prod(equation.shape):
            return equation.operations.reshaped(source, equation.shape)
    return equation.add("reduce", (source,), [Use.PLACE], same=(equation.name, equation.key), expensive=True, detail=rows)


def take_in(operations: Operations, needed: Sequence[Operation], results: Sequence[Operation]) -> list[Operation]:
    """The operations without those that large reductions take in. Constants that several of them would spread are arrays."""
    readers: defaultdict[int, set[int]] = defaultdict(set)
    for one in needed:
        for operand in one.operands:
            readers[operand.number].add(one.number)
    kept_apart = {one.number for one in results}
    gone: set[int] = set()
    spread: defaultdict[_Constant, list[Operation]] = defaultdict(list)
    for one in needed:
        if one.name == "reduction":
            gone |= _take_in(one, readers, kept_apart, spread)
    filled = _fill(operations, spread)
    return [one for one in (*needed, *filled) if one.number not in gone]


def _take_in(
    reduction: Operation,
    readers: defaultdict[int, set[int]],
    kept_apart: set[int],
    spread: defaultdict[_Constant, list[Operation]],
) -> set[int]:
    """Makes a reduction read what it cannot take in; the numbers of what it took in."""
    members, waiting = {reduction.number}, list(reduction.operands)
    read: list[Operation] = []
    while waiting:
        operand = waiting.pop()
        if operand.kind == "constant" or operand.number in members:
            continue
        alone = operand.number not in kept_apart and readers[operand.number] <= members
        if operand.kind == "loop" and operand.name in _TAKEN_IN.split() and alone and not _from_integers(operand):
            members.add(operand.number)
            read = [one for one in read if one is not operand]
            waiting += operand.operands
            for number in operand.operands:
                if number.kind == "constant" and operand.name != "pad" and operand.size > 1:
                    users = spread[number.value, operand.shape, operand.item_bytes]
                    users += [reduction] if reduction not in users else []
        elif operand not in read:
            read.append(operand)
    reduction.operands, reduction.uses = read, [Use.OFTEN] * len(read)
    return members - {reduction.number}


def _from_integers(operation: Operation) -> bool:
    return operation.name == "convert" and operation.operands[0].dtype in ("int32", "int64")


def _fill(operations: Operations, spread: defaultdict[_Constant, list[Operation]]) -> list[Operation]:
    made = []
    for (value, shape, item_bytes), users in spread.items():
        if len(users) > 1:
            filled = operations.add("fill", shape, item_bytes, same=("fill", value, "spread"), kind="opaque")
            made.append(filled)
            for one in users:
                one.operands.append(filled)
                one.uses.append(Use.OFTEN)
    return made
