"""Functions of arrays to kernels: exported, hashed, each written once. Knows no net."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import jax
from jax import export

from singalang_compiler.library.context import Array
from singalang_compiler.plan import Argument, KernelRecord

Groups: TypeAlias = Mapping[str, tuple[Array, ...]]
"""The arrays of a call, by the group that their arguments stand in."""


@dataclass(frozen=True)
class Signature:
    """The arguments of a kernel in groups, in calling order."""

    groups: Mapping[str, tuple[Argument, ...]]

    @property
    def inputs(self) -> tuple[Argument, ...]:
        """All arguments."""
        return tuple(argument for group in self.groups.values() for argument in group)

    def split(self, arrays: Sequence[Array]) -> Groups:
        """The arrays of a call by group."""
        found: dict[str, tuple[Array, ...]] = {}
        place = 0
        for name, group in self.groups.items():
            found[name] = tuple(arrays[place : place + len(group)])
            place += len(group)
        return found


@dataclass
class Kernels:
    """The kernels of a plan as they are made: records and contents by key, which is the SHA-256 of the content.

    `alike`: keys by what tells functions apart, for functions of which that is known.
    """

    platforms: tuple[str, ...]
    records: dict[str, KernelRecord] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    alike: dict[Hashable, str] = field(default_factory=dict)

    def add(
        self,
        role: str,
        signature: Signature,
        function: Callable[[Groups], Sequence[Array]],
        outputs: Sequence[str],
        flops: int,
        double: bool,
    ) -> str:
        """Exports a function of the signature's groups that gives one array for each name of `outputs`; the kernel's key.

        `double` says whether the kernel has numbers of 64 bits.
        """

        def kernel(*arrays: Array) -> tuple[Array, ...]:
            return tuple(function(signature.split(arrays)))

        inputs = signature.inputs
        with settings(double):
            donated = tuple(place for place, argument in enumerate(inputs) if argument.donated)
            wanted = [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in inputs]  # type: ignore[no-untyped-call]
            exported = export.export(jax.jit(kernel, donate_argnums=donated), platforms=self.platforms)(*wanted)
            content = bytes(exported.serialize())
        results = zip(outputs, exported.out_avals, strict=True)
        key = hashlib.sha256(content).hexdigest()
        self.contents[key] = content
        self.records.setdefault(
            key,
            KernelRecord(
                role=role,
                inputs=inputs,
                outputs=tuple(Argument(name=name, dtype=str(aval.dtype), shape=tuple(aval.shape)) for name, aval in results),
                flops=flops,
                bytes=len(content),
            ),
        )
        return key


@contextmanager
def settings(double: bool) -> Iterator[None]:
    """JAX's settings while kernels are traced: numbers of 64 bits or not, and nothing in the kernels that depends on where the
    source lies. They are put back afterwards."""
    before = jax.config.jax_traceback_in_locations_limit  # type: ignore[attr-defined]
    jax.config.update("jax_traceback_in_locations_limit", 0)  # type: ignore[no-untyped-call]
    try:
        with jax.enable_x64(double), jax.threefry_partitionable(True):
            yield
    finally:
        jax.config.update("jax_traceback_in_locations_limit", before)  # type: ignore[no-untyped-call]
