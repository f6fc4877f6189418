"""How many bytes a kernel is predicted to need while it runs, besides its arguments and results. Nothing is compiled.

A first approximation: what passes over elements one by one is computed where it is read; everything else is an array from where it
is computed to where it is read last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Literal, Var

from singalang_compiler.library.context import Array
from singalang_compiler.lower.exporting import settings
from singalang_compiler.plan import Argument

_MATERIALISED = frozenset(
    {
        "dot_general",
        "conv_general_dilated",
        "reduce_sum",
        "reduce_max",
        "concatenate",
        "while",
        "scan",
        "cumsum",
        "select_and_scatter_add",
    }
)


def temporary_bytes_of(function: Callable[..., Sequence[Array]], inputs: Sequence[Argument], double: bool) -> int:
    """The temporary bytes of a function of arrays that is made a kernel; `double` says whether its numbers have 64 bits."""
    with settings(double):
        wanted = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in inputs]  # type: ignore[no-untyped-call]
        jaxpr = jax.make_jaxpr(function)(*wanted)
    return temporary_bytes(jaxpr, [one.donated for one in inputs])


def temporary_bytes(jaxpr: ClosedJaxpr, donated: Sequence[bool]) -> int:
    """The temporary bytes of a kernel with these operations; `donated` says which arguments it may overwrite."""
    given = {id(var) for var in (*jaxpr.jaxpr.invars, *jaxpr.jaxpr.outvars)}
    last: dict[Any, int] = {}
    for place, operation in enumerate(jaxpr.jaxpr.eqns):
        for atom in operation.invars:
            if not isinstance(atom, Literal):
                last[atom] = place
    held = most = 0
    alive: dict[Var, int] = {}
    for place, operation in enumerate(jaxpr.jaxpr.eqns):
        if operation.primitive.name in _MATERIALISED:
            for var in operation.outvars:
                if id(var) not in given and var in last:
                    alive[var] = prod(var.aval.shape) * var.aval.dtype.itemsize
                    held += alive[var]
        most = max(most, held)
        for var in [var for var in alive if last[var] == place]:
            held -= alive.pop(var)
    return most
