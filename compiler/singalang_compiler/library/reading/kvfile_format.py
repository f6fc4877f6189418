"""SINGA's kvfile: keys and values, each after its length in eight little-endian bytes, with nothing before, between or behind.

Values are read when they are wanted; only the places of the records are kept. Knows nothing of what is in a value.
"""

from __future__ import annotations

import weakref
from array import array
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from singalang_compiler.library.contract import SourceError
from singalang_compiler.library.reading.files import find_file, unreadable

_LONGEST_KEY = 1 << 16
_LENGTH = 8


class KvFile:
    """An open kvfile. Safe to read from several threads; the file is closed when nobody holds this any more."""

    def __init__(self, path: str, stream: BinaryIO, starts: Sequence[int], lengths: Sequence[int]) -> None:
        self.path = path
        self._stream = stream
        self._starts = starts
        self._lengths = lengths
        self._lock = Lock()
        weakref.finalize(self, stream.close)

    @classmethod
    def of(cls, folder: Path, path: str) -> KvFile:
        """The kvfile that the user calls `path`, or `shard.dat` in it. Raises SourceError (`missing`, `corrupt`, `empty`)."""
        found = find_file(folder, path, inside="shard.dat")
        try:
            stream = found.open("rb")
        except OSError as fault:
            raise unreadable(path, fault) from None
        try:
            starts, lengths = _index(stream, found.stat().st_size, path)
        except BaseException:
            stream.close()
            raise
        if not starts:
            stream.close()
            raise SourceError("empty", "the file holds no record", where=path)
        return cls(path, stream, starts, lengths)

    def __len__(self) -> int:
        """Number of records."""
        return len(self._starts)

    def place(self, number: int) -> str:
        """Where the record of this number, counted from 0, stands."""
        return f"{self.path}, record {number + 1}"

    def values(self, numbers: Sequence[int]) -> list[bytes]:
        """The values of these records; neighbours are read at one go. Raises SourceError (`corrupt`)."""
        first, last = numbers[0], numbers[-1]
        if last - first + 1 == len(numbers) and all(second - one == 1 for one, second in pairwise(numbers)):
            begin = self._starts[first]
            run = self._read(begin, self._starts[last] + self._lengths[last] - begin, first)
            places = ((self._starts[number] - begin, self._lengths[number]) for number in numbers)
            return [run[start : start + length] for start, length in places]
        return [self._read(self._starts[number], self._lengths[number], number) for number in numbers]

    def _read(self, start: int, length: int, number: int) -> bytes:
        try:
            with self._lock:
                self._stream.seek(start)
                content = self._stream.read(length)
        except OSError as fault:
            raise unreadable(self.path, fault) from None
        if len(content) < length:
            raise SourceError("corrupt", "the file became shorter while it was in use", where=self.place(number))
        return content


def _index(stream: BinaryIO, size: int, path: str) -> tuple[Sequence[int], Sequence[int]]:
    """Start and length of every value."""
    starts, lengths = array("q"), array("q")
    at = 0
    while at < size:
        key = int.from_bytes(stream.read(_LENGTH), "little")
        if key > min(size - at - 2 * _LENGTH, _LONGEST_KEY):
            raise _cut(path, len(starts), at, size)
        length = int.from_bytes(stream.read(key + _LENGTH)[key:], "little")
        start = at + 2 * _LENGTH + key
        if length > size - start:
            raise _cut(path, len(starts), at, size)
        starts.append(start)
        lengths.append(length)
        at = start + length
        stream.seek(at)
    return starts, lengths


def _cut(path: str, number: int, at: int, size: int) -> SourceError:
    where = f"{path}, record {number + 1}"
    if not number:
        return SourceError("corrupt", "the file is truncated, or not a kvfile", where=where)
    text = f"the file is truncated or damaged: its last {size - at} bytes are not a whole record"
    whole = "record before it is" if number == 1 else f"{number} records before it are"
    return SourceError("corrupt", text, where=where, hint=f"copy the file again; the {whole} whole and take {at} bytes")
