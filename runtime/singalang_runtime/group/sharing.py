"""What of a server's slice a worker holds, and where: worked out once. Knows no array and no message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from singalang_compiler.plan_group import RoleRecord, SliceSegment


@dataclass(frozen=True, slots=True)
class Stretch:
    """Elements `first` to `end` of a worker's parameter buffer: those of the slice from `offset` on."""

    buffer: str
    first: int
    end: int
    offset: int

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.end - self.first


def shared(role: RoleRecord, position: int, segments: Sequence[SliceSegment]) -> tuple[Stretch, ...]:
    """What the worker of a role at `position` in its stage has in common with a server of this slice, in the slice's order."""
    joined: list[Stretch] = []
    for stretch in _stretches(role, position, segments):
        last = joined[-1] if joined else None
        if last and (last.buffer, last.end, last.offset + last.size) == (stretch.buffer, stretch.first, stretch.offset):
            joined[-1] = Stretch(last.buffer, last.first, stretch.end, last.offset)
        else:
            joined.append(stretch)
    return tuple(joined)


def gradient_of(buffer: str) -> str:
    """The name of the array that holds the gradient of a parameter buffer."""
    return buffer.replace("parameters/", "gradients/", 1)


def _stretches(role: RoleRecord, position: int, segments: Sequence[SliceSegment]) -> Iterator[Stretch]:
    places = {
        segment.name: (buffer.name, segment.offset)
        for buffer in role.parameters
        if buffer.name in role.trained
        for segment in buffer.segments
    }
    offset = 0
    for segment in segments:
        if segment.parameter in places and segment.position in (None, position):
            buffer, start = places[segment.parameter]
            first = start + segment.offset
            yield Stretch(buffer, first, first + segment.size, offset)
        offset += segment.size
