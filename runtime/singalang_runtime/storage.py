"""Files that are written whole or not at all, and what it means when they cannot be. Knows no run and no checkpoint."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from singalang_grammar.diagnostics import Diagnostic
from singalang_runtime.codes.e0804_not_writable import NotWritable
from singalang_runtime.codes.e0805_disk_full import DiskFull

_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}


class StorageFailed(Exception):
    """A file could not be written; `diagnostic` says why. Raised to whoever runs the job."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.title)
        self.diagnostic = diagnostic


@contextmanager
def writing(path: Path, what: str) -> Iterator[None]:
    """Turns the system's refusal to write `what` into StorageFailed."""
    try:
        yield
    except OSError as failure:
        full = failure.errno in _FULL
        facts = DiskFull(str(path), what) if full else NotWritable(str(path), failure.strerror or str(failure))
        raise StorageFailed(facts.diagnostic()) from None


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it holds the old content or the new, whatever happens meanwhile. May raise OSError."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Waits until a file's content is on the disk. May raise OSError."""
    with path.open("r+b") as file:  # Windows flushes only what may be written
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Waits until a folder's names are on the disk, where the system can. May raise OSError."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_folder(new: Path, old: Path) -> None:
    """Puts folder `new` in the place of `old`, which may exist. May raise OSError."""
    if old.exists():
        retired = old.with_name(f".{old.name}.old")
        shutil.rmtree(retired, ignore_errors=True)
        old.rename(retired)
        new.rename(old)
        shutil.rmtree(retired, ignore_errors=True)
    else:
        new.rename(old)
    sync_folder(old.parent)
