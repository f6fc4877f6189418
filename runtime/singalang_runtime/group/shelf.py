"""The named arrays of one role, and its kernels run on them. Knows no message and no state machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from singalang_runtime.group.ledger import Ledger
from singalang_runtime.kernels import Compiled

Array: TypeAlias = np.ndarray[Any, Any]
Key: TypeAlias = tuple[str, int]
"""Name of an array and its slot."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call with the places of its arguments and results; `gone` are arguments that it overwrites and gives no more."""

    call: Any
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
    gone: tuple[Key, ...]
    extra_bytes: int

    @staticmethod
    def of(kernel: Compiled, inputs: tuple[Key, ...], outputs: tuple[Key, ...]) -> Prepared:
        """A kernel's call."""
        donated = {key for key, argument in zip(inputs, kernel.record.inputs, strict=True) if argument.donated}
        gone = tuple(key for key in inputs if key in donated.difference(outputs))
        return Prepared(kernel.call, inputs, outputs, gone, kernel.temporary_bytes + kernel.result_bytes)


class Shelf:
    """Arrays by name and slot, on the device or off it. Nobody writes to one in place: a new one takes its place.

    `slots` says how many of a name there are, where it is not 1. What is put here is counted in the ledger, what is `given` is not.
    """

    def __init__(self, role: str, ledger: Ledger, slots: Mapping[str, int]) -> None:
        self._role, self._ledger, self._slots = role, ledger, slots
        self._arrays: dict[Key, Any] = {}

    def key(self, name: str, micro: int = 0) -> Key:
        """Where the array of a micro-batch lies."""
        return name, micro % self._slots.get(name, 1)

    def __contains__(self, key: Key) -> bool:
        """Whether there is such an array."""
        return key in self._arrays

    def read(self, key: Key) -> Array:
        """An array, off the device. Waits for it; a view, not to be written to."""
        return np.asarray(self._arrays[key])

    def put(self, key: Key, array: Any) -> None:
        """Puts an array in its place."""
        self._arrays[key] = array
        self._ledger.hold((self._role, *key), array.nbytes)

    def give(self, key: Key, value: Any) -> None:
        """Puts there what the plan does not count, such as numbers."""
        self._arrays[key] = value

    def drop(self, keys: Iterable[Key]) -> None:
        """Forgets arrays, as far as they are there."""
        for key in keys:
            self._arrays.pop(key, None)
            self._ledger.drop((self._role, *key))

    def run(self, prepared: Prepared) -> None:
        """Runs a kernel; returns before it has finished."""
        arrays = self._arrays
        results = prepared.call(*[arrays[key] for key in prepared.inputs])
        self._ledger.need(prepared.extra_bytes)
        self.drop(prepared.gone)
        for key, result in zip(prepared.outputs, results, strict=True):
            self.put(key, result)
