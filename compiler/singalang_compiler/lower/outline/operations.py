"""The operations of a kernel in outline: what each makes, of what, and how it reads that. Knows no rule of XLA's."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import prod
from typing import Any, Literal, TypeAlias

Shape: TypeAlias = tuple[int, ...]
Kind: TypeAlias = Literal["given", "constant", "loop", "opaque", "view"]
"""An argument; the same number everywhere; a loop over the elements of its result, which may be joined with others; a routine of
its own; the same elements in another shape."""


class Use(Enum):
    """How a loop reads an operand: the element at the same place, elements at other places each once, or some of them often."""

    ELEMENT = 0
    PLACE = 1
    OFTEN = 2


@dataclass(eq=False, slots=True)
class Operation:
    """One operation. `value`: of a constant, a number or a name for it. `expensive`: not worth doing twice. `detail`: what rules
    for other operations want to know of it. `parts`: how many arrays it makes, of equal size; `scratch`: the bytes of those that it
    needs meanwhile."""

    number: int
    name: str
    shape: Shape
    item_bytes: int
    operands: list[Operation]
    uses: list[Use]
    kind: Kind = "loop"
    expensive: bool = False
    value: Hashable = None
    detail: Any = None
    dtype: str = ""
    scratch: tuple[int, ...] = ()
    parts: int = 1

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """Bytes of what it makes."""
        return self.size * self.item_bytes

    @property
    def base(self) -> Operation:
        """What it is a view of, or itself."""
        found = self
        while found.kind == "view":
            found = found.operands[0]
        return found

    def __repr__(self) -> str:
        return f"{self.number}:{self.name}{list(self.shape)}"


@dataclass
class Operations:
    """All operations in the order in which they were added; equal ones are one."""

    all: list[Operation] = field(default_factory=list)
    _known: dict[Hashable, Operation] = field(default_factory=dict)

    def add(
        self,
        name: str,
        shape: Sequence[int],
        item_bytes: int,
        operands: Sequence[Operation] = (),
        uses: Sequence[Use] | None = None,
        *,
        same: Hashable = "",
        **more: Any,
    ) -> Operation:
        """An operation. `same` says what two of a name must have in common besides shape and operands to be one; None: none are."""
        read = list(uses) if uses is not None else [Use.ELEMENT] * len(operands)
        key = (name, tuple(shape), item_bytes, tuple(one.number for one in operands), same)
        if same is not None and key in self._known:
            return self._known[key]
        made = Operation(len(self.all), name, tuple(shape), item_bytes, list(operands), read, **more)
        self.all.append(made)
        self._known[key] = made
        return made

    def constant(self, value: Hashable, shape: Sequence[int], item_bytes: int) -> Operation:
        """An array of one number."""
        return self.add("constant", shape, item_bytes, same=("constant", value), kind="constant", value=value)

    def reshaped(self, array: Operation, shape: Sequence[int]) -> Operation:
        """The same elements in another shape."""
        if array.shape == tuple(shape):
            return array
        if array.kind == "constant":
            return self.constant(array.value, shape, array.item_bytes)
        source = array.operands[0] if array.kind == "view" and array.detail is None else array
        if source.shape == tuple(shape):
            return source
        return self.add("view", shape, array.item_bytes, (source,), same="view", kind="view", dtype=array.dtype)

    def transposed(self, array: Operation, axes: Sequence[int]) -> Operation:
        """The axes in another order, written out."""
        shape = [array.shape[axis] for axis in axes]
        return self.add(
            "transpose", shape, array.item_bytes, (array,), [Use.PLACE], same=tuple(axes), detail=tuple(axes), dtype=array.dtype
        )


def moves_nothing(shape: Shape, axes: Sequence[int]) -> bool:
    """Whether a transposition only moves axes of length 1."""
    real = [axis for axis in axes if shape[axis] != 1]
    return real == sorted(real)
