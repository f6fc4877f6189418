"""How many bytes a kernel is predicted to need while it runs, besides its arguments and results.

Nothing is compiled, so the prediction is the same everywhere; it follows what XLA does on a CPU (`outline`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
from jax.extend.core import ClosedJaxpr

from singalang_compiler.library.context import Array
from singalang_compiler.lower.exporting import settings
from singalang_compiler.lower.outline.buffers import temporary_bytes as outlined
from singalang_compiler.lower.outline.fusion import joined
from singalang_compiler.lower.outline.needed import needed
from singalang_compiler.lower.outline.reading import read
from singalang_compiler.plan import Argument

_FIRST_DRAW, _NEXT_DRAW = 1100, 768
"""Bytes of the many small arrays that a kernel needs which draws random numbers, for the first draw and for each other one."""


def temporary_bytes_of(function: Callable[..., Sequence[Array]], inputs: Sequence[Argument], double: bool) -> int:
    """The temporary bytes of a function of arrays that is made a kernel; `double` says whether its numbers have 64 bits."""
    return temporary_bytes(operations_of(function, inputs, double), [one.donated for one in inputs])


def operations_of(function: Callable[..., Sequence[Array]], inputs: Sequence[Argument], double: bool) -> ClosedJaxpr:
    """The operations of a function of arrays that is made a kernel."""
    with settings(double):
        wanted = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in inputs]  # type: ignore[no-untyped-call]
        return jax.make_jaxpr(function)(*wanted)


def temporary_bytes(jaxpr: ClosedJaxpr, donated: Sequence[bool]) -> int:
    """The temporary bytes of a kernel with these operations; `donated` says which arguments it may overwrite."""
    operations, arguments, results = read(jaxpr)
    left = joined(*needed(operations, results))
    draws = sum(one.name == "draws" for one in left.operations)
    small = _FIRST_DRAW + _NEXT_DRAW * (draws - 1) if draws else 0
    return small + outlined(left, [one for one, may in zip(arguments, donated, strict=True) if may])
