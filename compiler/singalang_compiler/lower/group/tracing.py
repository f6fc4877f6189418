"""Functions of named arrays as flat lists of operations: which inputs they need, and how a result comes about. Knows no net.

A backward pass is another kernel than its forward pass, and everything that it needs of that one costs memory meanwhile. So we look
at the operations between them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var, jaxpr_as_fun
from jax.extend.core.primitives import jit_p

from singalang_compiler.library.context import Array
from singalang_compiler.lower.exporting import settings
from singalang_compiler.plan import Argument

Named: TypeAlias = Mapping[str, Array]
"""Arrays by name."""
Atom: TypeAlias = Any
"""A variable or a number of a list of operations: `Var` or `Literal`."""


@dataclass(frozen=True)
class Traced:
    """A function of named arrays that gives named arrays, as a flat list of operations."""

    inputs: tuple[Argument, ...]
    outputs: tuple[str, ...]
    jaxpr: ClosedJaxpr

    @property
    def given(self) -> tuple[Argument, ...]:
        """What the outputs are."""
        avals: list[Any] = list(self.jaxpr.out_avals)
        return tuple(
            Argument(name=name, dtype=str(aval.dtype), shape=tuple(aval.shape))
            for name, aval in zip(self.outputs, avals, strict=True)
        )

    @property
    def variables(self) -> dict[str, Var]:
        """The variables of the inputs."""
        return {argument.name: var for argument, var in zip(self.inputs, self.jaxpr.jaxpr.invars, strict=True)}

    @property
    def results(self) -> dict[str, Atom]:
        """Where the outputs are."""
        return dict(zip(self.outputs, self.jaxpr.jaxpr.outvars, strict=True))

    @property
    def constants(self) -> dict[Var, Array]:
        """Arrays that are no input: the same in every call."""
        return dict(zip(self.jaxpr.jaxpr.constvars, self.jaxpr.consts, strict=True))

    def evaluate(self, wanted: Sequence[Atom], known: Mapping[Var, Array]) -> list[Array]:
        """The values of some variables, from those of others."""
        jaxpr = self.jaxpr.jaxpr
        part = _replaced(jaxpr, invars=[*known], outvars=[*wanted], eqns=cone(jaxpr, wanted, (*known, *jaxpr.constvars)))
        return list(jaxpr_as_fun(ClosedJaxpr(part, self.jaxpr.consts))(*known.values()))

    def giving(self, results: Mapping[str, Atom]) -> Traced:
        """The function that gives these variables instead."""
        inner = _replaced(self.jaxpr.jaxpr, outvars=list(results.values()))
        return Traced(self.inputs, tuple(results), ClosedJaxpr(inner, self.jaxpr.consts))

    def pruned(self) -> Traced:
        """The function without operations and inputs on which no result depends."""
        jaxpr = self.jaxpr.jaxpr
        operations = cone(jaxpr, jaxpr.outvars, ())
        used = {atom for one in operations for atom in one.invars if isinstance(atom, Var)}
        used |= {atom for atom in jaxpr.outvars if isinstance(atom, Var)}
        inputs = [(argument, var) for argument, var in zip(self.inputs, jaxpr.invars, strict=True) if var in used]
        inner = _replaced(jaxpr, invars=[var for _, var in inputs], eqns=operations)
        return Traced(tuple(argument for argument, _ in inputs), self.outputs, ClosedJaxpr(inner, self.jaxpr.consts))

    def fingerprint(self) -> Hashable:
        """What tells its operations from those of another function, whatever the names of inputs and outputs."""
        constants = tuple(np.asarray(array).tobytes() for array in self.jaxpr.consts)
        return tuple(argument.donated for argument in self.inputs), constants, _fingerprint(self.jaxpr.jaxpr)


def trace(function: Callable[[Named], Named], inputs: Sequence[Argument], double: bool) -> Traced:
    """The operations of a function; `double` says whether its numbers have 64 bits."""
    names: list[str] = []

    def called(*arrays: Array) -> tuple[Array, ...]:
        given = function({argument.name: array for argument, array in zip(inputs, arrays, strict=True)})
        names[:] = given
        return tuple(given.values())

    with settings(double):
        wanted = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in inputs]  # type: ignore[no-untyped-call]
        nested = jax.make_jaxpr(called)(*wanted)
        flat = jax.make_jaxpr(partial(_flattened, nested.jaxpr, nested.consts))(*wanted)
    return Traced(tuple(inputs), tuple(names), flat)


def cone(jaxpr: Jaxpr, wanted: Iterable[Atom], known: Iterable[Var]) -> list[JaxprEqn]:
    """The operations, in order, from which variables are computed where others are known."""
    known = set(known)
    open_ = {atom for atom in wanted if not isinstance(atom, Literal)} - known
    found: list[JaxprEqn] = []
    for operation in reversed(jaxpr.eqns):
        if any(var in open_ for var in operation.outvars):
            found.append(operation)
            open_ |= {atom for atom in operation.invars if not isinstance(atom, Literal)} - known
    return found[::-1]


def _fingerprint(jaxpr: Jaxpr) -> Hashable:
    """Operations with variables numbered in order."""
    numbers: dict[Var, int] = {}

    def of(atom: Atom) -> Hashable:
        if isinstance(atom, Literal):
            return atom.aval, np.asarray(atom.val).tobytes()
        return numbers.setdefault(atom, len(numbers)), atom.aval

    given = tuple(map(of, (*jaxpr.constvars, *jaxpr.invars)))
    operations = tuple(
        (one.primitive, _told(one.params), tuple(map(of, one.invars)), tuple(map(of, one.outvars))) for one in jaxpr.eqns
    )
    return given, operations, tuple(map(of, jaxpr.outvars))


def _told(setting: Any) -> Hashable:
    """A setting of an operation; what cannot be compared is unlike everything else."""
    match setting:
        case ClosedJaxpr():
            return _fingerprint(setting.jaxpr), tuple(np.asarray(array).tobytes() for array in setting.consts)
        case Jaxpr():
            return _fingerprint(setting)
        case dict():
            return tuple((name, _told(setting[name])) for name in sorted(setting))
        case tuple() | list():
            return tuple(map(_told, setting))
        case _:
            return setting if _is_hashable(setting) else object()


def _is_hashable(setting: Any) -> bool:
    try:
        hash(setting)
    except TypeError:
        return False
    return True


def _flattened(jaxpr: Jaxpr, constants: Sequence[Array], *arrays: Array) -> list[Array]:
    """Runs operations one after another, those of functions inside them as well."""
    values: dict[Var, Array] = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *arrays), strict=True))
    for operation in jaxpr.eqns:
        if operation.primitive is jit_p:
            inner: ClosedJaxpr = operation.params["jaxpr"]
            results = _flattened(inner.jaxpr, inner.consts, *_read(operation.invars, values))
        else:
            read = [atom for atom in operation.invars if isinstance(atom, Var)]
            alone = _replaced(jaxpr, constvars=[], invars=read, outvars=operation.outvars, eqns=[operation])
            results = jaxpr_as_fun(ClosedJaxpr(alone, ()))(*_read(read, values))
        values.update(zip(operation.outvars, results, strict=True))
    return _read(jaxpr.outvars, values)


def _read(atoms: Sequence[Atom], values: Mapping[Var, Array]) -> list[Array]:
    return [atom.val if isinstance(atom, Literal) else values[atom] for atom in atoms]


def _replaced(jaxpr: Jaxpr, **parts: Any) -> Jaxpr:
    bare: Any = jaxpr  # without types in JAX
    replaced: Jaxpr = bare.replace(**parts)
    return replaced
