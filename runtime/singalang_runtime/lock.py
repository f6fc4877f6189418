"""A lock that one process holds on a folder; the system lets go of it when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    def _try(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class Lock:
    """A lock on a file, held until `release`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @staticmethod
    def take(path: Path) -> Lock | None:
        """The lock, or None where another process holds it. May raise OSError where the file cannot be made."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        if _try(descriptor):
            return Lock(descriptor)
        os.close(descriptor)
        return None

    def release(self) -> None:
        """Lets go; may be called again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(path: Path) -> bool:
    """Whether some process holds the lock; False where there is no such file or it may not be opened."""
    if not path.exists():
        return False
    try:
        lock = Lock.take(path)
    except OSError:
        return False
    if lock is None:
        return True
    lock.release()
    return False
