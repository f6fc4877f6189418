"""In which order other processes see what this one reads and writes in shared memory. Knows no block.

x86 keeps every order but one: a write may be seen after a read of something else that follows it. Other processors keep none.
"""

from __future__ import annotations

from platform import machine
from threading import Lock
from typing import Final

KEEPS_ORDER: Final = machine() in ("x86_64", "AMD64")
"""Whether payloads and counters, written one after another, are seen so without a fence."""

_lock = Lock()
_acquire, _release = _lock.acquire, _lock.release


def fence() -> None:
    """All reads and writes before it are done before all those after it. Not for handlers of signals.

    Taking and giving back a lock are atomic operations: each is a full fence on x86, and on others what is written before a lock is
    given back stays before what is read after one is taken.
    """
    _acquire()
    _release()
    if not KEEPS_ORDER:
        _acquire()
        _release()
