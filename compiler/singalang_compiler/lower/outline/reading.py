"""From JAX's operations to those of the outline, simplified on the way. Knows no fusion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Var

from singalang_compiler.lower.outline.elementwise import ELEMENTWISE, elementwise, folded
from singalang_compiler.lower.outline.equation import Equation, Result
from singalang_compiler.lower.outline.moving import RULES as MOVING
from singalang_compiler.lower.outline.operations import Operation, Operations, Use
from singalang_compiler.lower.outline.products import RULES as PRODUCTS
from singalang_compiler.lower.outline.reductions import REDUCTIONS, reduction

_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
_CALLS = ("jit", "pjit", "custom_jvp_call", "custom_vjp_call", "closed_call", "core_call", "remat", "remat2", "checkpoint")
"""What stands for the operations inside. That XLA computes something again for `remat` does not show in its arrays."""
_RULES: Mapping[str, Callable[[Equation], list[Operation]]] = {**MOVING, **PRODUCTS}


def read(jaxpr: ClosedJaxpr) -> tuple[Operations, list[Operation], list[Operation]]:
    """The operations of a kernel, its arguments and its results."""
    operations = Operations()
    arguments = [_given(operations, var) for var in jaxpr.jaxpr.invars]
    return operations, arguments, _read(operations, jaxpr.jaxpr, jaxpr.consts, arguments)


def _read(operations: Operations, jaxpr: Jaxpr, constants: Sequence[Any], arguments: Sequence[Operation]) -> list[Operation]:
    known: dict[Var, Operation] = dict(zip(jaxpr.invars, arguments, strict=True))
    known |= {var: _given(operations, var) for var, _ in zip(jaxpr.constvars, constants, strict=True)}
    for equation in jaxpr.eqns:
        inputs = tuple(_atom(operations, atom, known) for atom in equation.invars)
        results = tuple(_result(var.aval) for var in equation.outvars)
        made = _made(operations, Equation(operations, equation.primitive.name, equation.params, inputs, results))
        for var, result, operation in zip(equation.outvars, results, made, strict=True):
            operation.dtype = operation.dtype or result.dtype
            known[var] = operation
    return [_atom(operations, atom, known) for atom in jaxpr.outvars]


def _given(operations: Operations, var: Var) -> Operation:
    shape, item_bytes, dtype = _result(var.aval)
    return operations.add("argument", shape, item_bytes, same=None, kind="given", dtype=dtype)


def _atom(operations: Operations, atom: Any, known: dict[Var, Operation]) -> Operation:
    if not isinstance(atom, Literal):
        return known[atom]
    number = np.asarray(atom.val)
    value = float(number) if number.ndim == 0 and number.dtype.kind in "biuf" else repr(atom.val)
    return operations.constant(value, number.shape, number.dtype.itemsize)


def _result(aval: Any) -> Result:
    """Keys of random numbers count as two whole numbers."""
    dtype = getattr(aval, "dtype", None)
    try:
        size = np.dtype(dtype).itemsize
    except TypeError:
        size = 8
    return Result(tuple(getattr(aval, "shape", ())), size, str(dtype))


def _made(operations: Operations, equation: Equation) -> list[Operation]:
    """What an operation of JAX's becomes."""
    name = equation.name
    if name in _CALLS:
        inner = next(equation.params[key] for key in _INNER if key in equation.params)
        jaxpr, constants = (inner.jaxpr, inner.consts) if isinstance(inner, ClosedJaxpr) else (inner, ())
        return _read(operations, jaxpr, constants, equation.inputs)
    known = all(one.kind == "constant" for one in equation.inputs) and bool(equation.inputs)
    if known and name not in ("concatenate", "stack") and not name.startswith("random_"):
        return [
            operations.constant(folded(equation, number), one.shape, one.item_bytes) for number, one in enumerate(equation.results)
        ]
    if name in _RULES:
        return _RULES[name](equation)
    if name in ELEMENTWISE:
        return [elementwise(equation)]
    if name in REDUCTIONS:
        return [reduction(equation)]
    return _unknown(equation)


def _unknown(equation: Equation) -> list[Operation]:
    """A routine of its own, with one array for each result."""
    often = [Use.OFTEN] * len(equation.inputs)
    first = equation.add(uses=often, same=None, kind="opaque")
    more = [
        equation.operations.add(equation.name, one.shape, one.item_bytes, (first,), [Use.OFTEN], same=None, kind="opaque")
        for one in equation.results[1:]
    ]
    return [first, *more]
