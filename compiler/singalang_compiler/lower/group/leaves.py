"""What a backward pass takes from its forward pass: kept arrays, and what is worked out again. Knows no layer.

Worked out again is what only moves, converts, adds or multiplies the numbers of arrays that are still there (a field normalised,
a weight transposed), scalars, and keys of random numbers. From parameters parts may be taken as well; a part of an array that
passes by is kept instead of the whole of it. Where something large could be worked out so from what is there and something small
that is not, such as an image less its mean, the small one is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
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
_ARITHMETIC = ("add", "sub", "mul", "div", "neg")
_TAKING = ("slice", "dynamic_slice")
_KEYS = ("random_wrap", "random_fold_in")

_PERMANENT, _PASSING, _LOST = range(3)
"""Whether what a value comes of is there all through the step, until the backward pass, or not any more."""
_SMALLER = 4
"""How many times smaller arrays must be to be kept instead of what is worked out from them."""
_FEW = 4
"""Of how many arrays at most that are not there something is worked out."""


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
    sorting = _Sorting(prefix, {atom for atom in atoms if isinstance(atom, Var)})
    sorting.standing |= {there[name]: _PASSING for name in passing if name in there}
    sorting.standing |= {there[name]: _PERMANENT for name in permanent if name in there}
    sorting.standing |= dict.fromkeys(traced.constants, _PERMANENT)
    for var in traced.jaxpr.jaxpr.invars:
        sorting.look(var)
    for operation in traced.jaxpr.jaxpr.eqns:
        sorting.go_on(operation)
    return Leaves(traced, structure, tuple(atoms), sorting.kept, there)


@dataclass
class _Sorting:
    """Goes through operations in order. `standing` says of values how what they come of stands, `basis` of those that come of
    something that is not there of what; what is in neither is not there itself."""

    prefix: str
    wanted: Collection[Var]
    kept: dict[str, Var] = field(default_factory=dict)
    standing: dict[Var, int] = field(default_factory=dict)
    basis: dict[Var, tuple[Var, ...]] = field(default_factory=dict)

    def go_on(self, operation: JaxprEqn) -> None:
        """One more operation."""
        given = [atom for atom in operation.invars if not isinstance(atom, Literal)]
        worst = max((self.standing.get(atom, _LOST) for atom in given), default=_PERMANENT)
        again = _is_done_again(operation, worst)
        basis = tuple(dict.fromkeys(var for atom in given for var in self._missing(atom))) if again else ()
        for var in operation.outvars:
            if again and worst != _LOST:
                self.standing.setdefault(var, worst)
            elif again and len(basis) <= _FEW:
                self.basis[var] = basis
            self.look(var)

    def look(self, var: Var) -> None:
        """Keeps a leaf, or the little that it is worked out from, unless all of that is there."""
        missing = self._missing(var) if var in self.wanted else ()
        instead = sum(map(_bytes, missing)) * _SMALLER <= _bytes(var)
        for one in missing if instead else (var,) if missing else ():
            self.kept[f"{self.prefix}{len(self.kept)}"] = one
            self.standing[one] = _PASSING

    def _missing(self, var: Var) -> tuple[Var, ...]:
        """What would have to be kept to have a value."""
        if self.standing.get(var, _LOST) != _LOST:
            return ()
        return tuple(one for one in self.basis.get(var, (var,)) if self.standing.get(one, _LOST) == _LOST)


def _is_done_again(operation: JaxprEqn, worst: int) -> bool:
    """Whether the backward pass may do an operation again, where what it takes stands so."""
    name = operation.primitive.name
    scalar = all(not _shape(atom) for atom in (*operation.invars, *operation.outvars))
    return scalar or name in (*_MOVING, *_ARITHMETIC, *_KEYS) or (name in _TAKING and worst == _PERMANENT)


def _argument(name: str, var: Var) -> Argument:
    aval: Any = var.aval
    return Argument(name=name, dtype=str(aval.dtype), shape=tuple(aval.shape))


def _bytes(var: Var) -> int:
    aval: Any = var.aval
    return int(prod(aval.shape) * aval.dtype.itemsize)


def _shape(atom: Atom) -> tuple[int, ...]:
    return tuple(atom.aval.shape)
