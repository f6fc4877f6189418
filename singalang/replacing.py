"""Files that a command writes as a whole: the old one stays until the new one is complete."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from singalang_grammar.diagnostics import Diagnostic


class CannotWrite(Exception):
    """A file cannot be written; the old one stands as it was."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def diagnostic(self) -> Diagnostic:
        """The fault as a user is told."""
        from singalang_runtime.codes.e0814_not_written import NotWritten

        return NotWritten(str(self.path), self.reason).diagnostic()


class Discard(Exception):
    """Raised inside the block: the new file is thrown away and the old one stays; nothing else happens."""


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A stream to a new file that takes the place of `path` when the block ends. Raises CannotWrite.

    What is no plain file, such as a pipe or /dev/null, is written to as it is.
    """
    target = path.resolve()  # a link stays one
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8", newline="") as stream:
                yield stream
            return
        with unfinished.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        if target.exists():
            unfinished.chmod(target.stat().st_mode)
        unfinished.replace(target)
    except OSError as fault:
        raise CannotWrite(path, fault.strerror or str(fault)) from fault
    except Discard:
        pass
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
