"""What the processes of a job write to their standard output and error: a file for each, and on the terminal with its name before
it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from singalang_runtime.storage import writing


class Logs:
    """The files `<process>.log` in a folder, made when there is something to write; `show` is given each process and line."""

    def __init__(self, folder: Path, show: Callable[[str, str], None]) -> None:
        self._folder, self._show = folder, show
        self._files: dict[str, BinaryIO] = {}

    def path(self, process: str) -> Path:
        """The file of a process."""
        return self._folder / f"{process}.log"

    def add(self, process: str, line: str) -> None:
        """A line of a process. Raises StorageFailed."""
        with writing(self._folder, "the logs of processes"):
            if process not in self._files:
                self._folder.mkdir(exist_ok=True)
                self._files[process] = self.path(process).open("ab", buffering=0)
            self._files[process].write(line.encode() + b"\n")
        self._show(process, line)

    def close(self) -> None:
        """Closes the files; may be called again."""
        for file in self._files.values():
            file.close()
        self._files.clear()
