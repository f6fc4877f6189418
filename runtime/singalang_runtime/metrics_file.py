"""`metrics.jsonl`: one object a line, each written whole or taken back. Knows no run folder."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from singalang_runtime.storage import writing

_PLACES = ("train", "phase", "step")


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured in a phase after `step` steps of a train section."""

    train: str
    phase: str
    step: int
    metrics: tuple[tuple[str, float], ...]


class MetricsFile:
    """The open file. Equal runs write equal bytes: no times, and numbers in the shortest form that reads back the same."""

    def __init__(self, path: Path) -> None:
        """Opens the file at its end, or makes it. Raises StorageFailed."""
        self._path = path
        with writing(path, "metrics"):
            self._file: FileIO = path.open("ab", buffering=0)

    def add(self, line: Line) -> None:
        """Writes a line at once. Raises StorageFailed; then the file is as it was before."""
        record = dict(zip(_PLACES, (line.train, line.phase, line.step), strict=True)) | dict(line.metrics)
        content = json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        before = self.position()
        with writing(self._path, "metrics"):
            try:
                written = 0
                while written < len(content):
                    written += self._file.write(content[written:]) or 0
            except OSError:
                with suppress(OSError):
                    self._file.truncate(before)
                raise

    def position(self) -> int:
        """Bytes written so far."""
        return os.fstat(self._file.fileno()).st_size

    def sync(self) -> int:
        """Waits until all lines are on the disk; returns their bytes. Raises StorageFailed."""
        with writing(self._path, "metrics"):
            os.fsync(self._file.fileno())
        return self.position()

    def cut(self, position: int) -> None:
        """Drops what was written after `position`, as a run does that goes on from a checkpoint. Raises StorageFailed."""
        with writing(self._path, "metrics"):
            self._file.truncate(min(position, self.position()))

    def close(self) -> None:
        """Closes the file; may be called again."""
        self._file.close()


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a file; none where it is missing. A line that is cut short, as by a kill, or damaged, is left out."""
    try:
        content = path.read_bytes()
    except OSError:
        return
    for text in content.splitlines():
        with suppress(ValueError, KeyError, TypeError, AttributeError):
            yield _line(json.loads(text))


def _line(record: dict[str, object]) -> Line:
    rest: Iterable[tuple[str, object]] = ((name, value) for name, value in record.items() if name not in _PLACES)
    metrics = tuple((name, float(value)) for name, value in rest if isinstance(value, int | float))
    return Line(str(record["train"]), str(record["phase"]), int(str(record["step"])), metrics)
