"""How much a process holds by name, and the most it ever held. Counts bytes; holds no array."""

from __future__ import annotations

from collections import Counter
from typing import TypeAlias

Key: TypeAlias = tuple[str, str, int]
"""Role, name of the array and slot."""


class Ledger:
    """What the roles of one process hold. `peaks`: by phase the most that was held at once, with what a kernel needed meanwhile;
    `phase` is what is being done, and whoever begins it says so."""

    def __init__(self) -> None:
        self.phase = "train"
        self.held_bytes = 0
        self.peaks: Counter[str] = Counter()
        self._held: dict[Key, int] = {}

    def hold(self, key: Key, size_bytes: int) -> None:
        """An array is there, in the place of one that may have been."""
        self.held_bytes += size_bytes - self._held.get(key, 0)
        self._held[key] = size_bytes
        self.need(0)

    def drop(self, key: Key) -> None:
        """An array is gone."""
        self.held_bytes -= self._held.pop(key, 0)

    def need(self, extra_bytes: int) -> None:
        """Something needs so much more for a while."""
        self.peaks[self.phase] = max(self.peaks[self.phase], self.held_bytes + extra_bytes)
