"""SINGA's RecordProto in protobuf's wire format: shape (1), label (2), pixel bytes (3), packed floats (4). Knows no file.

Reference: SINGA v0.3, `RecordProto` in `src/proto/common.proto`; protobuf's encoding is as its public description says.
"""

from __future__ import annotations

from dataclasses import dataclass


class BrokenProto(Exception):
    """Bytes that are no RecordProto; the text says why."""


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """Where the parts of one encoded record lie, as (start, end) in its bytes; None where a part is absent.

    `data` lists the runs of little-endian 32-bit floats; a record that has any ignores its pixels.
    """

    label: tuple[int, int] | None
    pixel: tuple[int, int] | None
    data: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, value: bytes) -> RecordLayout:
        """The layout of an encoded record. Raises BrokenProto. Of a field written twice the last one counts."""
        label = pixel = None
        data: list[tuple[int, int]] = []
        at = 0
        while at < len(value):
            tag, at = _varint(value, at)
            start, end = _extent(value, at, tag & 7)
            match tag >> 3, tag & 7:
                case 0, _:
                    raise BrokenProto("it holds a field of number 0")
                case 2, 0:
                    label = (start, end)
                case 3, 2:
                    pixel = (start, end)
                case 4, 2 | 5:
                    if (end - start) % 4:
                        raise BrokenProto("its floats are not a multiple of four bytes")
                    data.append((start, end))
                case ((2 | 3 | 4), _):
                    raise BrokenProto("a field of it has the type of another")
            at = end
        return cls(label, pixel, tuple(data))


def label_of(value: bytes, extent: tuple[int, int]) -> int:
    """The label in the bytes of a varint, signed as protobuf's int32 is."""
    number = _varint(value, extent[0])[0] & 0xFFFFFFFF
    return number - (1 << 32) if number >> 31 else number


def _extent(value: bytes, at: int, wire: int) -> tuple[int, int]:
    """Start and end of the content of a field, which must lie within the record."""
    start = at
    match wire:
        case 0:
            end = _varint(value, at)[1]
        case 1:
            end = at + 8
        case 2:
            length, start = _varint(value, at)
            end = start + length
        case 5:
            end = at + 4
        case _:
            raise BrokenProto(f"it holds a field of the unknown type {wire}")
    if end > len(value):
        raise BrokenProto("a field of it goes on beyond its end")
    return start, end


def _varint(value: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(value) and shift < 70:
        byte = value[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
        shift += 7
    raise BrokenProto("a number of it does not end")
