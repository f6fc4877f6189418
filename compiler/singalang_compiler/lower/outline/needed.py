"""What of a kernel's operations is needed, in an order in which it can be computed, with the copies that results need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from singalang_compiler.lower.outline.operations import Operation, Operations, Use
from singalang_compiler.lower.outline.reductions import take_in


def needed(operations: Operations, results: Sequence[Operation]) -> tuple[list[Operation], list[Operation]]:
    """The operations that results come of, and the results. Views are looked through, but for those of loops, which are loops.

    Of several results one that is an array with its axes in another order, or another result once more, is copied at last.
    """
    reached = _reached(results)
    marked = [one.kind == "view" and one.detail is not None for one in results]
    ends_as_view = [one.kind == "view" for one in results]
    reshaped = {one.number for one in reached if any(operand.kind == "view" for operand in one.operands)}
    _look_through_views(reached)
    found = [one.base for one in results]
    _transpose_in_products(reached, found)
    found = [one.base for one in found]
    kept = [one for one in reached if one.kind != "view"]
    for one in kept:
        one.operands = [operand.base for operand in one.operands]
    copies: list[Operation] = []
    for place, result in enumerate(found):
        bare = result.name == "transpose" and not ends_as_view[place]
        rearranged = bare and (result.operands[0].kind == "loop" or result.number in reshaped)
        turned = len(results) > 1 and (rearranged or (marked[place] and result.kind == "opaque"))
        wanted = turned or result in found[:place]
        if wanted and result.kind not in ("given", "constant"):
            copies.append(_copied(operations, result))
            found[place] = copies[-1]
    copies += _targets_copied(operations, found)
    return _in_order(take_in(operations, [*kept, *copies], found)), found


def _reached(results: Sequence[Operation]) -> list[Operation]:
    found: dict[int, Operation] = {}
    waiting = list(results)
    while waiting:
        one = waiting.pop()
        if one.number not in found:
            found[one.number] = one
            waiting += one.operands
    return [found[number] for number in sorted(found)]


def _look_through_views(reached: Sequence[Operation]) -> None:
    for one in reached:
        if one.kind == "view" and one.detail is None and one.base.kind == "loop":
            one.kind, one.name, one.uses, one.operands = "loop", "bitcast", [Use.PLACE], [one.operands[0].base]
    for one in reached:
        one.uses = [
            Use.PLACE if use is Use.ELEMENT and operand.kind == "view" else use
            for use, operand in zip(one.uses, one.operands, strict=True)
        ]


def _transpose_in_products(reached: Sequence[Operation], results: Sequence[Operation]) -> None:
    """A product of matrices that is only transposed is computed so."""
    readers = Counter(operand.base.number for one in reached if one.kind != "view" for operand in one.operands)
    for one in reached:
        if one.name == "transpose" and len(one.shape) == 2:
            product = one.operands[0].base
            if product.name == "product" and product not in results and readers[product.number] == 1:
                one.kind = "view"


def _targets_copied(operations: Operations, results: Sequence[Operation]) -> list[Operation]:
    """Zeros that are updated to become a result are written elsewhere first."""
    made = []
    for result in results:
        update = result.operands[0] if result.name == "bitcast" else result
        if update.name == "update" and update.operands[0].name == "fill":
            made.append(_copied(operations, update.operands[0]))
            made[-1].uses = [Use.ELEMENT]
            update.operands[0] = made[-1]
    return made


def _copied(operations: Operations, result: Operation) -> Operation:
    return operations.add("copy", result.shape, result.item_bytes, (result,), same=None, kind="opaque")


def _in_order(operations: Iterable[Operation]) -> list[Operation]:
    """Each after what it reads, else by number."""
    ordered: dict[int, Operation] = {}
    wanted = {one.number: one for one in operations}
    for number in sorted(wanted):
        waiting = [wanted[number]]
        while waiting:
            one = waiting[-1]
            missing = [operand for operand in one.operands if operand.number in wanted and operand.number not in ordered]
            if missing:
                waiting.append(missing[0])
            else:
                ordered[one.number] = waiting.pop()
    return list(ordered.values())
