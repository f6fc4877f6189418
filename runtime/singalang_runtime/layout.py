"""Where each tensor of a train section lies in its flat buffers, and the ways in and out. NumPy arrays alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from singalang_compiler.plan import Plan, SectionRecord
from singalang_compiler.plan_group import BufferRecord

Array: TypeAlias = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """A tensor `key` (`parameters/<name>`, `slots/<slot>/<name>`, `state/<name>`): elements of buffer number `buffer`."""

    key: str
    buffer: int
    offset: int
    size: int
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The tensors of a section in its buffers: those of parameters, slots and state, in the order in which kernels take them."""

    buffers: tuple[BufferRecord, ...]
    places: tuple[Place, ...]
    dtype: np.dtype[Any]

    @staticmethod
    def of(plan: Plan, section: SectionRecord) -> Layout:
        """The layout of a section of a plan."""
        return Layout._of(plan, section, (*section.parameters, *section.slots, *section.state))

    @staticmethod
    def of_parameters(plan: Plan, section: SectionRecord) -> Layout:
        """That of the section's parameters alone, and so of their gradients."""
        return Layout._of(plan, section, section.parameters)

    @staticmethod
    def _of(plan: Plan, section: SectionRecord, buffers: tuple[BufferRecord, ...]) -> Layout:
        shapes = {parameter.name: parameter.shape for parameter in plan.parameters}
        states = {state.name: state.shape for state in section.states}
        places = tuple(
            Place(key, number, segment.offset, segment.size, shape)
            for number, buffer in enumerate(buffers)
            for segment in buffer.segments
            for key, shape in [_named(buffer.name, segment.name, states if buffer in section.state else shapes)]
        )
        return Layout(buffers, places, np.dtype("float64" if section.precision == "f64" else "float32"))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each tensor, by key."""
        return {place.key: place.shape for place in self.places}

    def split(self, arrays: Sequence[Array]) -> dict[str, Array]:
        """The tensors in these buffers, by key: views, not copies."""
        return {
            place.key: arrays[place.buffer][place.offset : place.offset + place.size].reshape(place.shape) for place in self.places
        }

    def join(self, tensors: Mapping[str, Array]) -> list[Array]:
        """Buffers that hold these tensors, by key; 0 where there is none."""
        arrays = [np.zeros(buffer.size, self.dtype) for buffer in self.buffers]
        for place in self.places:
            if place.key in tensors:
                arrays[place.buffer][place.offset : place.offset + place.size] = tensors[place.key].reshape(-1)
        return arrays


def _named(buffer: str, segment: str, shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, tuple[int, ...]]:
    """Key and shape of a tensor: the buffer's name says the group, all but its last part."""
    return f"{buffer.rpartition('/')[0]}/{segment}", shapes[segment]
