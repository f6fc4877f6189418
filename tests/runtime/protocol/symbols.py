"""What stands for arrays here: numbers that name the whole story of how something came about, order of every sum included."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Symbols:
    """Equal stories have equal numbers, others have not."""

    numbers: dict[tuple[object, ...], int] = field(default_factory=dict)

    def of(self, *story: object) -> int:
        """The number of a story; parts of it may be numbers of stories."""
        return self.numbers.setdefault(story, len(self.numbers))
