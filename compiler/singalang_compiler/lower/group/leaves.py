"""What a backward pass takes from its forward pass: kept arrays, and what is worked out again. Knows no layer.

Worked out again is what only moves or converts the numbers of arrays that are still there (a field normalised, a weight
transposed), scalars, and keys of random numbers. From parameters parts may be taken as well; a part of an array that passes by is
kept instead of the whole of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jax.extend.core import JaxprEqn, Literal, Var

from singalang_compiler.library.context import Array
from singalang_compiler.lower.group.tracing import Atom, Named, Traced
from singalang_compiler.plan import Argument

_MOVING = (
    "broadcast_in_dim",
    "concatenate",
    "convert_element_type",
    "copy",
    "iota",
    "pad",
    "reshape",
    "rev",
    "squeeze",
    "transpose",
)
_NORMALISING = ("sub", "div")
_TAKING = ("slice", "dynamic_slice")
_KEYS = ("random_wrap", "random_fold_in")

_PERMANENT, _PASSING, _LOST = range(3)
"""Whether what a value comes of is there all through the step, until the backward pass, or not any more."""


@dataclass(frozen=True)
class Leaves:
    """The leaves of a backward function in a traced forward pass. `kept`: the variables that are kept, by the names of their
    arrays; `there`: those of arrays that exist anyway."""

    traced: Traced
    structure: Any
    atoms: tuple[Atom, ...]
    kept: Mapping[str, Var]
    there: Mapping[str, Var]

    def arguments(self) -> tuple[Argument, ...]:
        """The arrays that there may be."""
        return tuple(_argument(name, var) for name, var in (*self.there.items(), *self.kept.items()))

    def values(self, arrays: Named) -> list[Array]:
        """The leaves, from arrays by name."""
        known = {var: arrays[name] for name, var in (*self.there.items(), *self.kept.items()) if name in arrays}
        return self.traced.evaluate(self.atoms, known)


def leaves_of(
    traced: Traced, structure: Any, atoms: Sequence[Atom], permanent: Collection[str], passing: Collection[str], prefix: str
) -> Leaves:
    """Sorts leaves into those that are kept, under names that begin with `prefix`, and those that are not.

    `permanent` and `passing` are names of inputs or outputs of the traced function that exist until the backward pass, the
    former all through the step.
    """
    named = {**traced.results, **traced.variables}
    there = {name: named[name] for name in (*permanent, *passing) if isinstance(named[name], Var)}
    state = {there[name]: _PASSING for name in passing if name in there}
    state |= {there[name]: _PERMANENT for name in permanent if name in there}
    state |= dict.fromkeys(traced.constants, _PERMANENT)
    kept: dict[str, Var] = {}
    wanted = {atom for atom in atoms if isinstance(atom, Var)}

    def look(var: Var) -> None:
        if var in wanted and state.get(var, _LOST) == _LOST:
            kept[f"{prefix}{len(kept)}"] = var
            state[var] = _PASSING

    for var in traced.jaxpr.jaxpr.invars:
        look(var)
    for operation in traced.jaxpr.jaxpr.eqns:
        found = _again(operation, state)
        for var in operation.outvars:
            state.setdefault(var, found)
            look(var)
    return Leaves(traced, structure, tuple(atoms), kept, there)


def _again(operation: JaxprEqn, state: Mapping[Var, int]) -> int:
    """How the results of an operation stand, if it is one that is done again."""
    given = [state.get(atom, _LOST) for atom in operation.invars if not isinstance(atom, Literal)]
    worst = max(given, default=_PERMANENT)
    name = operation.primitive.name
    scalar = all(not _shape(atom) for atom in (*operation.invars, *operation.outvars))
    cheap = scalar or name in (*_MOVING, *_NORMALISING, *_KEYS) or (name in _TAKING and worst == _PERMANENT)
    return worst if cheap else _LOST


def _argument(name: str, var: Var) -> Argument:
    aval: Any = var.aval
    return Argument(name=name, dtype=str(aval.dtype), shape=tuple(aval.shape))


def _shape(atom: Atom) -> tuple[int, ...]:
    return tuple(atom.aval.shape)
