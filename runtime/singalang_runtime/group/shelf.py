"""The named arrays of one role, and its kernels run on them. Knows no message and no state machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np

from singalang_runtime.group.bound import Do
from singalang_runtime.group.ledger import Ledger
from singalang_runtime.group.memory import aligned, kept
from singalang_runtime.kernels import Compiled, asynchronous, finish

Array: TypeAlias = np.ndarray[Any, Any]
Key: TypeAlias = tuple[str, int]
"""Name of an array and its slot."""

STEP = ("step", 0)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call with the places of its arguments and results; `gone` are arguments that it overwrites and gives no more. `least` is
    the place of the smallest result."""

    call: Any
    inputs: tuple[Key, ...]
    outputs: tuple[Key, ...]
    gone: tuple[Key, ...]
    extra_bytes: int
    least: int

    @staticmethod
    def of(kernel: Compiled, inputs: tuple[Key, ...], outputs: tuple[Key, ...]) -> Prepared:
        """A kernel's call."""
        donated = {key for key, argument in zip(inputs, kernel.record.inputs, strict=True) if argument.donated}
        gone = tuple(key for key in inputs if key in donated.difference(outputs))
        sizes = [prod(result.shape) for result in kernel.record.outputs]
        extra_bytes = kernel.temporary_bytes + kernel.result_bytes
        return Prepared(kernel.call, inputs, outputs, gone, extra_bytes, sizes.index(min(sizes)))


class Shelf:
    """Arrays by name and slot, on the device or off it. Those of the device are not written to: a new one takes their place. The
    others are, by whoever knows that no kernel reads them (`settle`).

    `slots` says how many of a name there are, where it is not 1. What is put here is counted in the `ledger`, as long as there is
    one; what is `given` is not. `waits`: whether a kernel may still run when its call has returned.
    """

    def __init__(self, role: str, ledger: Ledger | None, slots: Mapping[str, int]) -> None:
        self.ledger = ledger
        self.arrays: dict[Key, Any] = {}
        self._role, self._slots = role, slots
        self.waits = asynchronous()
        self._running: list[Any] = []  # of each kernel that may still run the smallest result
        self._number: Array | None = None  # of the step, where it can be written to: giving it anew takes as long as a small kernel
        if not self.waits:
            number = kept(aligned((), np.dtype(np.int32)))
            self._number, self.arrays[STEP] = number.array, number.given()

    def key(self, name: str, micro: int = 0) -> Key:
        """Where the array of a micro-batch lies."""
        return name, micro % self._slots.get(name, 1)

    def __contains__(self, key: Key) -> bool:
        """Whether there is such an array."""
        return key in self.arrays

    def read(self, key: Key) -> Array:
        """An array, off the device. Waits for it; a view, not to be written to."""
        return np.asarray(self.arrays[key])

    def put(self, key: Key, array: Any) -> None:
        """Puts an array in its place."""
        self.arrays[key] = array
        if self.ledger is not None:
            self.ledger.hold((self._role, *key), array.nbytes)

    def give(self, key: Key, value: Any) -> None:
        """Puts there what the plan does not count, such as numbers."""
        self.arrays[key] = value

    def drop(self, keys: Iterable[Key]) -> None:
        """Forgets arrays, as far as they are there."""
        for key in keys:
            self.arrays.pop(key, None)
            if self.ledger is not None:
                self.ledger.drop((self._role, *key))

    def settle(self) -> None:
        """Waits until no kernel runs, so that what they read may be written to."""
        if self._running:
            finish(self._running)
            self._running.clear()

    def running(self, prepared: Prepared) -> Do:
        """What runs a kernel in a step; it returns before the kernel has finished, where the device works by itself."""
        arrays, call, inputs, outputs, gone = self.arrays, prepared.call, prepared.inputs, prepared.outputs, prepared.gone
        least, waits, numbered = prepared.least, self.waits, STEP in inputs
        number = self._number if numbered else None

        def run(step: int) -> None:
            if number is not None:
                number[()] = step
            elif numbered:
                arrays[STEP] = np.int32(step)
            results = call(*[arrays[key] for key in inputs])
            for key in gone:
                del arrays[key]
            for key, result in zip(outputs, results, strict=True):
                arrays[key] = result
            if waits:
                self._running.append(results[least])
            else:  # arguments from elsewhere are still being copied when the call returns, and then the kernel runs after that
                results[least].block_until_ready()
            if self.ledger is not None:
                self._count(self.ledger, prepared)

        return run

    def freeing(self, keys: tuple[Key, ...]) -> Callable[[], None]:
        """What forgets these arrays, as far as they are there."""
        pop = self.arrays.pop

        def free() -> None:
            for key in keys:
                pop(key, None)
            if self.ledger is not None:
                for key in keys:
                    self.ledger.drop((self._role, *key))

        return free

    def _count(self, ledger: Ledger, prepared: Prepared) -> None:
        """Notes what a kernel held: its results stand in the places of the arguments that it overwrote."""
        ledger.need(prepared.extra_bytes)
        for key in prepared.gone:
            ledger.drop((self._role, *key))
        for key in prepared.outputs:
            ledger.hold((self._role, *key), self.arrays[key].nbytes)
